import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { StoreError, type StoreErrorCode, type StoreOpener } from "@xchat/client/ports";
import { describe, expect, it, onTestFinished } from "vitest";
import { sampleEvent } from "./sample-records.ts";
import { Connection } from "./connection.ts";
import { openDatabase, startEngine } from "./database.ts";
import { MemoryDisk } from "./disk.memory.ts";
import type { DiskFile } from "./disk.ts";
import { readKeyFile } from "./key-file.ts";
import { MEMORY_SCHEDULE, memoryStoreOpener } from "./open.memory.ts";
import { createOpener } from "./opener.ts";
import { nodeStoreOpener } from "./open.node.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { loadSqliteNode } from "./wasm.node.ts";

const provider = nodeCryptoProvider();
const now = (): number => 1_700_000_000_000;
const openerOn = (disk: MemoryDisk): StoreOpener =>
  memoryStoreOpener({ disk, provider, now, passphraseParameters: { memoryKiB: 64, passes: 1 } });

type Files = Readonly<Record<string, string>>;

/** Everything on the disk, but for empty files: SQLite makes one where it looks for a log. */
const filesOf = (disk: MemoryDisk): Files =>
  Object.fromEntries(
    [...disk.files]
      .map(([name, file]) => [name, Buffer.from(file.bytes()).toString("base64")] as const)
      .filter(([, text]) => text !== "")
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

/** A store with something in it; `isCut` leaves the last writes in the log, as a killed process does. */
async function filledDisk(passphrase: string | null, isCut = false): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const first = await openerOn(disk).create(passphrase);
  await first.write([{ put: "event", record: sampleEvent(1) }]);
  await first.close();
  const store = await openerOn(disk).open(passphrase);
  for (let n = 2; n < 40; n++) await store.write([{ put: "event", record: sampleEvent(n) }]);
  if (isCut) disk.abandon();
  else await store.close();
  return disk;
}

async function expectRefusal(disk: MemoryDisk, passphrase: string | null, code: StoreErrorCode): Promise<void> {
  const before = filesOf(disk);
  await expect(openerOn(disk).open(passphrase)).rejects.toMatchObject({ name: "StoreError", code });
  expect(filesOf(disk)).toEqual(before);
}

/** Works on the database of a disk with its key, as only a test may. */
async function withConnection(disk: MemoryDisk, use: (connection: Connection) => void): Promise<void> {
  const state = readKeyFile(provider, disk);
  if (state.kind !== "record" || state.record.key.kind !== "bare") throw new Error("no bare key");
  const engine = startEngine(await loadSqliteNode(), disk, { randomBytes: (n) => provider.randomBytes(n), now });
  const connection = openDatabase(engine, state.record.database, state.record.key.key);
  use(connection);
  connection.close();
}

