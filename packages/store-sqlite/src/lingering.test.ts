import { createDecipheriv } from "node:crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Store } from "@xchat/client/ports";
import { expect, it } from "vitest";
import { sampleEvent } from "./sample-records.ts";
import { seededRandom } from "./disk.fault.ts";
import { MemoryDisk } from "./disk.memory.ts";
import { databaseFile } from "./disk.ts";
import { readKeyFile } from "./key-file.ts";
import { createOpener } from "./opener.ts";
import { loadSqliteNode } from "./wasm.node.ts";

const provider = nodeCryptoProvider();
const now = (): number => 1_700_000_000_000;
const SEED = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`store lingering: XCHAT_SEED=${SEED}`);

/** A store whose tidying the test does: `tidy` runs what would run in three seconds. */
async function tidiedStore(disk: MemoryDisk): Promise<{ readonly store: Store; readonly tidy: () => void }> {
  let waiting: (() => void) | null = null;
  const later = (call: () => void): { cancel(): void } => {
    waiting = call;
    return { cancel: () => (waiting = null) };
  };
  const schedule = { soon: (call: () => void) => queueMicrotask(call), later };
  const opener = createOpener({ place: disk, provider, now, loadSqlite: loadSqliteNode, schedule });
  const tidy = (): void => {
    for (let pause = 0; pause < 3; pause++) waiting?.();
  };
  return { store: await opener.create(null), tidy };
}

const PAGE = 4096;
const NONCE_AND_TAG = 32;
/** Of the first page: salt, and the eight bytes that say how large pages are. */
const PLAIN_HEAD = 24;

/** ChaCha20 of RFC 8439 with its counter at `counter`. */
function chacha20(key: Buffer, counter: number, nonce: Buffer, data: Buffer): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32LE(counter >>> 0);
  nonce.copy(iv, 4, 0, 12);
  const cipher = createDecipheriv("chacha20", key, iv);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/**
 * All pages without the encryption, as they lie there, free ones and gaps too. The engine cannot show them (its own
 * decryption rewrites the file), so the cipher is done here: which also proves which cipher and key it is.
 */
function plainPages(disk: MemoryDisk): Buffer {
  const state = readKeyFile(provider, disk);
  if (state.kind !== "record" || state.record.key.kind !== "bare") throw new Error("no bare key");
  const key = Buffer.from(state.record.key.key);
  const file = Buffer.from(disk.files.get(databaseFile(state.record.database))?.bytes() ?? []);
  for (let page = 1; page * PAGE <= file.length; page++) {
    const data = file.subarray((page - 1) * PAGE, page * PAGE);
    const nonce = data.subarray(PAGE - NONCE_AND_TAG, PAGE - NONCE_AND_TAG + 16);
    const counter = nonce.readUInt32LE(12) ^ page;
    const keys = chacha20(key, counter, nonce, Buffer.alloc(64));
    const body = data.subarray(page === 1 ? PLAIN_HEAD : 0, PAGE - NONCE_AND_TAG);
    chacha20(keys.subarray(32), counter + 1, nonce, Buffer.from(body)).copy(body);
  }
  return file;
}

/** Sixteen random bytes, again and again: any piece of it that is left can be found. */
function marked(marker: Buffer, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => marker[index % marker.length] as number);
}

const isIn = (plain: Buffer, marker: Buffer): boolean => {
  // A piece may begin anywhere in the marker: eight bytes of it are proof enough.
  const twice = Buffer.concat([marker, marker]);
  for (let start = 0; start < marker.length; start++) if (plain.includes(twice.subarray(start, start + 8))) return true;
  return false;
};

