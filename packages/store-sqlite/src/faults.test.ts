import { nodeCryptoProvider } from "@xchat/crypto/node";
import { StoreError, type Store, type StoreOpener } from "@xchat/client/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk, seededRandom } from "./disk.fault.ts";
import { memoryStoreOpener } from "./open.memory.ts";
import { Workload } from "./workload.ts";

const provider = nodeCryptoProvider();
const passphraseParameters = { memoryKiB: 64, passes: 1 };
const openerOn = (disk: FaultDisk): StoreOpener =>
  memoryStoreOpener({ disk, provider, now: () => 1_700_000_000_000, passphraseParameters });

/** One seed a run, printed, unless one is given: XCHAT_SEED=123 repeats a run. XCHAT_FUZZ multiplies the rounds. */
const SEED = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const EFFORT = Number(process.env["XCHAT_FUZZ"] ?? 1);
console.log(`store faults: XCHAT_SEED=${SEED}`);

/** Gives writes in small groups until all are given or the store fails; answers how many were acknowledged. */
async function writeUntilFailure(store: Store, work: Workload, count: number, random: () => number): Promise<number> {
  let acknowledged = work.length;
  for (let given = 0; given < count;) {
    const group = Math.min(count - given, 1 + Math.floor(random() * 3));
    given += group;
    // Where something happens meanwhile the sync comes later, and whoever reads does not wait for it.
    const meanwhile = random() < 0.5 ? async () => void (await store.document("d0").catch(() => null)) : undefined;
    const results = await Promise.allSettled(Array.from({ length: group }, () => store.write(work.next(), meanwhile)));
    for (const result of results) {
      if (result.status === "rejected") return acknowledged;
      acknowledged++;
    }
  }
  return acknowledged;
}

const where = (seed: number, at: number): string => `seed ${seed}, operation ${at}`;

async function expectPrefix(store: Store, work: Workload, acknowledged: number, place: string): Promise<number> {
  const held = await work.prefixIn(store, acknowledged);
  expect(held, `${place}: a prefix of ${work.length} writes, ${acknowledged} of them acknowledged`).toBeGreaterThan(-1);
  expect((await store.health("full")).problems, place).toEqual([]);
  return held;
}

/** Which of the two passphrases counts; exactly one of them must. */
async function hasNewPassphrase(disk: FaultDisk, from: string | null, to: string | null): Promise<boolean> {
  const state = await openerOn(disk).state();
  // A store without a passphrase would open with any.
  if (from === null || to === null) return (state === "open-key") === (to === null);
  const tries = await Promise.allSettled([
    openerOn(disk)
      .open(from)
      .then((store) => store.close()),
  ]);
  if (tries[0]?.status === "fulfilled") return false;
  expect(tries[0]?.reason).toMatchObject({ code: "wrong-passphrase" });
  return true;
}

