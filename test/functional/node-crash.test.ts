/**
 * kill -9 of a node at random instants while clients write: what a receipt was given for is there afterwards, once, in
 * order (spec/mailbox.md, MB11). And an orderly stop: it finishes what waits, and gives its folder back.
 */
import { watch } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MailboxKey, NodeAccess, StoredEnvelope } from "@xchat/client/ports";
import { startNodeProcess, systemClock, type NodeProcess } from "@xchat/testkit";
import { nodeConnector } from "@xchat/transport/node";
import { newEnvelope, newKey, provider } from "./raw-node-client.ts";

const MAIN = join(import.meta.dirname, "..", "..", "apps", "node", "src", "main.ts");
const ROUNDS = Number(process.env["XCHAT_CRASH_ROUNDS"] ?? 5);

let node: NodeProcess;
beforeAll(async () => {
  node = await startNodeProcess();
});
afterAll(() => node.remove());

const link = (): NodeAccess => nodeConnector({ provider, clock: systemClock }).access(node.hint);
const mailboxKey = async (): Promise<MailboxKey> => {
  const { publicKey, secretKey } = await newKey();
  return { publicKey, seed: secretKey };
};
const textOf = (envelope: Uint8Array): string => Buffer.from(envelope).toString("base64");

async function readAll(access: NodeAccess, key: MailboxKey): Promise<StoredEnvelope[]> {
  const received: StoredEnvelope[] = [];
  const abort = new AbortController();
  const outcome = await access.subscribe({
    context: "read",
    mailboxes: [{ key, after: 0 }],
    signal: abort.signal,
    onEnvelopes: (envelopes) => received.push(...envelopes),
    onCaughtUp: () => abort.abort(),
  });
  expect(outcome).toEqual({ ok: true, value: undefined });
  return received;
}

/** Deposits one envelope after the other until the node is gone. Answers with those that have a receipt. */
async function writeUntilGone(access: NodeAccess, mailbox: MailboxKey, onReceipt: () => void): Promise<string[]> {
  const answered: string[] = [];
  for (;;) {
    const envelope = newEnvelope();
    const outcome = await access.deposit({ context: textOf(mailbox.publicKey), mailbox, envelope });
    if (!outcome.ok) {
      expect(outcome.error.kind).toBe("unreachable");
      return answered;
    }
    answered.push(textOf(envelope));
    onReceipt();
  }
}

describe("kill -9", () => {
  it(`[MB11] loses nothing that has a receipt, in ${ROUNDS} crashes at random instants`, async () => {
    const mailboxes = await Promise.all(Array.from({ length: 4 }, mailboxKey));
    const answered = mailboxes.map((): string[] => []);
    for (let round = 0; round < ROUNDS; round++) {
      const access = link();
      // So many receipts after the start; what is under way at that instant is anybody's guess.
      let left = 5 + ((provider.randomBytes(1)[0] as number) % 60);
      let killed: Promise<void> | null = null;
      const onReceipt = (): void => {
        if (--left === 0) killed = node.kill();
      };
      const written = await Promise.all(mailboxes.map((mailbox) => writeUntilGone(access, mailbox, onReceipt)));
      await (killed as Promise<void> | null);
      access.close();
      written.forEach((envelopes, i) => answered[i]?.push(...envelopes));
      await node.restart();

      const reader = link();
      for (const [i, mailbox] of mailboxes.entries()) {
        const rows = await readAll(reader, mailbox);
        const there = rows.map(({ envelope }) => textOf(envelope));
        expect(new Set(there).size, "nothing is there twice").toBe(there.length);
        const kept = new Set(answered[i]);
        expect(
          there.filter((envelope) => kept.has(envelope)),
          "all of it, in order",
        ).toEqual(answered[i]);
        const cursors = rows.map(({ cursor }) => cursor);
        expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
      }
      reader.close();
    }
  }, 180_000);

  it("[MB19] the slot that was given stays given", async () => {
    const mailbox = await mailboxKey();
    const [winner, loser] = [[newEnvelope(65_536), newEnvelope()], [newEnvelope()]];
    const before = link();
    expect((await before.depositCommit({ context: "c", mailbox, envelopes: winner })).ok).toBe(true);
    await node.kill();
    before.close();
    await node.restart();
    const after = link();
    const refused = await after.depositCommit({ context: "c", mailbox, envelopes: loser });
    expect(refused).toMatchObject({ ok: false, error: { reason: "slot-taken" } });
    const slot = await after.fetchSlot({ context: "c", mailbox });
    expect(slot.ok && slot.value?.envelopes).toEqual(winner);
    after.close();
  });
});

