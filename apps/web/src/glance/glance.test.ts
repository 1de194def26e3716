import { NO_MARKS, type ChatView, type MessagePage, type MessageView } from "@xchat/client/api";
import { expect, test } from "vitest";
import { glanceAnswer, glanceView, MAX_GLANCE, openGlance, sealGlance, type Glance } from "./glance.ts";

const NOW = 1_000_000;
const BUILD = "0123456789abcdef";

const glance = (more: Partial<Glance> = {}): Glance => ({
  build: BUILD,
  until: null,
  profile: { state: "none" },
  chats: [],
  requests: [],
  pages: {},
  ...more,
});
const message = (id: string): MessageView => ({
  id,
  isOwn: false,
  author: null,
  order: id,
  content: { kind: "text", text: `text of ${id}`, mentions: [] },
  sentAt: NOW,
  receivedAt: NOW,
  delivery: null,
  via: "nodes",
  ...NO_MARKS,
});
const pageOf = (count: number, hasOlder: boolean): MessagePage => ({
  messages: Array.from({ length: count }, (_, index) => message(`m${index}`)),
  hasOlder,
  hasNewer: false,
});
const sealed = async (value: Glance): Promise<Uint8Array<ArrayBuffer>> => {
  const file = await sealGlance(value);
  if (file === null) throw new Error("too big");
  return file;
};

test("[GL3] opens as it was sealed, and nothing of it lies there as it is", async () => {
  const value = glance({ pages: { a: { page: pageOf(3, true), pinned: [message("p")], group: null } } });
  const file = await sealed(value);
  expect(await openGlance(file, BUILD, NOW)).toEqual(value);
  expect(Buffer.from(file).includes("text of")).toBe(false);
  expect(await sealed(value)).not.toEqual(file);
});

test("[GL3] is none where it is cut, changed, of another build, or too big", async () => {
  const file = await sealed(glance());
  for (let length = 0; length < file.length; length++)
    expect(await openGlance(file.slice(0, length), BUILD, NOW)).toBeNull();
  for (let at = 0; at < file.length; at++) {
    const changed = file.slice();
    changed[at]! ^= 1;
    expect(await openGlance(changed, BUILD, NOW)).toBeNull();
  }
  expect(await openGlance(file, "fedcba9876543210", NOW)).toBeNull();
  expect(await openGlance(new Uint8Array(MAX_GLANCE + 1), BUILD, NOW)).toBeNull();
  const huge = { page: pageOf(10_000, true), pinned: [], group: null };
  expect(await sealGlance(glance({ pages: { a: huge } }))).toBeNull();
});

test("[GL2] is void once something in it has disappeared", async () => {
  const file = await sealed(glance({ until: NOW + 1 }));
  expect(await openGlance(file, BUILD, NOW)).not.toBeNull();
  expect(await openGlance(file, BUILD, NOW + 1)).toBeNull();
});

test("answers for the newest messages of what is in it, and for nothing that only the client knows", () => {
  const value = glance({
    chats: [{ id: "a" } as ChatView],
    pages: {
      a: { page: pageOf(24, true), pinned: [message("p")], group: null },
      b: { page: pageOf(2, false), pinned: [], group: null },
    },
  });
  const ask = (chat: string, limit: number, before: string | null = null): MessagePage | undefined =>
    glanceAnswer(value, "messages", { chat, before, limit });
  expect(ask("a", 24)?.messages).toHaveLength(24);
  expect(ask("b", 24)?.messages).toHaveLength(2);
  expect(ask("a", 25)).toBeUndefined();
  expect(ask("a", 24, "m3")).toBeUndefined();
  expect(ask("c", 24)).toBeUndefined();
  expect(glanceAnswer(value, "pinnedMessages", { chat: "a" })?.messages).toHaveLength(1);
  expect(glanceAnswer(value, "setDraft", { chat: "a", text: "x" })).toBeUndefined();
  expect(glanceView(value, { view: "chats" })).toBe(value.chats);
  expect(glanceView(value, { view: "network" })).toBeUndefined();
  expect(glanceView(value, { view: "group", chat: "a" })).toBeUndefined();
});