describe("store on a disk that crashes", () => {
  it("[S1] [S2] holds a prefix of the writes, and all acknowledged ones, after a crash at any operation", async () => {
    const writes = 12;
    const operations = await (async () => {
      const disk = new FaultDisk();
      const random = seededRandom(SEED);
      const store = await openerOn(disk).create(null);
      const before = disk.operations;
      await writeUntilFailure(store, new Workload(random), writes, random);
      await store.close();
      return disk.operations - before;
    })();
    expect(operations).toBeGreaterThan(30);
    for (let at = 0; at < operations * EFFORT; at++) {
      const seed = SEED + (at >= operations ? at : 0);
      const disk = new FaultDisk();
      const random = seededRandom(seed);
      const work = new Workload(random);
      const store = await openerOn(disk).create(null);
      disk.fault = { kind: "crash", at: disk.operations + (at % operations) };
      const acknowledged = await writeUntilFailure(store, work, writes, random);
      await store.close();
      disk.restart(random);
      const again = await openerOn(disk).open(null);
      await expectPrefix(again, work, acknowledged, where(seed, at));
      await again.close();
    }
  });

  it("[S1] what happens meanwhile comes before the sync, and the write is done after it", async () => {
    const disk = new FaultDisk();
    const store = await openerOn(disk).create(null);
    await store.write([{ document: "a", value: Uint8Array.of(1) }]);
    let isDone = false;
    await new Promise<void>((resolve) => {
      const write = store.write([{ document: "a", value: Uint8Array.of(2) }], async () => {
        expect(await store.document("a")).toEqual(Uint8Array.of(2));
        disk.fault = { kind: "sync", at: disk.operations };
        await Promise.resolve();
        expect(isDone).toBe(false);
      });
      void write.catch(() => {}).finally(resolve);
      void write.then(
        () => (isDone = true),
        () => {},
      );
    });
    expect(isDone).toBe(false);
    await expect(store.write([])).rejects.toMatchObject({ code: "store-failed" });
    await store.close();
    disk.restart(() => 0.99);
    const again = await openerOn(disk).open(null);
    expect([...((await again.document("a")) ?? [])]).toHaveLength(1);
    await again.close();
  });

  it("[S1] a write that changes nothing says nothing of one before it whose sync is still to come", async () => {
    const disk = new FaultDisk();
    const store = await openerOn(disk).create(null);
    await store.write([{ document: "a", value: Uint8Array.of(1) }]);
    const order: string[] = [];
    const first = store.write([{ document: "a", value: Uint8Array.of(2) }], async () => {
      await store.write([]);
      order.push("empty");
    });
    await first.then(() => order.push("first"));
    expect(order).toEqual(["empty", "first"]);
    let isSafe = false;
    const second = store.write([{ document: "a", value: Uint8Array.of(3) }], async () => {
      await store.write([]);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      expect(isSafe).toBe(false);
      disk.fault = { kind: "sync", at: disk.operations };
    });
    void second.then(
      () => (isSafe = true),
      () => {},
    );
    await expect(second).rejects.toMatchObject({ code: "store-failed" });
    await store.close();
  });

  it("[S1] [S2] survives crash upon crash, also while it recovers", async () => {
    for (let round = 0; round < 12 * EFFORT; round++) {
      const seed = SEED + round;
      const random = seededRandom(seed);
      const disk = new FaultDisk();
      const work = new Workload(random);
      await (await openerOn(disk).create(null)).close();
      let acknowledged = 0;
      for (let crash = 0; crash < 6; crash++) {
        disk.fault = { kind: "crash", at: disk.operations + Math.floor(random() * 60) };
        const store = await openerOn(disk)
          .open(null)
          .catch((error: unknown) => {
            if (disk.isDown) return null;
            throw error;
          });
        if (store !== null) {
          const held = await work.prefixIn(store, acknowledged);
          if (!disk.isDown) {
            expect(held, where(seed, crash)).toBeGreaterThan(-1);
            work.takeBack(held);
            acknowledged = await writeUntilFailure(store, work, 20, random);
          }
          await store.close();
        }
        disk.restart(random);
      }
      const last = await openerOn(disk).open(null);
      await expectPrefix(last, work, acknowledged, where(seed, -1));
      await last.close();
    }
  });

  it("a crash while a store is made leaves none, or an empty one", async () => {
    const whole = new FaultDisk();
    await openerOn(whole).create("p");
    const states = new Set<string>();
    for (let at = 0; at < whole.operations; at++) {
      const disk = new FaultDisk();
      const random = seededRandom(SEED + at);
      disk.fault = { kind: "crash", at };
      const made = await openerOn(disk)
        .create("p")
        .catch((error: unknown) => {
          expect(error).toBeInstanceOf(StoreError);
          return null;
        });
      disk.restart(random);
      const state = await openerOn(disk).state();
      if (made !== null) expect(state, where(SEED, at)).toBe("passphrase");
      states.add(state);
      const store = state === "none" ? await openerOn(disk).create("p") : await openerOn(disk).open("p");
      expect(store.hasPassphrase()).toBe(true);
      await expectPrefix(store, new Workload(random), 0, where(SEED, at));
      await store.close();
    }
    expect([...states].toSorted()).toEqual(["none", "passphrase"]);
  });

  // Every operation of the one that uses both, and every third of the others.
  for (const [from, to, step] of [
    [null, "new", 3],
    ["old", "new", 1],
    ["old", null, 3],
  ] as const) {
    it(`a crash while the passphrase changes (${from} to ${to}) leaves the one or the other, and everything`, async () => {
      const ends = { old: 0, new: 0 };
      let isFinished = false;
      for (let at = 0; !isFinished; at += step) {
        const disk = new FaultDisk();
        const random = seededRandom(SEED + at);
        const work = new Workload(random);
        const store = await openerOn(disk).create(from);
        const acknowledged = await writeUntilFailure(store, work, 10, random);
        disk.fault = { kind: "crash", at: disk.operations + at };
        await store.setPassphrase(from, to).catch((error: unknown) => expect(error).toBeInstanceOf(StoreError));
        isFinished = !disk.isDown;
        await store.close();
        disk.restart(random);
        const hasChanged = await hasNewPassphrase(disk, from, to);
        ends[hasChanged ? "new" : "old"]++;
        const again = await openerOn(disk).open(hasChanged ? to : from);
        expect(again.hasPassphrase()).toBe((hasChanged ? to : from) !== null);
        await expectPrefix(again, work, acknowledged, where(SEED, at));
        await again.write(work.next());
        await again.close();
        const files = [...disk.contents()].filter(([, bytes]) => bytes.length > 0).map(([name]) => name);
        expect(files.filter((name) => name.endsWith(".db"))).toHaveLength(1);
      }
      expect(ends.old).toBeGreaterThan(5);
      expect(ends.new).toBeGreaterThan(0);
    });
  }

  it.each([null, "a passphrase"])(
    "a crash while the store is rewritten loses nothing (passphrase: %s)",
    async (phrase) => {
      const ends = { a: 0, b: 0 };
      let isFinished = false;
      for (let at = 0; !isFinished; at += 2) {
        const disk = new FaultDisk();
        const random = seededRandom(SEED + at);
        const work = new Workload(random);
        const store = await openerOn(disk).create(phrase);
        const acknowledged = await writeUntilFailure(store, work, 10, random);
        disk.fault = { kind: "crash", at: disk.operations + at };
        await store.rewrite().catch((error: unknown) => expect(error).toBeInstanceOf(StoreError));
        isFinished = !disk.isDown;
        await store.close();
        disk.restart(random);
        const again = await openerOn(disk).open(phrase);
        expect(again.hasPassphrase()).toBe(phrase !== null);
        await expectPrefix(again, work, acknowledged, where(SEED, at));
        await again.write(work.next());
        await again.close();
        const files = [...disk.contents()].filter(([, bytes]) => bytes.length > 0).map(([name]) => name);
        const databases = files.filter((name) => name.endsWith(".db"));
        expect(databases).toHaveLength(1);
        ends[databases[0] === "store-a.db" ? "a" : "b"]++;
      }
      expect(ends.a).toBeGreaterThan(5);
      expect(ends.b).toBeGreaterThan(0);
    },
  );
});

