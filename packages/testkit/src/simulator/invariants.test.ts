/** Each invariant of the simulator can fail: what breaks it is done on purpose, and it is seen. */
import { NO_MARKS, type MessageView } from "@xchat/client/api";
import type { CryptoProvider } from "@xchat/crypto";
import { CheapKeys, cheapCryptoProvider } from "@xchat/crypto/simulation";
import { describe, expect, test } from "vitest";
import { KeyWatch } from "./key-watch.ts";
import { Ledger, MARK, Shown } from "./ledger.ts";
import type { NodeBehaviour } from "./node-behaviour.ts";
import { Random } from "./random.ts";
import { pictureProblems, type Picture } from "./settle-devices.ts";
import { simulate } from "./simulate.ts";
import type { Sabotage } from "./world.ts";

/** A small world in which people write: the first of these seeds whose world is one that the sabotage reaches. */
async function failureOf(sabotage: Sabotage): Promise<string> {
  for (let seed = 1; seed <= 6; seed++) {
    const { failure } = await simulate({ seed, suite: "cheap", sabotage });
    if (failure !== null) return failure;
  }
  return "nothing was seen";
}

describe("a world that is broken on purpose", () => {
  test("[IN4] [IN8] every node says that it keeps what it throws away", async () => {
    let count = 0;
    const forgetful: NodeBehaviour = {
      name: "throws away",
      access: (honest) => ({
        ...honest,
        // Not the first ones, by which people meet.
        deposit: async (input) =>
          count++ < 60 ? honest.deposit(input) : { ok: true, value: { bytes: new Uint8Array(0) } },
      }),
    };
    expect(await failureOf({ behaviour: forgetful })).toMatch(/^\[IN[458]\]/u);
  });

  test("[IN6] envelopes that are not encrypted", async () => {
    const open = (provider: CryptoProvider): CryptoProvider => ({
      ...provider,
      aesGcmSeal: (_key, _nonce, _aad, plaintext) => new Uint8Array([...plaintext, ...new Uint8Array(16)]),
      aesGcmOpen: (_key, _nonce, _aad, ciphertext) => ciphertext.slice(0, -16),
    });
    expect(await failureOf({ provider: open })).toMatch(/^\[IN6\]/u);
  });

  test("an error that the app has no words for", async () => {
    const broken = (provider: CryptoProvider): CryptoProvider => ({
      ...provider,
      xwingEncapsulate: () => {
        throw new Error("broken on purpose");
      },
    });
    expect(await failureOf({ provider: broken })).toMatch(/internal/u);
  });
});

