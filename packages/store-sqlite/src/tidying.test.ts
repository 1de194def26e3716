/** When the log is made empty, and what a crash in the middle of that leaves. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Store } from "@xchat/client/ports";
import { describe, expect, it } from "vitest";
import { FaultDisk, seededRandom } from "./disk.fault.ts";
import { MemoryDisk } from "./disk.memory.ts";
import { databaseFile, type DiskPlace } from "./disk.ts";
import { createOpener } from "./opener.ts";
import type { Schedule } from "./store.ts";
import { Workload } from "./workload.ts";
import { loadSqliteNode } from "./wasm.node.ts";

const provider = nodeCryptoProvider();
const now = (): number => 1_700_000_000_000;
const LOG = `${databaseFile("a")}-wal`;
const SEED = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`store tidying: XCHAT_SEED=${SEED}`);

/** Pauses end when the test says so. */
class Pauses {
  #waiting: (() => void) | null = null;
  readonly schedule: Schedule = {
    soon: (call) => queueMicrotask(call),
    later: (call) => {
      this.#waiting = call;
      return { cancel: () => (this.#waiting = null) };
    },
  };

  end(): void {
    const call = this.#waiting;
    this.#waiting = null;
    call?.();
  }

  get isWaiting(): boolean {
    return this.#waiting !== null;
  }
}

const opener = (place: DiskPlace, pauses: Pauses): ReturnType<typeof createOpener> =>
  createOpener({ place, provider, now, loadSqlite: loadSqliteNode, schedule: pauses.schedule });

const isEmpty = (disk: MemoryDisk): boolean =>
  disk.files
    .get(LOG)
    ?.bytes()
    .every((byte) => byte === 0) === true;
const write = (store: Store, n: number): Promise<void> =>
  store.write([{ document: "one", value: new Uint8Array(3_000).fill(n) }]);

describe("[S4] the log is made empty", () => {
  it("after a pause in which nothing was written", async () => {
    const [disk, pauses] = [new MemoryDisk(), new Pauses()];
    const store = await opener(disk, pauses).create(null);
    await write(store, 1);
    expect(isEmpty(disk)).toBe(false);
    pauses.end();
    expect(isEmpty(disk)).toBe(true);
    expect(pauses.isWaiting).toBe(false);
    await write(store, 2);
    expect(isEmpty(disk)).toBe(false);
    pauses.end();
    expect(isEmpty(disk)).toBe(true);
    await store.close();
  });

  it("at the third pause, however much is written", async () => {
    const [disk, pauses] = [new MemoryDisk(), new Pauses()];
    const store = await opener(disk, pauses).create(null);
    for (let round = 0; round < 3; round++) {
      for (let pause = 0; pause < 3; pause++) {
        await write(store, pause);
        await write(store, pause + 1);
        expect(isEmpty(disk)).toBe(false);
        pauses.end();
      }
      expect(isEmpty(disk)).toBe(true);
    }
    await store.close();
  });
});

describe("[S1] [S2] a crash while the log is made empty", () => {
  it("at any operation, whatever of it has reached the disk, leaves all that was saved", async () => {
    const rounds = 8;
    for (let at = 0; at < rounds * 3; at++) {
      const random = seededRandom(SEED + at);
      const [disk, pauses, work] = [new FaultDisk(), new Pauses(), new Workload(random)];
      const store = await opener(disk, pauses).create(null);
      // The log has pages in it that the database has newer ones of.
      for (let n = 0; n < 10; n++) await store.write(work.next());
      disk.fault = { kind: "crash", at: disk.operations + (at % rounds) };
      pauses.end();
      pauses.end();
      for (let n = 0; n < 2; n++) await store.write(work.next()).catch(() => {});
      const { length } = work;
      await store.close();
      disk.restart(random);
      const again = await opener(disk, new Pauses()).open(null);
      const held = await work.prefixIn(again, length - 2);
      expect(held, `seed ${SEED + at}, operation ${at % rounds}`).toBeGreaterThanOrEqual(10);
      expect((await again.health("full")).problems).toEqual([]);
      await again.close();
    }
  });
});
