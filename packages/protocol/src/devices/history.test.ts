import { nodeCryptoProvider } from "@xchat/crypto/node";
import { bytesToHex, expectOk } from "@xchat/codec";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_PAYLOAD_BYTES, encodePayload } from "../conversation/payload.ts";
import { textContent } from "../content/meaning.ts";
import { encodeMessageContent } from "../content/mimi.ts";
import { createEvent, encodeEvent, type SignedEvent } from "../event/event.ts";
import type { EventAuthor } from "../event/header.ts";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import { makeLeafCredential } from "../identity/certificate.ts";
import { bitFlips, newPerson, NOW, seedOf, type Person } from "../identity/test-actors.ts";
import type { EventFacts } from "../log/state.ts";
import {
  chunksWanted,
  decodeHistoryMessage,
  decodeHistoryOffer,
  encodeHistoryMessage,
  encodeHistoryOffer,
  fillChunk,
  HISTORY_ITEM_TAG,
  HISTORY_WINDOW,
  MAX_CHUNK_BYTES,
  openChunk,
  openManifest,
  sealChunk,
  sealManifest,
  transferKey,
  type HistoryMessage,
  type HistoryRecord,
} from "./history-format.ts";
import { admittedByCitation, importRecord, type HistoryRules } from "./history-import.ts";
import {
  historyIntakeStep,
  readHistoryOffer,
  restoreIntake,
  saveIntake,
  type HistoryIntake,
  type HistoryIntakeEffect,
  type HistoryIntakeInput,
} from "./history-receive.ts";

const provider = nodeCryptoProvider();
const SHARED = seedOf(provider, "shared");
const transfer = filled(16, 3);
const key = transferKey(provider, SHARED, transfer);
const conversation = filled(32, 9);
const ID = bytesToHex(conversation);
let bob: Person;
let mallory: Person;
let credential: Uint8Array;
let leafKey: Uint8Array;
let author: EventAuthor;
let events: readonly SignedEvent[];

const leafSeed = (person: Person): Uint8Array => seedOf(provider, `${person.name} leaf`);

async function credentialOf(
  person: Person,
): Promise<{ readonly credential: Uint8Array; readonly leafKey: Uint8Array }> {
  const { publicKey } = await provider.ed25519KeyPair(leafSeed(person));
  const { chain, deviceSeed } = person;
  const input = { chain, deviceSeed, leafPublicKey: publicKey, now: NOW, lifetimeMs: 86_400_000 };
  return { credential: await makeLeafCredential(provider, input), leafKey: publicKey };
}

async function eventsOf(person: Person, count: number, place = conversation): Promise<readonly SignedEvent[]> {
  const { publicKey } = await provider.ed25519KeyPair(leafSeed(person));
  const by = { account: accountIdToBytes(person.accountId), leafKey: publicKey };
  const made: SignedEvent[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    const content = encodeMessageContent(textContent({ text: `message ${sequence}`, salt: filled(16, sequence) }));
    const previous = made.at(-1)?.id ?? null;
    const header = { conversation: place, author: by, sequence, depth: sequence + 1, previous, parents: [] };
    made.push(await createEvent(provider, { ...header, sentAt: NOW, kind: "content", content }, leafSeed(person)));
  }
  return made;
}

beforeAll(async () => {
  bob = await newPerson(provider, "bob");
  mallory = await newPerson(provider, "mallory");
  ({ credential, leafKey } = await credentialOf(bob));
  author = { account: accountIdToBytes(bob.accountId), leafKey };
  events = await eventsOf(bob, 300);
});

const records = (): readonly HistoryRecord[] => [
  { kind: "credential", conversation, leafKey, credential },
  ...events.map((event) => ({ kind: "event" as const, event: encodeEvent(event) })),
];

