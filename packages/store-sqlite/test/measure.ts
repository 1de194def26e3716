/**
 * What the store costs with a long history, in Node: `node packages/store-sqlite/test/measure.ts [EVENTS]`. Prints
 * milliseconds. Medians where a thing is done often.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { EventPosition, Store } from "@xchat/client/ports";
import { sampleEvent } from "../src/sample-records.ts";
import { nodeStoreOpener } from "../src/open.node.ts";

const EVENTS = Number(process.argv[2] ?? 100_000);
const CONVERSATIONS = 5;
const BATCH = 500;
const VOCABULARY = 20_000;

const directory = join(mkdtempSync(join(process.env["TMPDIR"] ?? tmpdir(), "xchat-measure-")), "profile");
const opener = () => nodeStoreOpener({ directory, provider: nodeCryptoProvider(), now: Date.now });
const hex = (n: number): string => (n * 2_654_435_761).toString(16).padStart(16, "0").repeat(4);
const conversation = (n: number): string => hex(n + 7_000_000);

const show = (name: string, value: number, unit = "ms"): void =>
  void process.stdout.write(`${name.padEnd(46)} ${value.toFixed(2).padStart(10)} ${unit}\n`);

async function timed<T>(name: string, action: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await action();
  show(name, performance.now() - start);
  return result;
}

async function median(name: string, times: number, action: (n: number) => Promise<unknown>): Promise<void> {
  const each: number[] = [];
  for (let n = 0; n < times; n++) {
    const start = performance.now();
    await action(n);
    each.push(performance.now() - start);
  }
  show(name, each.toSorted((a, b) => a - b)[times >> 1] as number);
}

const wordsOf = (n: number): string =>
  Array.from({ length: 12 }, (_, k) => `w${((n * 31 + k * 7919) % VOCABULARY).toString(36)}`).join(" ");

const eventOf = (n: number) =>
  sampleEvent(n, {
    id: hex(n),
    conversationId: conversation(n % CONVERSATIONS),
    author: hex(n % 2),
    depth: Math.floor(n / CONVERSATIONS),
    isOwn: n % 2 === 0,
    text: wordsOf(n),
    header: new Uint8Array(300).fill(n),
    body: new Uint8Array(150).fill(n),
  });

async function fill(store: Store): Promise<void> {
  for (let n = 0; n < EVENTS; n += BATCH) {
    const events = Array.from({ length: Math.min(BATCH, EVENTS - n) }, (_, k) => eventOf(n + k));
    await store.write(events.map((record) => ({ put: "event", record })));
  }
}

const first = await opener().create(null);
await timed(`write ${EVENTS} events, ${BATCH} a transaction`, () => fill(first));
await first.close();
show("size", statSync(join(directory, "store-a.db")).size / 1e6, "MB");

await median("open (engine compiled) and close", 7, async () => (await opener().open(null)).close());
const store = await timed("open", () => opener().open(null));
await timed("first page of 100", () => store.eventsBefore(conversation(1), null, 100));
let position: EventPosition | null = null;
await median("further pages of 100", 100, async () => {
  const page = await store.eventsBefore(conversation(1), position, 100);
  position = page.events[0] ?? null;
});
await timed("summary, nothing read yet", () => store.summary(conversation(2), null));
await median("summary again", 100, () => store.summary(conversation(2), null));
await median("search for a rare word", 20, (n) => store.search(wordsOf(n * 97).split(" ")[3] as string, null, 50));
await timed("search for one letter, everything matches", () => store.search("w", null, 50));
await median("write one event", 200, (n) => store.write([{ put: "event", record: eventOf(EVENTS + n) }]));
const group = { conversationId: "g", epochPart: new Uint8Array(300_000), ratchetPart: new Uint8Array(800) };
await median("write a group of 300 kB", 10, (n) =>
  store.write([{ put: "group", record: { ...group, epochPart: group.epochPart.slice().fill(n) } }]),
);
await median("move its ratchet", 200, (n) => store.write([{ ratchet: "g", ratchetPart: new Uint8Array(800).fill(n) }]));
await timed("1,000 concurrent writes of one event", () =>
  Promise.all(
    Array.from({ length: 1000 }, (_, n) => store.write([{ put: "event", record: eventOf(EVENTS + 1000 + n) }])),
  ),
);
await timed("set a passphrase (re-encrypt everything)", () => store.setPassphrase(null, "a passphrase"));
await timed("full check", () => store.health("full"));
await timed("forget one conversation of five", () => store.write([{ forget: conversation(3) }]));
await timed("close", () => store.close());
show("memory of the process", process.memoryUsage().rss / 1e6, "MB");
rmSync(join(directory, ".."), { recursive: true });
