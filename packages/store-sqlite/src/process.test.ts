import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { StoreError } from "@xchat/client/ports";
import { expect, it, onTestFinished } from "vitest";
import { seededRandom } from "./disk.fault.ts";
import { nodeStoreOpener } from "./open.node.ts";
import { Workload } from "./workload.ts";

const SEED = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const EFFORT = Number(process.env["XCHAT_FUZZ"] ?? 1);
console.log(`store processes: XCHAT_SEED=${SEED}`);

const openerIn = (directory: string) =>
  nodeStoreOpener({ directory, provider: nodeCryptoProvider(), now: () => 1_700_000_000_000 });

function freshFolder(): string {
  const root = mkdtempSync(join(tmpdir(), "xchat-process-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return join(root, "profile");
}

function startWriter(directory: string, seed: number, skip: number): ChildProcess {
  const script = fileURLToPath(new URL("./fixtures/writer-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory, String(seed), String(skip)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Kills a writer after it has acknowledged so many times more; answers the last number that it acknowledged. */
async function killAfter(child: ChildProcess, acknowledgements: number): Promise<number> {
  if (child.stdout === null) throw new Error("no output");
  let last = 0;
  let count = 0;
  const ended = once(child, "close");
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    // What is still in the pipe was acknowledged too, and is read to its end.
    if (++count === acknowledgements) child.kill("SIGKILL");
  }
  await ended;
  return last;
}

it("[S1] [S2] a process killed at random instants while it writes loses nothing that was acknowledged", async () => {
  const directory = freshFolder();
  const random = seededRandom(SEED);
  const work = new Workload(seededRandom(SEED + 1));
  let held = 0;
  for (let round = 0; round < 8 * EFFORT; round++) {
    const child = startWriter(directory, SEED + 1, held);
    const acknowledged = await killAfter(child, 1 + Math.floor(random() * 120));
    expect(acknowledged).toBeGreaterThan(held);
    while (work.length < acknowledged + 10) work.next();
    const store = await openerIn(directory).open(null);
    held = await work.prefixIn(store, acknowledged);
    expect(held, `seed ${SEED}, round ${round}: ${acknowledged} acknowledged`).toBeGreaterThan(-1);
    expect((await store.health("full")).problems).toEqual([]);
    await store.close();
  }
  expect(held).toBeGreaterThan(50);
});

it("a profile that another process has open is refused with words, and taken over when that process is gone", async () => {
  const directory = freshFolder();
  const child = startWriter(directory, SEED, 0);
  if (child.stdout === null) throw new Error("no output");
  await once(child.stdout, "data");
  const refusal = await openerIn(directory)
    .open(null)
    .catch((error: unknown) => error as StoreError);
  expect(refusal).toMatchObject({ code: "store-in-use" });
  expect(String((refusal as StoreError).cause)).toContain(`process ${child.pid}`);
  expect(await openerIn(directory).state()).toBe("open-key");
  await expect(openerIn(directory).destroy()).rejects.toMatchObject({ code: "store-in-use" });
  child.kill("SIGKILL");
  await once(child, "close");
  expect(existsSync(join(directory, "lock"))).toBe(true);
  const store = await openerIn(directory).open(null);
  await store.close();
  expect(existsSync(join(directory, "lock"))).toBe(false);
});

it("a lock is stale when its number belongs to another process by now, when it is torn, or left by a takeover", async () => {
  const directory = freshFolder();
  await (await openerIn(directory).create(null)).close();
  const lock = join(directory, "lock");
  const stale = [
    // Our own number, from an earlier life.
    JSON.stringify({ pid: process.pid, started: "1", token: "x" }),
    // The number of a process that started at another time, where the system tells.
    ...(existsSync("/proc/1/stat") ? [JSON.stringify({ pid: 1, started: "987654321", token: "x" })] : []),
    '{"pid":',
    "",
  ];
  for (const content of stale) {
    writeFileSync(lock, content);
    writeFileSync(join(directory, "lock.takeover"), content);
    await (await openerIn(directory).open(null)).close();
  }
});

it.runIf(process.platform === "linux")(
  "where the disk has no room for the lock, that is told, and nothing is left",
  () => {
    const directory = mkdtempSync(join(tmpdir(), "xchat-process-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const take = `
    import { takeLock } from ${JSON.stringify(new URL("./lock.node.ts", import.meta.url).href)};
    try { takeLock(${JSON.stringify(directory)}); } catch (error) { console.log(error.name, error.code); }`;
    // A process that may write no byte into any file meets what it would meet on a full disk.
    const child = spawnSync("sh", ["-c", 'ulimit -f 0; exec "$0" --input-type=module -e "$1"', process.execPath, take]);
    expect(child.stdout.toString()).toBe("StoreError store-full\n");
    expect(readdirSync(directory)).toEqual([]);
  },
);