/** All chunks of the records, as the giving device makes them. */
async function chunksOf(all: readonly HistoryRecord[]): Promise<readonly Uint8Array[]> {
  const boxes: Uint8Array[] = [];
  for (let from = 0; from < all.length;) {
    const count = fillChunk(all.slice(from));
    boxes.push(await sealChunk(provider, key, transfer, boxes.length, all.slice(from, from + count)));
    from += count;
  }
  return boxes;
}

async function offerOf(chunkCount: number): Promise<Extract<HistoryMessage, { kind: "offer" }>> {
  const manifest = { chunkCount, byteCount: 1_000, conversations: [{ conversation, eventCount: events.length }] };
  return { kind: "offer", transfer, manifest: await sealManifest(provider, key, transfer, manifest) };
}

async function intakeOf(chunkCount: number): Promise<HistoryIntake> {
  const read = await readHistoryOffer(provider, SHARED, await offerOf(chunkCount));
  if (read === null) throw new Error("test offer");
  return read.intake;
}

describe("manifest and chunks", () => {
  it("[DV14] are read by whom they are for, and nothing of them can be moved or altered", async () => {
    const { manifest } = await offerOf(7);
    expect(await openManifest(provider, key, transfer, manifest)).toMatchObject({ chunkCount: 7, byteCount: 1_000 });
    const [first] = await chunksOf(records());
    const box = first as Uint8Array;
    expect((await openChunk(provider, key, transfer, 0, box))?.length).toBeGreaterThan(1);
    const other = filled(16, 4);
    const otherKey = transferKey(provider, SHARED, other);
    expect(await openChunk(provider, key, transfer, 1, box)).toBeNull();
    expect(await openChunk(provider, key, other, 0, box)).toBeNull();
    expect(await openChunk(provider, otherKey, other, 0, box)).toBeNull();
    expect(await openChunk(provider, key, transfer, 0, manifest)).toBeNull();
    expect(await openManifest(provider, key, transfer, box)).toBeNull();
    for (const flipped of bitFlips(box, 50)) expect(await openChunk(provider, key, transfer, 0, flipped)).toBeNull();
    const lengths = [...Array.from({ length: 40 }, (_, length) => length), box.length - 16, box.length - 1];
    for (const length of lengths) expect(await openChunk(provider, key, transfer, 0, box.slice(0, length))).toBeNull();
    expect(await readHistoryOffer(provider, seedOf(provider, "x"), await offerOf(1))).toBeNull();
  });

  it("[DV14] a chunk with its message and payload fits one large envelope", async () => {
    const boxes = await chunksOf(records());
    expect(boxes.length).toBeGreaterThan(1);
    for (const box of boxes) {
      const content = encodeHistoryMessage({ kind: "chunk", transfer, index: 1_000_000, box });
      const payload = encodePayload([{ kind: "unknown", tag: HISTORY_ITEM_TAG, content }]);
      expect(payload.length).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    }
    const largest = { kind: "event" as const, event: new Uint8Array(50_000) };
    expect(fillChunk([largest, largest])).toBe(1);
    expect(fillChunk([])).toBe(0);
    expect(() => sealChunk(provider, key, transfer, 0, [largest, largest])).toThrow(RangeError);
    const full = fillChunk(
      Array.from({ length: 2_000 }, () => ({ kind: "event" as const, event: new Uint8Array(57) })),
    );
    expect(full * 60).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
  });

  it("[DV15] a chunk that is made again from where it began holds the same records", async () => {
    const all = records();
    const counts: number[] = [];
    for (let from = 0; from < all.length; from += counts.at(-1) as number) counts.push(fillChunk(all.slice(from)));
    const begin = counts[0] as number;
    const again = await sealChunk(provider, key, transfer, 1, all.slice(begin, begin + fillChunk(all.slice(begin))));
    const once = (await chunksOf(all))[1] as Uint8Array;
    expect(await openChunk(provider, key, transfer, 1, again)).toEqual(
      await openChunk(provider, key, transfer, 1, once),
    );
    const offer = {
      transfer,
      key,
      receiver: filled(32, 5),
      boundaries: [
        { kind: "credential" as const, conversation, leafKey },
        { kind: "event" as const, conversation, depth: 4, id: filled(32, 8) },
      ],
    };
    const encoded = encodeHistoryOffer(offer);
    expect(decodeHistoryOffer(encoded)).toEqual({ ok: true, value: offer });
    await expectHardened(decodeHistoryOffer, [encoded]);
    const [first, second] = offer.boundaries;
    expect(chunksWanted(offer, { kind: "want", transfer, from: 0, count: 8 })).toEqual([
      { index: 0, from: first, to: second },
      { index: 1, from: second, to: null },
    ]);
    expect(chunksWanted(offer, { kind: "want", transfer, from: 2, count: 8 })).toEqual([]);
    expect(chunksWanted(offer, { kind: "want", transfer: filled(16, 9), from: 0, count: 8 })).toEqual([]);
  });

  it("messages survive truncation, flipped bits and random bytes", async () => {
    const messages: readonly HistoryMessage[] = [
      { kind: "ask", transfer, giver: filled(32, 6), shared: SHARED, conversations: [conversation] },
      { kind: "offer", transfer, manifest: filled(40) },
      { kind: "want", transfer, from: 300, count: 8 },
      { kind: "chunk", transfer, index: 2, box: filled(40) },
      { kind: "stop", transfer },
    ];
    for (const message of messages) {
      expect(decodeHistoryMessage(encodeHistoryMessage(message))).toEqual({ ok: true, value: message });
    }
    await expectHardened(decodeHistoryMessage, messages.map(encodeHistoryMessage));
  });
});