describe("an orderly stop", () => {
  it("ends with code 0, finishes what waits for the disk, and starts again over the same folder", async () => {
    const mailbox = await mailboxKey();
    const access = link();
    expect((await access.deposit({ context: "s", mailbox, envelope: newEnvelope() })).ok).toBe(true);
    const sent = Array.from({ length: 40 }, () => newEnvelope());
    const outcomes = Promise.all(sent.map((envelope) => access.deposit({ context: "s", mailbox, envelope })));
    const code = await node.stop();
    const settled = await outcomes;
    access.close();
    expect(code).toBe(0);
    await node.restart();
    const reader = link();
    const there = new Set((await readAll(reader, mailbox)).map(({ envelope }) => textOf(envelope)));
    sent.forEach((envelope, i) => {
      if (settled[i]?.ok) expect(there.has(textOf(envelope))).toBe(true);
    });
    reader.close();
  });

  const runMain = (...args: string[]): { code: number | null; said: string } => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, ...args], {
      encoding: "utf8",
      timeout: 30_000,
    });
    return { code: status, said: stdout + stderr };
  };

  it("[DF1] a folder that another node has open is refused with words", () => {
    const { code, said } = runMain("--port", "0", "--no-app", "--data", node.dataFolder);
    expect(code).toBe(1);
    expect(said).toMatch(/Another node has .* open/);
  });

  it("[DF1] a folder of a newer version is refused with words, and left as it was", async () => {
    await node.stop();
    const format = join(node.dataFolder, "format.json");
    const before = await readFile(format, "utf8");
    await writeFile(format, JSON.stringify({ program: "xchat-node", format: 99 }));
    const { code, said } = runMain("--port", "0", "--no-app", "--data", node.dataFolder);
    expect(code).toBe(1);
    expect(said).toMatch(/newer version/);
    expect(JSON.parse(await readFile(format, "utf8"))).toEqual({ program: "xchat-node", format: 99 });
    await writeFile(format, before);
    await node.restart();
  });

  it("a wrong flag and a taken port have a clear message", () => {
    expect(runMain("--bogus")).toMatchObject({
      code: 2,
      said: expect.stringMatching(/Unknown option '--bogus'.*--help/s),
    });
    expect(runMain("--port", "99999")).toMatchObject({
      code: 2,
      said: expect.stringMatching(/--port must be a number/),
    });
    expect(runMain("--public", "chat.example")).toMatchObject({
      code: 2,
      said: expect.stringMatching(/origin such as https/),
    });
    expect(runMain("--port", "0", "--data", "/proc/no/folder")).toMatchObject({
      code: 1,
      said: expect.stringMatching(/cannot be made or written to/),
    });
    const file = join(node.dataFolder, "format.json");
    expect(runMain("--port", "0", "--data", file)).toMatchObject({
      code: 1,
      said: `The data folder ${file} cannot be made or written to.\n`,
    });
    expect(runMain("--help")).toMatchObject({ code: 0, said: expect.stringMatching(/--data FOLDER/) });
    const port = new URL(node.webAddress).port;
    const taken = runMain("--port", port, "--no-app", "--data", `${node.dataFolder}-other`);
    expect(taken).toMatchObject({ code: 1, said: expect.stringMatching(/is taken by another program/) });
  });

  it("stopped while it starts, it ends well and leaves no lock behind", async () => {
    const folder = `${node.dataFolder}-hurried`;
    await mkdir(folder);
    const watcher = watch(folder);
    const child = spawn(process.execPath, [MAIN, "--port", "0", "--no-app", "--data", folder], { stdio: "ignore" });
    watcher.once("change", () => child.kill("SIGINT"));
    const code = await new Promise((resolve) => child.once("exit", resolve));
    watcher.close();
    expect({ code, files: await readdir(folder) }).toEqual({ code: 0, files: expect.not.arrayContaining(["lock"]) });
  });

  it("[N21] what lies in the folder holds no address of a client, no secret key and no plaintext", async () => {
    const mailbox = await mailboxKey();
    const access = link();
    const marked = newEnvelope();
    expect((await access.deposit({ context: "o", mailbox, envelope: marked })).ok).toBe(true);
    access.close();
    await node.stop();
    const forbidden = [
      Buffer.from(mailbox.seed),
      ...["127.0.0.1", "localhost", "::ffff:", "Mozilla", "User-Agent"].map((text) => Buffer.from(text)),
    ];
    let bytes = 0;
    for (const name of await readdir(node.dataFolder, { recursive: true })) {
      const path = join(node.dataFolder, name);
      if (!(await stat(path)).isFile()) continue;
      const content = await readFile(path);
      bytes += content.length;
      for (const needle of forbidden)
        expect(content.includes(needle), `${name} holds ${needle.toString("latin1")}`).toBe(false);
    }
    expect(bytes).toBeGreaterThan(8_192);
    await node.restart();
  });
});