describe("store on a disk that is full or fails", () => {
  it("a full disk refuses the write with words, keeps what was there, and goes on when there is room", async () => {
    for (let at = 0; at < 30 * EFFORT; at++) {
      const seed = SEED + at;
      const random = seededRandom(seed);
      const disk = new FaultDisk();
      const work = new Workload(random);
      const store = await openerOn(disk).create(null);
      await store.write(work.next());
      const full = disk.operations + (at % 30);
      disk.fault = { kind: "full", at: full, until: full + 1 + Math.floor(random() * 40) };
      for (let n = 0; n < 20; n++) {
        const before = work.length;
        try {
          await store.write(work.next());
        } catch (error) {
          expect((error as StoreError).code, where(seed, at)).toBe("store-full");
          work.takeBack(before);
        }
        expect(await work.prefixIn(store, work.length), where(seed, at)).toBe(work.length);
      }
      disk.fault = null;
      await store.write(work.next());
      await store.close();
      const again = await openerOn(disk).open(null);
      expect(await expectPrefix(again, work, work.length, where(seed, at))).toBe(work.length);
      await again.close();
    }
  });

  it("a passphrase that cannot be changed for lack of room leaves the old one", async () => {
    const disk = new FaultDisk();
    const store = await openerOn(disk).create("old");
    await store.write([{ document: "a", value: new Uint8Array(20_000) }]);
    for (let at = 0; at < 5; at++) {
      disk.fault = { kind: "full", at: disk.operations + at, until: Infinity };
      await expect(store.setPassphrase("old", "new")).rejects.toMatchObject({ code: "store-full" });
      disk.fault = null;
      expect((await store.document("a"))?.length).toBe(20_000);
      await store.write([{ document: "b", value: new Uint8Array(at) }]);
    }
    expect([...disk.contents().keys()].filter((name) => name.endsWith(".db"))).toEqual(["store-a.db"]);
    await store.close();
    const again = await openerOn(disk).open("old");
    expect((await again.document("b"))?.length).toBe(4);
    await again.close();
  });

  for (const kind of ["io", "sync"] as const) {
    it(`[S1] after a failed ${kind === "io" ? "operation" : "sync"} nothing acknowledged is lost`, async () => {
      for (let at = 0; at < 25 * EFFORT; at++) {
        const seed = SEED + at;
        const random = seededRandom(seed);
        const disk = new FaultDisk();
        const work = new Workload(random);
        const store = await openerOn(disk).create(null);
        await store.write(work.next());
        disk.fault = { kind, at: disk.operations + at };
        // A commit is two operations at least, and takes up to four writes.
        const acknowledged = await writeUntilFailure(store, work, 25 + 2 * at, random);
        if (kind === "sync") {
          // Nobody knows what is on the disk: the store says no until it has been opened again, and still reads.
          expect(acknowledged, where(seed, at)).toBeLessThan(work.length);
          await expect(store.write([])).rejects.toMatchObject({ code: "store-failed" });
          expect((await store.health("quick")).problems).toHaveLength(1);
        }
        expect(await work.prefixIn(store, acknowledged), where(seed, at)).toBeGreaterThan(-1);
        await store.close();
        disk.restart(random);
        const again = await openerOn(disk).open(null);
        await expectPrefix(again, work, acknowledged, where(seed, at));
        await again.close();
      }
    });
  }
});
