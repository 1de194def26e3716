/**
 * The node: its storage port, deposits through its public socket, and the memory of connections that are idle. The node
 * runs as the built program in a process of its own, the clients in another.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { GroupCommit, openEmbeddedStore, type StoreOperation, type StoreOutcome } from "@xchat/node-store";
import { startNodeProcess, type NodeProcess } from "@xchat/testkit";
import type { BenchResult } from "./run.ts";

const BUILT = join(import.meta.dirname, "..", "apps", "node", "dist", "main.js");
const LOAD = join(import.meta.dirname, "load");
const HOUR = 500_000;
const ENVELOPE_BYTES = 8_192;

const STORE_MAILBOXES = 1_000;
const STORE_ENVELOPES = 120;
const STORE_WRITERS = 1_024;
const IDLE_CONNECTIONS = 15_000;

export async function run(): Promise<BenchResult> {
  const storagePutsPerSecond = await measureStorage();
  const deposits = await measureDeposits();
  const idle = await measureIdle();
  return {
    figures: { storagePutsPerSecond, ...deposits, ...idle },
    notes: [
      "storagePutsPerSecond: 8 KiB envelopes, group commit of 1,024 concurrent writers, each answered after the sync; read back and checked",
      "depositsPerSecond: sealed beforehand on 48 open exchanges; opened, signature verified, synced, receipt checked",
      "freshDepositsPerSecond: the same, each in an exchange of its own",
      "idleMegabytes: growth of the resident set with 15,000 idle connections; echoMegabytes: a bare ws echo server",
      "targets: 10,000 puts, 3,000 deposits, 1,000 fresh deposits, 15,000 connections under 200 MB",
    ],
  };
}

async function measureStorage(): Promise<number> {
  const provider = nodeCryptoProvider();
  const folder = await mkdtemp(join(tmpdir(), "xchat-bench-"));
  const store = await openEmbeddedStore({ folder, hash: provider.sha256 });
  const mailboxes = Array.from({ length: STORE_MAILBOXES }, () => provider.randomBytes(32));
  const envelopes = Array.from({ length: STORE_ENVELOPES }, () => {
    const envelope = provider.randomBytes(ENVELOPE_BYTES);
    return { envelope, hash: provider.sha256(envelope) };
  });
  const written = envelopes.map(({ envelope }) => Buffer.from(envelope).toString("latin1")).toSorted();
  await store.apply(mailboxes.map((mailbox) => ({ kind: "open-mailbox", mailbox, hour: HOUR })));
  const commits = new GroupCommit<StoreOperation, StoreOutcome>({
    apply: (batch) => store.apply(batch),
    sizeOf: () => ENVELOPE_BYTES,
    maxCount: 512,
    maxWaitingBytes: 64 * 2 ** 20,
  });
  const total = STORE_MAILBOXES * STORE_ENVELOPES;
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < total) {
      const at = next++;
      const { envelope, hash } = envelopes[Math.floor(at / STORE_MAILBOXES)] as (typeof envelopes)[0];
      const mailbox = mailboxes[at % STORE_MAILBOXES] as Uint8Array;
      const outcome = await commits.submit({ kind: "deposit", to: "mailbox", mailbox, envelope, hash, hour: HOUR });
      if (outcome?.kind !== "stored" || !outcome.isNew) throw new Error(`not stored: ${JSON.stringify(outcome)}`);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: STORE_WRITERS }, write));
  const seconds = (performance.now() - started) / 1_000;
  for (const mailbox of mailboxes) {
    const rows = await store.read(mailbox, 0, STORE_ENVELOPES + 1, HOUR);
    if (rows.length !== STORE_ENVELOPES) throw new Error(`only ${rows.length} envelopes are there`);
    const found = rows.map(({ envelope }) => Buffer.from(envelope).toString("latin1")).toSorted();
    if (found.some((one, at) => one !== written[at])) throw new Error("an envelope is not what was stored");
  }
  await store.close();
  await rm(folder, { recursive: true, force: true });
  return total / seconds;
}

async function measureDeposits(): Promise<{ depositsPerSecond: number; freshDepositsPerSecond: number }> {
  const node = await startNodeProcess({ main: BUILT });
  try {
    const task = {
      address: node.hint.address,
      mailboxes: 48,
      connections: 16,
      depositsEach: 500,
      freshDeposits: 6_000,
    };
    const load = startLoad("deposits.ts", task);
    return (await firstLine(load)) as { depositsPerSecond: number; freshDepositsPerSecond: number };
  } finally {
    await node.remove();
  }
}

async function measureIdle(): Promise<Record<string, number>> {
  const node: NodeProcess = await startNodeProcess({ main: BUILT });
  try {
    const own = await growthWith(node.pid, node.hint.address);
    const echo = spawn(process.execPath, [join(LOAD, "echo.ts")], { stdio: ["ignore", "pipe", "inherit"] });
    const { port } = (await firstLine(echo)) as { port: number };
    const bare = await growthWith(echo.pid as number, `ws://127.0.0.1:${port}/`);
    echo.kill("SIGKILL");
    return { idleConnections: own.open, idleMegabytes: own.megabytes, echoMegabytes: bare.megabytes };
  } finally {
    await node.remove();
  }
}

async function growthWith(pid: number, address: string): Promise<{ open: number; megabytes: number }> {
  const before = await residentBytes(pid);
  const load = startLoad("idle.ts", { address, count: IDLE_CONNECTIONS });
  const { open } = (await firstLine(load)) as { open: number };
  const megabytes = ((await residentBytes(pid)) - before) / 1e6;
  load.stdin?.end();
  await new Promise((resolve) => {
    load.once("exit", resolve);
  });
  return { open, megabytes };
}

const startLoad = (file: string, task: unknown): ChildProcess =>
  spawn(process.execPath, ["--max-old-space-size=4096", join(LOAD, file), JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "inherit"],
  });

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

function firstLine(child: ChildProcess): Promise<unknown> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(JSON.parse(text.slice(0, text.indexOf("\n"))));
    });
    child.once("exit", (code) => reject(new Error(`the load ended with code ${code}`)));
  });
}
