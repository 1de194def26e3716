/** The embedded storage against the contract, and against disks that fail, forget and tear. */
import { createHash, randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { EXPIRY_HOURS } from "@xchat/protocol";
import { deposit, nodeStoreContract, openMailbox } from "./contract-suite.ts";
import { openEmbeddedStore } from "./embedded.ts";
import { GroupCommit } from "./group-commit.ts";
import { StoreUnavailable, type NodeStore, type StoreLimits, type StoreOperation, type StoreOutcome } from "./port.ts";
import { segmentFiles, type SegmentFile, type SegmentFiles } from "./segment-files.ts";

const hash = (data: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(data).digest());
const sized = (length = 8_192): Uint8Array => new Uint8Array(randomBytes(length));
const HOUR = 500_000;

const folders: string[] = [];
const stores: NodeStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "xchat-store-"));
  folders.push(folder);
  return folder;
}

async function openAt(folder: string, files?: SegmentFiles): Promise<NodeStore> {
  const store = await openEmbeddedStore(files === undefined ? { folder, hash } : { folder, hash, files });
  stores.push(store);
  return store;
}

nodeStoreContract("embedded", async (limits: Partial<StoreLimits>) => {
  const folder = await mkdtemp(join(tmpdir(), "xchat-store-"));
  let store = await openEmbeddedStore({ folder, hash, limits });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openEmbeddedStore({ folder, hash, limits });
      return store;
    },
    destroy: async () => {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

interface Faults {
  /** Thrown by the next write, after half of it was written. */
  write?: NodeJS.ErrnoException | undefined;
  sync?: NodeJS.ErrnoException | undefined;
  freeBytes?: number | undefined;
  /** Called at each instant at which power may fail. */
  readonly instant?: (name: "written" | "synced", synced: ReadonlyMap<number, number>) => Promise<void>;
  /** A disk that says that it has synced, and has not. */
  readonly liesAboutSync?: boolean;
}

const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

async function faultyFiles(folder: string, faults: Faults): Promise<SegmentFiles> {
  const real = await segmentFiles(join(folder, "segments"));
  const written = new Map<number, number>();
  const synced = new Map<number, number>();
  const wrap = (hour: number, file: SegmentFile): SegmentFile => ({
    ...file,
    write: async (parts, position) => {
      const whole = Buffer.concat(parts);
      const fault = faults.write;
      faults.write = undefined;
      await file.write([fault === undefined ? whole : whole.subarray(0, whole.length / 2)], position);
      if (fault !== undefined) throw fault;
      written.set(hour, Math.max(written.get(hour) ?? 0, position + whole.length));
      await faults.instant?.("written", synced);
    },
    sync: async () => {
      const fault = faults.sync;
      faults.sync = undefined;
      if (fault !== undefined) throw fault;
      await file.sync();
      if (faults.liesAboutSync !== true) synced.set(hour, written.get(hour) ?? 0);
      await faults.instant?.("synced", synced);
    },
  });
  return {
    ...real,
    open: async (hour) => wrap(hour, await real.open(hour)),
    freeBytes: async () => faults.freeBytes ?? real.freeBytes(),
  };
}

const rejection = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "resolved",
    (error: unknown) => (error instanceof StoreUnavailable ? error.code : String(error)),
  );

describe("a disk that fails", () => {
  it("full in the middle of a write: nothing of the batch is there, and the next one is stored", async () => {
    const folder = await newFolder();
    const faults: Faults = {};
    const store = await openAt(folder, await faultyFiles(folder, faults));
    const mailbox = sized(32);
    const [before, failed, after] = [sized(), sized(), sized()];
    await store.apply([openMailbox(mailbox), deposit(mailbox, before)]);
    faults.write = failure("ENOSPC");
    expect(await rejection(store.apply([deposit(mailbox, failed)]))).toBe("store-full");
    expect((await store.read(mailbox, 0, 10, HOUR)).map((row) => row.envelope)).toEqual([before]);
    await store.apply([deposit(mailbox, after)]);
    await store.close();
    stores.length = 0;
    const reopened = await openAt(folder);
    expect((await reopened.read(mailbox, 0, 10, HOUR)).map((row) => row.envelope)).toEqual([before, after]);
  });

  it("full before a write: refused as long as the reserve is touched", async () => {
    const folder = await newFolder();
    const faults: Faults = { freeBytes: 1_000 };
    const store = await openAt(folder, await faultyFiles(folder, faults));
    const mailbox = sized(32);
    expect(await rejection(store.apply([openMailbox(mailbox), deposit(mailbox, sized())]))).toBe("store-full");
    expect(store.mailbox(mailbox, HOUR)).toBeNull();
    faults.freeBytes = undefined;
    expect(await store.apply([openMailbox(mailbox), deposit(mailbox, sized())])).toMatchObject([
      {},
      { kind: "stored" },
    ]);
  });

  it("a sync that fails: nothing is taken any more until a restart, and what was answered is there", async () => {
    const folder = await newFolder();
    const faults: Faults = {};
    const store = await openAt(folder, await faultyFiles(folder, faults));
    const mailbox = sized(32);
    const kept = sized();
    await store.apply([openMailbox(mailbox), deposit(mailbox, kept)]);
    faults.sync = failure("EIO");
    expect(await rejection(store.apply([deposit(mailbox, sized())]))).toBe("store-failed");
    expect(await rejection(store.apply([deposit(mailbox, sized())]))).toBe("store-failed");
    await store.close();
    stores.length = 0;
    const reopened = await openAt(folder);
    expect((await reopened.read(mailbox, 0, 10, HOUR)).map((row) => row.envelope)).toEqual([kept]);
    expect(await reopened.apply([deposit(mailbox, sized())])).toMatchObject([{ kind: "stored" }]);
  });

  it("[SG3] a damaged record is missing, and those behind it are read", async () => {
    const folder = await newFolder();
    const store = await openAt(folder);
    const mailbox = sized(32);
    const sent = [sized(), sized(), sized()];
    await store.apply([openMailbox(mailbox), ...sent.map((one) => deposit(mailbox, one))]);
    const path = join(folder, "segments", `${HOUR + EXPIRY_HOURS}.segment`);
    const bytes = await readFile(path);
    bytes[80 + 8_192 + 80 + 5] = (bytes[80 + 8_192 + 80 + 5] as number) ^ 1;
    await writeFile(path, bytes);
    expect((await store.read(mailbox, 0, 10, HOUR)).map((row) => row.envelope)).toEqual([sent[0], sent[2]]);
    expect((await store.read(mailbox, 0, 1, HOUR)).length).toBe(1);
  });
});

/** What is on the disk if power fails now: the index as committed, and of each segment what was synced, then rubbish. */
async function imageAt(folder: string, synced: ReadonlyMap<number, number>): Promise<string> {
  const image = await newFolder();
  await cp(folder, image, { recursive: true });
  for (const hour of await (await segmentFiles(join(image, "segments"))).hours()) {
    const path = join(image, "segments", `${hour}.segment`);
    const length = synced.get(hour) ?? 0;
    await truncate(path, length);
    // Blocks that were allocated and never written hold anything.
    await writeFile(path, Buffer.concat([await readFile(path), randomBytes(randomBytes(1)[0] as number)]));
  }
  return image;
}

/** The same as text, for comparing sets. */
const textOf = (envelope: Uint8Array): string => Buffer.from(envelope).toString("base64");

/** Writes batches, takes images at every instant, and answers with how many answered envelopes some image has lost. */
async function lostAtSomeInstant(liesAboutSync: boolean): Promise<{ lost: number; images: number }> {
  const folder = await newFolder();
  const mailbox = sized(32);
  const answered = new Set<string>();
  const images: { readonly image: string; readonly answered: ReadonlySet<string> }[] = [];
  const shoot = async (synced: ReadonlyMap<number, number>): Promise<void> => {
    images.push({ image: await imageAt(folder, synced), answered: new Set(answered) });
  };
  const syncedNow = new Map<number, number>();
  const instant = async (_: string, synced: ReadonlyMap<number, number>): Promise<void> => {
    for (const [hour, length] of synced) syncedNow.set(hour, length);
    await shoot(synced);
  };
  const store = await openAt(folder, await faultyFiles(folder, { instant, liesAboutSync }));
  await store.apply([openMailbox(mailbox)]);
  for (let batch = 0; batch < 6; batch++) {
    const sent = Array.from({ length: 1 + batch }, () => sized());
    await store.apply(sent.map((envelope, i) => deposit(mailbox, envelope, HOUR + (i % 2))));
    for (const envelope of sent) answered.add(textOf(envelope));
    await shoot(syncedNow);
  }
  let lost = 0;
  for (const { image, answered: expected } of images) {
    const copy = await openEmbeddedStore({ folder: image, hash });
    const there = new Set((await copy.read(mailbox, 0, 1_000, HOUR)).map(({ envelope }) => textOf(envelope)));
    lost += [...expected].filter((envelope) => !there.has(envelope)).length;
    // It goes on from there.
    const next = sized();
    if (copy.mailbox(mailbox, HOUR) !== null) {
      expect(await copy.apply([deposit(mailbox, next)])).toMatchObject([{ kind: "stored", isNew: true }]);
      const rows = await copy.read(mailbox, 0, 1_000, HOUR);
      expect(textOf(rows.at(-1)?.envelope as Uint8Array)).toBe(textOf(next));
    }
    await copy.close();
  }
  return { lost, images: images.length };
}

describe("power that fails", () => {
  it("[ST1] [SG2] at no instant is an answered envelope lost, whatever was not synced", async () => {
    const { lost, images } = await lostAtSomeInstant(false);
    expect(images).toBeGreaterThan(20);
    expect(lost).toBe(0);
  });

  it("the check itself sees a disk that lies about its syncs", async () => {
    expect((await lostAtSomeInstant(true)).lost).toBeGreaterThan(0);
  });

  it("a crash in the middle of expiry is taken up again", async () => {
    const folder = await newFolder();
    const real = await faultyFiles(folder, {});
    let fails = true;
    const files: SegmentFiles = {
      ...real,
      remove: (hour) => {
        if (fails) return Promise.reject(failure("EIO"));
        return real.remove(hour);
      },
    };
    const store = await openAt(folder, files);
    const mailbox = sized(32);
    const late = sized();
    await store.apply([openMailbox(mailbox), deposit(mailbox, sized()), deposit(mailbox, late, HOUR + 2)]);
    await expect(store.expire(HOUR + EXPIRY_HOURS)).rejects.toThrow("EIO");
    await store.close();
    stores.length = 0;
    fails = false;
    const reopened = await openAt(folder, files);
    await reopened.expire(HOUR + EXPIRY_HOURS);
    expect(await files.hours()).toEqual([HOUR + 2 + EXPIRY_HOURS]);
    expect((await reopened.read(mailbox, 0, 10, HOUR)).map((row) => row.envelope)).toEqual([late]);
  });
});

describe("group commit", () => {
  const commits = (apply: (batch: readonly number[]) => Promise<readonly number[]>, maxWaitingBytes = 1_000) =>
    new GroupCommit<number, number>({ apply, sizeOf: () => 10, maxCount: 8, maxWaitingBytes });

  it("[GC1] gathers what waits, in order, and answers each with its own outcome", async () => {
    const sizes: number[] = [];
    const group = commits(async (batch) => {
      sizes.push(batch.length);
      return batch.map((n) => n * 2);
    });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => group.submit(i)));
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => i * 2));
    expect(sizes).toEqual([8, 8, 4]);
    await group.settle();
  });

  it("[GC2] says at once that it has no room, and has it again", async () => {
    let finish: () => void = () => {};
    const group = commits(
      (batch) =>
        new Promise((resolve) => {
          finish = () => resolve(batch);
        }),
      20,
    );
    const [first, second] = [group.submit(1), group.submit(2)];
    expect(group.submit(3)).toBeNull();
    await new Promise<void>((resolve) => {
      setImmediate(() => setImmediate(resolve));
    });
    finish();
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    expect(group.submit(4)).not.toBeNull();
  });

  it("a batch that fails fails for those in it alone", async () => {
    const group = new GroupCommit<StoreOperation | number, StoreOutcome | number>({
      apply: async (batch) => {
        if (batch.includes(13)) throw new StoreUnavailable("store-full");
        return batch as number[];
      },
      sizeOf: () => 1,
      maxCount: 1,
      maxWaitingBytes: 100,
    });
    const [good, bad, fine] = [group.submit(1), group.submit(13), group.submit(2)];
    expect(await good).toBe(1);
    await expect(bad).rejects.toThrow("store-full");
    expect(await fine).toBe(2);
  });
});
