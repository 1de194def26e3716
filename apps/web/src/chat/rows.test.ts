import type { Delivery, MessageView, PersonView } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { rowFacts } from "./rows.ts";

const NOON = new Date(2026, 5, 1, 12).getTime();
const MINUTE = 60_000;

const own = (delivery: Delivery, sentAt = NOON): MessageView => ({
  id: `own ${sentAt}`,
  isOwn: true,
  author: null,
  order: "",
  content: { kind: "text", text: "Hello" },
  sentAt,
  receivedAt: null,
  delivery,
  via: null,
});
const theirs = (via: "direct" | "nodes", sentAt = NOON): MessageView => ({
  ...own({ state: "delivered", via }, sentAt),
  id: `theirs ${sentAt}`,
  isOwn: false,
  delivery: null,
  via,
});
const showsState = (message: MessageView, next: MessageView | undefined): boolean =>
  rowFacts(undefined, message, next).showsState;

describe("time and state stand under a message", () => {
  test("that is the last of its group, or whose state is not that of the next one", () => {
    const direct: Delivery = { state: "delivered", via: "direct" };
    expect(showsState(own(direct), own(direct))).toBe(false);
    expect(showsState(own(direct), undefined)).toBe(true);
    expect(showsState(own(direct), theirs("direct"))).toBe(true);
    expect(showsState(own(direct), own(direct, NOON + 6 * MINUTE))).toBe(true);
    expect(showsState(own({ state: "read", via: "direct" }), own(direct))).toBe(true);
    expect(showsState(own(direct), own({ state: "queued", why: "no-node" }))).toBe(true);
  });

  test("that went another way than the next one, so that none is taken for what it is not", () => {
    expect(showsState(own({ state: "delivered", via: "direct" }), own({ state: "delivered", via: "nodes" }))).toBe(
      true,
    );
    expect(showsState(own({ state: "read", via: "nodes" }), own({ state: "read", via: "direct" }))).toBe(true);
    expect(showsState(theirs("direct"), theirs("nodes"))).toBe(true);
    expect(showsState(theirs("nodes"), theirs("nodes"))).toBe(false);
  });

  test("that is stored at fewer nodes than the next one", () => {
    const stored = (count: number): MessageView => own({ state: "stored", count, of: 3 });
    expect(showsState(stored(1), stored(3))).toBe(true);
    expect(showsState(stored(2), stored(2))).toBe(false);
  });
});

const person = (name: string): PersonView => ({ accountId: `xc1${name}`, name, isSelf: false, isContact: true });
const by = (name: string, sentAt = NOON): MessageView => ({ ...theirs("nodes", sentAt), author: person(name) });

describe("in a group", () => {
  test("messages of one author belong together, and those of two do not", () => {
    expect(rowFacts(by("mira"), by("mira"), by("mira"))).toMatchObject({ startsGroup: false, endsGroup: false });
    expect(rowFacts(by("mira"), by("noor"), by("mira"))).toMatchObject({ startsGroup: true, endsGroup: true });
  });

  test("what somebody changed stands between what they wrote", () => {
    const record: MessageView = { ...by("mira"), content: { kind: "record", record: { by: null, actions: [] } } };
    expect(rowFacts(by("mira"), record, by("mira"))).toMatchObject({ startsGroup: true, endsGroup: true });
    expect(rowFacts(record, by("mira"), undefined).startsGroup).toBe(true);
  });
});