it("[S4] spent ratchets, deleted events and their words are all but gone at once, and nowhere after a rewrite: no free page, no gap in a page, no log", async () => {
  const random = seededRandom(SEED);
  const below = (limit: number): number => Math.floor(random() * limit);
  const disk = new MemoryDisk();
  const { store, tidy } = await tidiedStore(disk);
  const live = new Map<string, Buffer>();
  const spent: Buffer[] = [];
  const replace = (name: string, next: Buffer | null): void => {
    const before = live.get(name);
    if (before !== undefined) spent.push(before);
    if (next === null) live.delete(name);
    else live.set(name, next);
  };
  const fresh = (): Buffer => Buffer.from(provider.randomBytes(16));
  const sizes = [40, 300, 1500, 4060, 9000];
  const size = (): number => sizes[below(sizes.length)] as number;

  for (let n = 0; n < 8; n++) {
    const marker = fresh();
    replace(`g${n}`, marker);
    const record = {
      conversationId: `g${n}`,
      epochPart: new Uint8Array(below(9000)),
      ratchetPart: marked(marker, size()),
    };
    await store.write([{ put: "group", record }]);
  }
  for (let step = 0; step < 1500; step++) {
    const marker = fresh();
    const kind = below(10);
    if (kind < 5) {
      const ratchet = `g${below(8)}`;
      await store.write([{ ratchet, ratchetPart: marked(marker, size()) }]);
      replace(ratchet, marker);
    } else if (kind < 8) {
      const record = sampleEvent(below(60), { text: `w${marker.toString("hex")} tail`, body: marked(marker, size()) });
      await store.write([{ put: "event", record }]);
      replace(record.id, marker);
    } else {
      const { id } = sampleEvent(below(60));
      await store.write([{ delete: "event", key: id }]);
      replace(id, null);
    }
    if (step % 100 === 0) tidy();
  }
  tidy();
  expect(
    disk.files
      .get("store-a.db-wal")
      ?.bytes()
      .every((byte) => byte === 0),
  ).toBe(true);
  const [present, gone] = [[...live.values()], spent];
  expect(gone.length).toBeGreaterThan(500);
  // From the seventh digit on: the index leaves out what a word shares with the one before it.
  const words = (plain: Buffer, markers: readonly Buffer[]): number =>
    markers.filter((marker) => plain.includes(marker.toString("hex").slice(6, 22))).length;
  const bodies = (plain: Buffer, markers: readonly Buffer[]): number =>
    markers.filter((marker) => isIn(plain, marker)).length;

  const tidied = plainPages(disk);
  expect(tidied.includes("CREATE TABLE invitation")).toBe(true);
  expect(bodies(tidied, present), "present ones are found").toBe(present.length);
  // The engine moves a row now and then and leaves a copy in the middle of a page: rare, and until the next rewrite.
  expect(bodies(tidied, gone), `seed ${SEED}: spent bytes found`).toBeLessThan(gone.length / 100);
  expect(words(tidied, gone), `seed ${SEED}: words of deleted events found`).toBeLessThan(gone.length / 100);

  await store.rewrite();
  const rewritten = plainPages(disk);
  expect(disk.files.has("store-a.db"), "the old file").toBe(false);
  expect(bodies(rewritten, present)).toBe(present.length);
  expect(words(rewritten, present)).toBeGreaterThan(10);
  expect(bodies(rewritten, gone), `seed ${SEED}: spent bytes found`).toBe(0);
  expect(words(rewritten, gone), `seed ${SEED}: words of deleted events found`).toBe(0);
  await store.close();
});

it.each([2, 60])("[S4] nothing is left of a forgotten conversation, one of %i", async (conversations) => {
  const disk = new MemoryDisk();
  const { store, tidy } = await tidiedStore(disk);
  const markers = { kept: [] as Buffer[], gone: [] as Buffer[] };
  for (let n = 0; n < 1400; n++) {
    const marker = Buffer.from(provider.randomBytes(16));
    const [conversationId, list] =
      n % conversations === 1 ? (["gone", markers.gone] as const) : (["kept", markers.kept] as const);
    list.push(marker);
    const record = sampleEvent(n, {
      conversationId,
      text: `w${marker.toString("hex")} tail`,
      body: marked(marker, 40),
    });
    await store.write([{ put: "event", record }]);
  }
  await store.write([{ forget: "gone" }]);
  tidy();
  await store.rewrite();
  const kept = markers.kept.length;
  expect(await store.search("tail", null, 2000)).toHaveLength(kept);
  const plain = plainPages(disk);
  const left = (list: readonly Buffer[]): number =>
    list.filter((marker) => isIn(plain, marker) || plain.includes(marker.toString("hex").slice(6, 22))).length;
  expect([left(markers.kept), left(markers.gone)]).toEqual([kept, 0]);
  // And entries go one by one again afterwards.
  await store.write([{ delete: "event", key: sampleEvent(0).id }]);
  tidy();
  const word = (markers.kept[0] as Buffer).toString("hex").slice(6, 22);
  expect([plain.includes(word), plainPages(disk).includes(word)]).toEqual([true, false]);
  await store.close();
});

it("pages are encrypted under nonces of their own, and nothing is plain", async () => {
  const disks = [new MemoryDisk(), new MemoryDisk()];
  for (const disk of disks) {
    const { store } = await tidiedStore(disk);
    for (let n = 0; n < 50; n++) {
      await store.write([{ put: "event", record: sampleEvent(n, { text: "unmistakable words" }) }]);
    }
    for (const [name, file] of disk.files) expect(Buffer.from(file.bytes()).includes("unmistakable"), name).toBe(false);
    await store.close();
  }
  const nonces = disks.flatMap((disk) => {
    const bytes = Buffer.from(disk.files.get("store-a.db")?.bytes() ?? []);
    const pages = Array.from({ length: bytes.length / 4096 }, (_, page) =>
      bytes.subarray(page * 4096, (page + 1) * 4096),
    );
    // The last 32 bytes of a page: nonce and tag.
    return pages.map((page) => page.subarray(4064, 4080).toString("hex"));
  });
  expect(nonces.length).toBeGreaterThan(20);
  expect(new Set(nonces).size).toBe(nonces.length);
});