describe("the taking side", () => {
  const step = (intake: HistoryIntake, input: HistoryIntakeInput, now: number) =>
    historyIntakeStep(intake, input, { provider, now });

  it("[DV16] [DV17] takes every chunk once, in order, whatever is lost, doubled, swapped or crashes", async () => {
    const boxes = await Promise.all(
      Array.from({ length: 21 }, (_, index) =>
        sealChunk(provider, key, transfer, index, [{ kind: "event", event: Uint8Array.of(index) }]),
      ),
    );
    const chunkAt = (index: number): HistoryMessage => ({
      kind: "chunk",
      transfer,
      index,
      box: boxes[index] as Uint8Array,
    });
    const fate = fc.constantFrom("deliver", "lose", "twice", "crash", "late", "junk");
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { size: "max", maxLength: 60 }), fc.nat(), async (fates, seed) => {
        let intake = await intakeOf(boxes.length);
        let stored = saveIntake(intake);
        const saved: number[] = [];
        let now = 1_000;
        let done = 0;
        let pending: HistoryMessage[] = [];
        const act = (effects: readonly HistoryIntakeEffect[]): HistoryIntakeInput[] => {
          const next: HistoryIntakeInput[] = [];
          for (const effect of effects) {
            if (effect.kind === "done") done++;
            if (effect.kind === "save") {
              saved.push(effect.index);
              expect(effect.records).toEqual([{ kind: "event", event: Uint8Array.of(effect.index) }]);
              next.push({ kind: "saved", index: effect.index });
            }
            if (effect.kind === "send" && effect.message.kind === "want") {
              const { from, count } = effect.message;
              expect(count).toBeLessThanOrEqual(HISTORY_WINDOW);
              for (let index = from; index < from + count; index++) pending.push(chunkAt(index));
            }
          }
          return next;
        };
        const tell = async (input: HistoryIntakeInput): Promise<void> => {
          const queue = [input];
          for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
            const answer = await step(intake, one, now);
            intake = answer.intake;
            expect(intake.held.size).toBeLessThanOrEqual(HISTORY_WINDOW);
            if (one.kind === "saved") stored = saveIntake(intake);
            queue.push(...act(answer.effects));
          }
        };
        for (let round = 0; round < 200 && !intake.isOver; round++) {
          const what = fates[round] ?? "deliver";
          const message = pending.splice((seed + round) % Math.max(1, pending.length), 1)[0];
          if (what === "crash") {
            intake = expectOk(restoreIntake(stored), "intake");
            pending = [];
          } else if (what === "junk") {
            await tell({ kind: "message", message: { kind: "chunk", transfer, index: intake.next, box: filled(50) } });
          } else if (message !== undefined && what !== "lose") {
            await tell({ kind: "message", message });
            if (what === "twice") await tell({ kind: "message", message });
          }
          if (pending.length === 0) now += 900_001;
          await tell({ kind: "tick" });
        }
        expect(done).toBe(1);
        // After a crash, a chunk that was saved and not noted as saved would come again; here the two go together.
        expect(saved).toEqual(boxes.map((_, index) => index));
      }),
      { numRuns: 30 },
    );
  });

  it("[DV17] asks again, later each time, and not while chunks come", async () => {
    let intake = await intakeOf(5);
    let now = 0;
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      const answer = await step(intake, { kind: "tick" }, now);
      expect(answer.effects).toEqual([{ kind: "send", message: { kind: "want", transfer, from: 0, count: 5 } }]);
      waits.push((answer.wakeAt as number) - now);
      expect((await step(answer.intake, { kind: "tick" }, now)).effects).toEqual([]);
      now = answer.wakeAt as number;
      intake = answer.intake;
    }
    expect(waits.slice(0, 4)).toEqual([10_000, 20_000, 40_000, 80_000]);
    expect(waits.at(-1)).toBe(900_000);
    const box = await sealChunk(provider, key, transfer, 1, []);
    const came = await step(intake, { kind: "message", message: { kind: "chunk", transfer, index: 1, box } }, now - 1);
    expect([came.effects, came.wakeAt]).toEqual([[], now - 1 + 10_000]);
  });

  it("holds nothing that it did not ask for", async () => {
    const fresh = await intakeOf(100);
    const { intake } = await step(fresh, { kind: "tick" }, 0);
    for (const index of [8, 50, 100, 2_000]) {
      const box = await sealChunk(provider, key, transfer, index, []);
      const message: HistoryMessage = { kind: "chunk", transfer, index, box };
      expect((await step(intake, { kind: "message", message }, 1)).intake.held.size).toBe(0);
    }
    const elsewhere: HistoryMessage = { kind: "stop", transfer: filled(16, 8) };
    expect((await step(intake, { kind: "message", message: elsewhere }, 1)).intake.isOver).toBe(false);
  });

  it("ends when either stops it, and at once when there is nothing", async () => {
    const intake = await intakeOf(3);
    const byOther = await step(intake, { kind: "message", message: { kind: "stop", transfer } }, 0);
    expect(byOther.effects).toEqual([{ kind: "stopped" }]);
    const own = await step(intake, { kind: "stop" }, 0);
    expect(own.effects).toEqual([{ kind: "send", message: { kind: "stop", transfer } }, { kind: "stopped" }]);
    expect((await step(own.intake, { kind: "tick" }, 1e9)).effects).toEqual([]);
    expect((await step(await intakeOf(0), { kind: "tick" }, 0)).effects).toEqual([{ kind: "done" }]);
    await expectHardened(restoreIntake, [saveIntake(intake)]);
  });
});