test("[IN7] a generation that leaves with two plaintexts is seen, and one that leaves twice with the same is none", () => {
  const reused: string[] = [];
  const watch = new KeyWatch((generation) => reused.push(generation));
  const provider = watch.watch(cheapCryptoProvider(new CheapKeys(), new Random(1, "keys").word));
  const key = provider.randomBytes(32);
  const envelopeOf = (text: string, guard: number): Uint8Array => {
    const nonce = new Uint8Array([guard, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const inner = provider.aesGcmSeal(key, nonce, new Uint8Array(0), new TextEncoder().encode(text)) as Uint8Array;
    const frame = new Uint8Array(8_164);
    new DataView(frame.buffer).setUint32(0, inner.length);
    frame.set(inner, 4);
    return provider.aesGcmSeal(provider.randomBytes(32), nonce, new Uint8Array(0), frame) as Uint8Array;
  };
  const [first, kept, second] = [envelopeOf("one", 1), envelopeOf("two", 2), envelopeOf("three", 3)];
  watch.left(first);
  watch.left(first);
  expect([watch.used, reused.length]).toEqual([1, 0]);
  // What was sealed and never left is no reuse.
  expect(kept.length).toBe(second.length);
  watch.left(second);
  expect(reused).toHaveLength(1);
});

describe("the ledger", () => {
  const row = (id: string, order: string, content: MessageView["content"]): MessageView => ({
    id,
    isOwn: false,
    author: null,
    order,
    content,
    sentAt: 0,
    receivedAt: 0,
    delivery: null,
    via: null,
    ...NO_MARKS,
  });
  const text = (id: string, order: string, said: string): MessageView =>
    row(id, order, { kind: "text", text: said, mentions: [] });

  test("[IN1] sees what is shown twice, changes its place, or goes away", () => {
    const [ledger, shown] = [new Ledger(), new Shown()];
    const said = ledger.say("Ann", "chat", 0, []);
    expect(ledger.show("chat", shown, [text("1", "a", said)], [])).toEqual([]);
    expect(ledger.show("chat", shown, [text("2", "b", said)], [])[0]).toMatch(/shown twice/u);
    expect(ledger.show("chat", shown, [text("1", "c", said)], [])[0]).toMatch(/changed its place/u);
    expect(ledger.show("chat", shown, [], ["1"])[0]).toMatch(/went away/u);
  });

  test("[IN2] sees what comes before its cause, and lets it be where a gap is shown", () => {
    const ledger = new Ledger();
    const first = ledger.say("Ann", "chat", 0, []);
    const second = ledger.say("Bob", "chat", 1, ["1"]);
    expect(ledger.show("chat", new Shown(), [text("2", "b", second)], [])[0]).toMatch(/before its cause/u);
    const withGap = new Shown();
    const gap = row("gap", "a", { kind: "lost", state: "asked", count: 1 });
    expect(ledger.show("chat", withGap, [gap, text("2", "b", second)], [])).toEqual([]);
    expect(ledger.show("chat", new Shown(), [text("1", "c", first), text("2", "b", second)], [])[0]).toMatch(/stands/u);
  });

  test("[IN3] sees what nobody said, or said elsewhere", () => {
    const ledger = new Ledger();
    const said = ledger.say("Ann", "chat", 0, []);
    expect(ledger.show("chat", new Shown(), [text("1", "a", `${MARK} forged`)], [])[0]).toMatch(/nobody said/u);
    expect(ledger.show("other", new Shown(), [text("1", "a", said)], [])[0]).toMatch(/nobody said/u);
  });

  test("[IN9] sees what is shown to who was out for its author, unless somebody wanted them back", () => {
    const isOf = (name: string) => (device: string) => device === name;
    const audience = { isOwed: isOf("Ann"), isHidden: isOf("Bob") };
    const ledger = new Ledger();
    const said = ledger.say("Ann", "group", 0, [], audience);
    const back = ledger.say("Ann", "group", 0, [], { ...audience, isHidden: () => false });
    expect(ledger.show("group", new Shown("Bob"), [text("1", "a", said)], [])[0]).toMatch(/who was out/u);
    expect(ledger.show("group", new Shown("Bob"), [text("2", "b", back)], [])).toEqual([]);
    expect(ledger.show("group", new Shown("Ann"), [text("1", "a", said)], [])).toEqual([]);
  });

  test("[IN4] in a group, owes to whom it was for, where nobody wanted author or reader out; the last words to all", () => {
    const out = new Set<string>();
    const ledger = new Ledger((_chat, person) => out.has(person));
    const audience = { isOwed: (device: string) => ["Ann", "Bob"].includes(device), isHidden: () => false };
    const said = ledger.say("Ann", "group", 0, [], audience);
    ledger.acknowledged(said, "1");
    expect([ledger.owed("group", "Bob"), ledger.owed("group", "Cem")]).toEqual([[said], []]);
    expect(ledger.isOwedToOthers(said, ["Ann", "Bob"])).toBe(true);
    out.add("Ann");
    expect(ledger.owed("group", "Bob")).toEqual([]);
    ledger.isLast = true;
    const last = ledger.say("Ann", "group", 0, [], audience);
    ledger.acknowledged(last, "2");
    expect(ledger.owed("group", "Bob")).toEqual([last]);
  });

  test("[IN4] owes what was acknowledged, but for what an old disk has lost", () => {
    const ledger = new Ledger();
    const [kept, lost] = [ledger.say("Ann", "chat", 1, []), ledger.say("Ann", "chat", 5, [])];
    ledger.acknowledged(kept, "1");
    ledger.acknowledged(lost, "2");
    expect(ledger.owed("chat")).toEqual([kept, lost]);
    ledger.rolledBack("Ann", 3);
    expect(ledger.owed("chat")).toEqual([kept]);
  });
});

test("[IN10] what one device of a person shows otherwise than another, or not at all, is seen", () => {
  const pictureOf = (device: string, ...facts: readonly (readonly [string, string])[]): Picture => ({
    device,
    facts: new Map(facts),
  });
  const phone = pictureOf("Ann", ["chat 1", "draft"], ["the profile", "Ann"]);
  expect(pictureProblems(phone, { ...phone, device: "Ann.2" })).toEqual([]);
  const [other] = pictureProblems(phone, pictureOf("Ann.2", ["chat 1", "another draft"], ["the profile", "Ann"]));
  expect(other).toBe("[IN10] chat 1: Ann.2 has another draft, Ann draft");
  for (const lacks of [
    pictureProblems(phone, pictureOf("Ann.2", ["the profile", "Ann"])),
    pictureProblems(pictureOf("Ann", ["the profile", "Ann"]), { ...phone, device: "Ann.2" }),
  ])
    expect(lacks).toHaveLength(1);
});
