import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { expect, it, onTestFinished } from "vitest";
import { sampleConversation, sampleEvent } from "./sample-records.ts";
import { createDatabase, startEngine } from "./database.ts";
import { MemoryDisk } from "./disk.memory.ts";
import { nodeStoreOpener } from "./open.node.ts";
import { SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { TABLES } from "./tables.ts";
import { loadSqliteNode } from "./wasm.node.ts";

const provider = nodeCryptoProvider();
const now = (): number => 1_700_000_000_000;
const FIXTURES = join(import.meta.dirname, "fixtures");
const frozen = readdirSync(FIXTURES).filter((name) => name.startsWith("store-"));

it("every released version is frozen", () => {
  expect(frozen).toHaveLength(SCHEMA_VERSION);
});

for (const name of frozen) {
  it(`opens the frozen ${name} and finds everything`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "xchat-frozen-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    cpSync(join(FIXTURES, name), directory, { recursive: true });
    const opener = nodeStoreOpener({ directory, provider, now });
    expect(await opener.state()).toBe("passphrase");
    const store = await opener.open("frozen");
    expect(await store.get("conversation", "c1")).toEqual(sampleConversation("c1"));
    expect((await store.get("group", "c1"))?.epochPart).toEqual(new Uint8Array(5000).fill(7));
    expect(await store.document("profile")).toEqual(Uint8Array.of(1, 2, 3));
    expect([...(await store.seen(["aa", "bb"]))]).toEqual(["aa"]);
    expect((await store.all("outbox")).map((item) => item.sequence)).toEqual([3]);
    expect((await store.eventsBefore("c1", null, 100)).events).toHaveLength(60);
    expect((await store.summary("c1", null)).unread).toBe(60);
    expect(await store.search("GRÜSSE", null, 100)).toHaveLength(60);
    expect(await store.search("gruesse", null, 100)).toHaveLength(0);
    expect(await store.search("gru 東京", null, 100)).toHaveLength(60);
    await store.write([{ put: "event", record: sampleEvent(61) }]);
    expect((await store.health("full")).problems).toEqual([]);
    await store.close();
    // What is frozen was only copied.
    expect(readFileSync(join(FIXTURES, name, "key-1")).length).toBeGreaterThan(100);
  });
}

it("the tables have the columns that the records have, each of its type", async () => {
  const engine = startEngine(await loadSqliteNode(), new MemoryDisk(), { randomBytes: provider.randomBytes, now });
  const connection = createDatabase(engine, "a", provider.randomBytes(32));
  expect(schemaVersion(connection)).toBe(SCHEMA_VERSION);
  const types = { text: "TEXT", integer: "INTEGER", flag: "INTEGER", blob: "BLOB" } as const;
  for (const [table, { columns }] of Object.entries(TABLES)) {
    const found = connection.script(`PRAGMA table_info("${table}")`).filter((row) => row[1] !== "number");
    const described = Object.entries(columns as Record<string, string>).map(([name, kind]) => [
      name,
      types[kind.replace(" or null", "") as keyof typeof types],
      kind.endsWith("or null") ? 0 : 1,
    ]);
    expect(
      found.map((row) => [row[1], row[2], row[3]]),
      table,
    ).toEqual(described);
  }
  connection.close();
});