describe("import", () => {
  const rules = (changes: Partial<HistoryRules> = {}): HistoryRules => ({
    now: NOW,
    conversations: new Set([ID]),
    isMember: () => true,
    authorOf: (_, leaf) => (leaf === bytesToHex(leafKey) ? author : null),
    ...changes,
  });
  const eventRecord = (event: SignedEvent): HistoryRecord => ({ kind: "event", event: encodeEvent(event) });
  const refusalOf = async (record: HistoryRecord, changes: Partial<HistoryRules> = {}): Promise<string | null> => {
    const imported = await importRecord(provider, rules(changes), record);
    return imported.ok ? null : imported.error;
  };

  it("[DV18] takes an author by credential, and an event by its author's signature", async () => {
    const imported = await importRecord(provider, rules(), records()[0] as HistoryRecord);
    expect(imported).toEqual({ ok: true, value: { kind: "author", conversation: ID, author, credential } });
    for (const event of events.slice(0, 5)) expect(await refusalOf(eventRecord(event))).toBeNull();
    // A body that is gone is no reason to lose the event.
    const bare = { ...(events[0] as SignedEvent), bodyBytes: null };
    expect(await refusalOf(eventRecord(bare))).toBeNull();
  });

  it("[DV18] refuses what the giver made up", async () => {
    const [event] = events as readonly [SignedEvent];
    const forged = await eventsOf(mallory, 1);
    expect(await refusalOf(eventRecord(forged[0] as SignedEvent))).toBe("unknown-author");
    const asBob = { ...rules(), authorOf: () => author };
    expect(await refusalOf(eventRecord(forged[0] as SignedEvent), asBob)).toBe("signature-invalid");
    const damaged = event.signedHeader.slice();
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    expect(await refusalOf(eventRecord({ ...event, signedHeader: damaged }))).toBe("signature-invalid");
    const otherBody = { ...event, bodyBytes: (events[1] as SignedEvent).bodyBytes };
    expect(await refusalOf(eventRecord(otherBody))).toBe("event-malformed");
    const elsewhere = await eventsOf(bob, 1, filled(32, 77));
    expect(await refusalOf(eventRecord(elsewhere[0] as SignedEvent))).toBe("another-conversation");
    expect(await refusalOf({ kind: "event", event: filled(90) })).toBe("event-malformed");
  });

  it("[DV18] refuses credentials of others, for another key, or of who was no member", async () => {
    const theirs = await credentialOf(mallory);
    const base = { kind: "credential" as const, conversation };
    expect(await refusalOf({ ...base, ...theirs }, { isMember: () => false })).toBe("not-a-member");
    expect(await refusalOf({ ...base, leafKey, credential: theirs.credential })).toBe("credential-refused");
    expect(await refusalOf({ ...base, leafKey, credential: filled(99) })).toBe("credential-refused");
    expect(await refusalOf({ ...base, ...theirs, conversation: filled(32, 1) })).toBe("another-conversation");
  });

  it("[DV34] what somebody wrote who has left counts where a member cites it, and an outsider's never", () => {
    const event = (id: string, by: string, previous: string | null, parents: readonly string[] = []): EventFacts => ({
      id,
      conversation: ID,
      author: by,
      sequence: 0,
      depth: 1,
      previous,
      parents,
    });
    const events = [
      event("left 0", "left", null),
      event("left 1", "left", "left 0"),
      event("member 0", "member", null, ["left 1"]),
      event("left 2", "left", "left 1", ["member 0"]),
      event("outsider 0", "outsider", null, ["member 0"]),
      event("outsider 1", "outsider", "outsider 0", ["left 2"]),
      event("member 1", "member", "member 0", ["never given"]),
    ];
    const isByMember = ({ author: by }: EventFacts): boolean => by === "member";
    for (const order of [events, events.toReversed()]) {
      expect([...admittedByCitation(order, isByMember)].toSorted()).toEqual([
        "left 0",
        "left 1",
        "member 0",
        "member 1",
      ]);
    }
    const long = Array.from({ length: 50_000 }, (_, n) => event(`e${n}`, "left", n === 0 ? null : `e${n - 1}`));
    const cited = [...long, event("m", "member", null, ["e49999"])];
    expect(admittedByCitation(cited, isByMember).size).toBe(50_001);
  });

  it("[DV19] one bad record does not take the others with it", async () => {
    const all = [...records().slice(0, 4), { kind: "event" as const, event: filled(9) }, ...records().slice(4, 8)];
    const results = await Promise.all(all.map((record) => importRecord(provider, rules(), record)));
    expect(results.filter(({ ok }) => ok).length).toBe(8);
  });
});