describe("a store that must be refused stays as it is", () => {
  for (const isCut of [false, true]) {
    const kind = isCut ? "with a log" : "that was closed";

    it(`a wrong passphrase, and none, on a store ${kind}`, async () => {
      const disk = await filledDisk("right", isCut);
      await expectRefusal(disk, "wrong", "wrong-passphrase");
      await expectRefusal(disk, null, "passphrase-needed");
      await (await openerOn(disk).open("right")).close();
    });

    it(`none is told before the engine is brought up, on a store ${kind}`, async () => {
      const place = await filledDisk("right", isCut);
      const loadSqlite = (): never => {
        throw new Error("not needed yet");
      };
      const opener = createOpener({ place, provider, now, loadSqlite, schedule: MEMORY_SCHEDULE });
      await expect(opener.open(null)).rejects.toMatchObject({ code: "passphrase-needed" });
    });

    it(`a newer version, on a store ${kind}`, async () => {
      const disk = await filledDisk(null);
      await withConnection(disk, (connection) => {
        connection.script(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
        if (!isCut) return;
        // A log that is still there when the version is looked at.
        connection.close = () => {};
      });
      await expectRefusal(disk, null, "store-newer-version");
    });
  }

  for (const offset of [0, 16, 90, 3000]) {
    it(`the first page damaged at byte ${offset}`, async () => {
      const disk = await filledDisk(null);
      disk.files.get("store-a.db")?.write(Uint8Array.of(0xff, 0x0f, 0xf0), offset);
      await expectRefusal(disk, null, "store-damaged");
    });
  }

  it("a database that is empty or gone", async () => {
    const empty = await filledDisk(null, true);
    empty.files.get("store-a.db")?.truncate(0);
    await expectRefusal(empty, null, "store-damaged");
    const gone = await filledDisk(null);
    gone.remove("store-a.db");
    await expectRefusal(gone, null, "store-damaged");
    await expect(openerOn(gone).create(null)).rejects.toMatchObject({ code: "store-failed" });
  });

  it("both copies of the key gone or damaged: nothing is made over the database", async () => {
    for (const harm of [
      (disk: MemoryDisk, name: string) => disk.remove(name),
      (disk: MemoryDisk, name: string) => disk.files.get(name)?.write(Uint8Array.of(1, 2, 3), 40),
      (disk: MemoryDisk, name: string) => disk.files.get(name)?.truncate(20),
    ]) {
      const disk = await filledDisk(null);
      harm(disk, "key-1");
      harm(disk, "key-2");
      await expectRefusal(disk, null, "store-damaged");
      const before = filesOf(disk);
      await expect(openerOn(disk).create(null)).rejects.toMatchObject({ code: "store-damaged" });
      await expect(openerOn(disk).state()).rejects.toMatchObject({ code: "store-damaged" });
      expect(filesOf(disk)).toEqual(before);
    }
  });

  it("the database of another store under this key", async () => {
    const [mine, other] = [await filledDisk(null), await filledDisk(null)];
    const foreign = other.files.get("store-a.db");
    if (foreign !== undefined) mine.files.set("store-a.db", foreign);
    await expectRefusal(mine, null, "store-damaged");
  });
});

it("opening where there is nothing leaves nothing behind", async () => {
  const root = mkdtempSync(join(tmpdir(), "xchat-nothing-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const opener = nodeStoreOpener({ directory: join(root, "profile"), provider, now });
  await expect(opener.open(null)).rejects.toMatchObject({ code: "store-missing" });
  await opener.destroy();
  expect(readdirSync(root)).toEqual([]);
});

it("no error tells a key", async () => {
  const disk = new (class extends MemoryDisk {
    override open(name: string, create: boolean): DiskFile | null {
      return name === "store-b.db" && create ? null : super.open(name, create);
    }
  })();
  const store = await openerOn(disk).create(null);
  const error: unknown = await store.setPassphrase(null, "p").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "store-failed" });
  expect(inspect(error, { depth: 9 })).not.toMatch(/[0-9a-f]{32}/u);
  await store.write([{ document: "a", value: Uint8Array.of(1) }]);
  await store.close();
});

describe("damage that can be told", () => {
  it("[K1] one torn or missing copy of the key is mended from the other", async () => {
    for (const name of ["key-1", "key-2"]) {
      for (const length of [0, 1, 33, 90]) {
        const disk = await filledDisk("p");
        const whole = filesOf(disk);
        disk.files.get(name)?.truncate(length);
        const store = await openerOn(disk).open("p");
        await store.close();
        expect(filesOf(disk)).toMatchObject({ "key-1": whole["key-1"], "key-2": whole["key-2"] });
      }
    }
  });

  it("a page that somebody has altered is never read as something else", async () => {
    const disk = await filledDisk(null);
    const file = disk.files.get("store-a.db");
    const size = file?.size ?? 0;
    expect(size).toBeGreaterThan(40_960);
    let found = 0;
    for (let page = 1; page * 4096 < size; page++) {
      const copy = new MemoryDisk();
      for (const [name, source] of disk.files) copy.open(name, true)?.write(source.bytes(), 0);
      const byte = new Uint8Array(1);
      const damaged = copy.files.get("store-a.db");
      damaged?.read(byte, page * 4096 + 2000);
      damaged?.write(Uint8Array.of((byte[0] as number) ^ 1), page * 4096 + 2000);
      try {
        const store = await openerOn(copy).open(null);
        found += (await store.health("full")).problems.length > 0 ? 1 : 0;
        const events = (await store.eventsBefore("c1", null, 100).catch(expectDamage))?.events ?? [];
        for (const event of events) expect(event).toEqual(sampleEvent(event.sequence));
        await store.close();
      } catch (error) {
        expectDamage(error);
        found++;
      }
    }
    expect(found).toBe(Math.ceil(size / 4096) - 1);
  });
});

function expectDamage(error: unknown): null {
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).code).toBe("store-damaged");
  return null;
}
