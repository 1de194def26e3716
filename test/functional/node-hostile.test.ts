/** What strangers can send to a node, and what comes of it: nothing (spec/node-api.md, exchange.md, mailbox.md). */
import { connect, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { contentHash, encodeRequest, STREAM_CREDIT, WIRE_SUBPROTOCOL, type MailboxRequest } from "@xchat/protocol";
import { startNodeProcess, type NodeProcess } from "@xchat/testkit";
import { jsonLog, startNode, type NodeLimits, type RunningNode } from "../../apps/node/src/index.ts";
import {
  EMPTY,
  learnNode,
  newEnvelope,
  newKey,
  provider,
  RawExchange,
  RawSocket,
  sealTo,
  type KnownNode,
} from "./raw-node-client.ts";

const CHEAP = { memoryKiB: 64, passes: 1, bits: 1 };
const PRICES = { mailbox: CHEAP, inbox: CHEAP, envelope: CHEAP, blob: CHEAP };

let node: NodeProcess;
let known: KnownNode;
beforeAll(async () => {
  node = await startNodeProcess();
  known = await learnNode(node.hint.address);
});
afterAll(() => node.remove());

const exchange = (): Promise<RawExchange> => RawExchange.connect(node.hint.address, known);

/** A node in this process, with limits of the test's own. */
async function withNode(
  limits: Partial<NodeLimits>,
  run: (node: RunningNode, known: KnownNode) => Promise<void>,
): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), "xchat-node-"));
  const running = await startNode({
    port: 0,
    host: "127.0.0.1",
    publicUrl: null,
    appFolder: null,
    dataFolder,
    limits,
    stampPrices: PRICES,
    log: jsonLog(() => {}, Date.now),
  });
  try {
    await run(running, await learnNode(running.socketAddress));
  } finally {
    await running.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function expectServed(): Promise<void> {
  const client = await exchange();
  const key = await newKey();
  expect(await client.openMailbox(key)).toMatchObject({ kind: "done" });
  expect(await client.deposit(key, newEnvelope())).toMatchObject({ kind: "receipt" });
  client.close();
}

/** A frame that no rule allows, one kind after the other. */
function malformedFrame(i: number): Uint8Array {
  const random = provider.randomBytes(1 + (i % 64));
  switch (i % 8) {
    case 0:
      return Uint8Array.of(8 + (i % 248), ...random);
    case 1:
      return Uint8Array.of(2, 0, 0, 0, 9, ...random);
    case 2:
      return Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0, 0);
    case 3:
      return Uint8Array.of(4, 0, 0, 0, 1, 99, 0, 0);
    case 4:
      return Uint8Array.of(1, 0, 0, 0, 0, 2, ...random);
    case 5:
      return Uint8Array.of(6, 0, 0, 0, 1, 0, 0, 0, 0);
    case 6:
      return random.subarray(0, Math.min(random.length, 4));
    default:
      return Uint8Array.of(3, 0, 0, 0, 1, 7);
  }
}

describe("hostile frames", () => {
  it("[N5] 2,000 connections with a malformed frame each are ended, and the node goes on", async () => {
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < 2_000) {
        const socket = await RawSocket.connect(node.hint.address);
        socket.socket.send(malformedFrame(next++));
        expect((await socket.nextOf("closed")).kind).toBe("closed");
      }
    };
    await Promise.all(Array.from({ length: 20 }, one));
    await expectServed();
  });

  it("[X3] 8,000 malformed openings are reset, each alone, and the node goes on", async () => {
    let next = 0;
    const opening = await (await sealTo(known)).seal(EMPTY);
    const reasons = new Set<string>();
    const one = async (): Promise<void> => {
      const socket = await RawSocket.connect(node.hint.address);
      while (next < 8_000) {
        const i = next++;
        const forged = i % 2 === 0 ? provider.randomBytes(i % 3_000) : opening.slice();
        if (i % 2 === 1)
          forged[19 + (i % (forged.length - 19))] = (forged[19 + (i % (forged.length - 19))] as number) ^ 1;
        socket.open("exchange", forged);
        reasons.add((await socket.nextOf("reset")).reason);
      }
      socket.close();
    };
    await Promise.all(Array.from({ length: 20 }, one));
    expect([...reasons].toSorted()).toContain("malformed");
    for (const reason of reasons) expect(["malformed", "unknown-key", "try-later"]).toContain(reason);
    await expectServed();
  });

  it("[N2] text, oversized and compressed messages end the connection", async () => {
    for (const send of [
      (socket: WebSocket) => socket.send("hello"),
      (socket: WebSocket) => socket.send(new Uint8Array(69_638)),
      (socket: WebSocket) => socket.send(new Uint8Array(10_000_000)),
    ]) {
      const socket = await RawSocket.connect(node.hint.address);
      send(socket.socket);
      expect((await socket.nextOf("closed")).kind).toBe("closed");
    }
    await expectServed();
  });

  it("[N1] a socket without the subprotocol, or elsewhere, is not opened", async () => {
    const statusOf = (address: string, protocols: string[]): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(address, protocols);
        socket.on("unexpected-response", (_request, response) => {
          resolve(String(response.statusCode));
          socket.terminate();
        });
        socket.on("open", () => resolve("open"));
        socket.on("error", () => {});
      });
    expect(await statusOf(node.hint.address, [])).toBe("426");
    expect(await statusOf(node.hint.address, ["xchat.2"])).toBe("426");
    expect(await statusOf(node.hint.address.replace(/x$/, "y"), [WIRE_SUBPROTOCOL])).toBe("404");
  });

  it("[N10] random bytes, huge headers and half a request on the HTTP port do no harm", async () => {
    const port = Number(new URL(node.webAddress).port);
    const closed = (socket: Socket): Promise<void> =>
      new Promise((resolve) => {
        socket.on("error", () => {});
        socket.on("close", () => resolve());
        socket.resume();
      });
    const random = connect(port, "127.0.0.1");
    random.write(provider.randomBytes(2_000));
    const huge = connect(port, "127.0.0.1");
    huge.write(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(40_000)}\r\n\r\n`);
    const slow = connect(port, "127.0.0.1");
    slow.write("GET / HTTP/1.1\r\nHost: x\r\n");
    await Promise.all([closed(random), closed(huge), closed(slow)]);
    await expectServed();
  });

  it("[N9] a connection that sends no whole frame is ended", async () => {
    await withNode({ firstFrameSeconds: 1, idleSeconds: 1 }, async (running) => {
      const silent = await RawSocket.connect(running.socketAddress);
      const half = await RawSocket.connect(running.socketAddress);
      // A frame that says 60,000 bytes and brings ten.
      (half.socket as unknown as { _socket: Socket })._socket.write(
        Buffer.concat([Buffer.of(0x82, 0xfe, 0xea, 0x60, 1, 2, 3, 4), Buffer.alloc(10)]),
      );
      expect((await silent.nextOf("closed")).kind).toBe("closed");
      expect((await half.nextOf("closed")).kind).toBe("closed");
    });
  });

  it("[N10] connections beyond the limit are refused, and there is room again when some leave", async () => {
    await withNode({ connections: 3 }, async (running) => {
      const sockets = await Promise.all([1, 2, 3].map(() => RawSocket.connect(running.socketAddress)));
      await expect(RawSocket.connect(running.socketAddress)).rejects.toThrow("503");
      const gone = sockets[0]?.nextOf("closed");
      sockets[0]?.socket.close();
      await gone;
      const again = await RawSocket.connect(running.socketAddress);
      again.close();
    });
  });

  it("[N11] too many openings, exchanges and stamps are put off early", async () => {
    await withNode(
      { openingsPerSecond: 1, openingsBurst: 2, exchanges: 100, waitingStamps: 1 },
      async (running, at) => {
        const socket = await RawSocket.connect(running.socketAddress);
        for (let i = 0; i < 3; i++) socket.open("exchange", await (await sealTo(at)).seal(EMPTY));
        expect(await socket.nextOf("reset")).toMatchObject({ reason: "try-later", stream: 3 });
        const client = await RawExchange.connect(running.socketAddress, at);
        const keys = await Promise.all(Array.from({ length: 8 }, newKey));
        for (const key of keys) {
          const stamp = { day: Math.floor(Date.now() / 86_400_000), nonce: new Uint8Array(8) };
          const signature = await client.sign(key, "openMailbox", contentHash.openMailbox(provider, stamp));
          await client.send(encodeRequest({ kind: "openMailbox", mailbox: key.publicKey, stamp, signature }));
        }
        const kinds: string[] = [];
        for (const _ of keys) kinds.push((await client.answer()).head.kind);
        expect(kinds).toContain("tryLater");
        client.close();
        socket.close();
      },
    );
  });
});

describe("replay", () => {
  it("[X9] an opening is taken once, from whatever connection, and its deposit is not done again", async () => {
    const first = await exchange();
    const key = await newKey();
    await first.openMailbox(key);
    const second = await exchange();
    const envelope = newEnvelope();
    const signature = await second.sign(key, "deposit", contentHash.deposit(provider, envelope));
    const request: MailboxRequest = { kind: "deposit", mailbox: key.publicKey, signature };
    const opening = await second.send(encodeRequest(request), envelope);
    expect((await second.answer()).head).toMatchObject({ kind: "receipt" });
    const thief = await RawSocket.connect(node.hint.address);
    thief.open("exchange", opening);
    expect((await thief.nextOf("reset")).reason).toBe("replayed");
    await Promise.all([first, second].map(async (client) => client.close()));
    thief.close();
  });

  it("[D5] after a restart the old openings open nothing", async () => {
    const opening = await (await sealTo(known)).seal(EMPTY);
    await node.kill();
    await node.restart();
    const socket = await RawSocket.connect(node.hint.address);
    socket.open("exchange", opening);
    expect((await socket.nextOf("reset")).reason).toBe("unknown-key");
    socket.close();
    const before = known;
    known = await learnNode(node.hint.address);
    expect(known.nodeId).toEqual(before.nodeId);
    expect(known.descriptor.keys[0]?.id).not.toEqual(before.descriptor.keys[0]?.id);
  });

  it("[X9] a clock that is off by more than a quarter of an hour is told so", async () => {
    const socket = await RawSocket.connect(node.hint.address);
    socket.open("exchange", await (await sealTo(known, Math.floor(Date.now() / 1_000) - 86_400)).seal(EMPTY));
    expect((await socket.nextOf("reset")).reason).toBe("clock-wrong");
    socket.close();
  });

  it("[X3] a request repeated within its exchange ends it", async () => {
    const client = await exchange();
    await client.send(encodeRequest({ kind: "getBlob", place: provider.randomBytes(32) }));
    expect((await client.answer()).head.kind).toBe("none");
    const message = await client.send(encodeRequest({ kind: "getBlob", place: provider.randomBytes(32) }));
    expect((await client.answer()).head.kind).toBe("none");
    client.socket.send({ kind: "data", stream: 1, payload: message });
    expect(await client.reset()).toBe("malformed");
    client.close();
  });
});

describe("forged requests", () => {
  it("[MB6] a signature of another exchange, number, operation, content or key is refused", async () => {
    const client = await exchange();
    const key = await newKey();
    await client.openMailbox(key);
    const envelope = newEnvelope();
    const content = contentHash.deposit(provider, envelope);
    const { place } = client;
    const other = await newKey();
    const forgeries = [
      await client.sign(key, "deposit", content, { ...place, exchangeId: provider.randomBytes(32) }),
      await client.sign(key, "deposit", content, { ...place, nodeId: provider.randomBytes(32) }),
      await client.sign(key, "deposit", content, { ...place, number: place.number + 9 }),
      await client.sign(key, "fetchSlot", content),
      await client.sign(key, "deposit", contentHash.deposit(provider, newEnvelope())),
      await client.sign({ ...other, publicKey: key.publicKey }, "deposit", content),
      new Uint8Array(64),
    ];
    for (const signature of forgeries) {
      const answer = await client.ask({ kind: "deposit", mailbox: key.publicKey, signature }, envelope);
      expect(answer).toMatchObject({ kind: "refused", reason: "signature-invalid" });
    }
    // A good one, sent twice: the second is another number.
    const signature = await client.sign(key, "deposit", content);
    const request: MailboxRequest = { kind: "deposit", mailbox: key.publicKey, signature };
    expect(await client.ask(request, envelope)).toMatchObject({ kind: "receipt" });
    expect(await client.ask(request, envelope)).toMatchObject({ kind: "refused", reason: "signature-invalid" });
    client.close();
  });

  it("[MB2] wrong sizes and malformed heads are refused, and the exchange goes on", async () => {
    const client = await exchange();
    const key = await newKey();
    await client.openMailbox(key);
    for (const size of [0, 1, 8_191, 8_193, 65_535]) {
      expect(await client.deposit(key, newEnvelope(size))).toMatchObject({ kind: "refused", reason: "wrong-size" });
    }
    await client.send(provider.randomBytes(200));
    expect((await client.answer()).head).toMatchObject({ kind: "refused", reason: "malformed" });
    expect(await client.deposit(key, newEnvelope())).toMatchObject({ kind: "receipt" });
    client.close();
  });

  it("[MB9] a mailbox is not opened for a stamp of another mailbox, another day, or none", async () => {
    const client = await exchange();
    const key = await newKey();
    const day = Math.floor(Date.now() / 86_400_000);
    let refused = 0;
    for (const stamp of [
      { day: day - 2, nonce: new Uint8Array(8) },
      ...Array.from({ length: 12 }, () => ({ day, nonce: provider.randomBytes(8) })),
    ]) {
      const signature = await client.sign(key, "openMailbox", contentHash.openMailbox(provider, stamp));
      const answer = await client.ask({ kind: "openMailbox", mailbox: key.publicKey, stamp, signature });
      if (answer.kind === "refused" && answer.reason === "stamp-invalid") refused++;
    }
    // One nonce in 32 is good by chance.
    expect(refused).toBeGreaterThan(5);
    client.close();
  });

  it("[MB21] a mailbox takes nothing from strangers", async () => {
    const client = await exchange();
    const key = await newKey();
    await client.openMailbox(key);
    const stamp = { day: Math.floor(Date.now() / 86_400_000), nonce: new Uint8Array(8) };
    const answer = await client.ask({ kind: "depositInbox", inbox: key.publicKey, stamp }, newEnvelope());
    expect(answer).toMatchObject({ kind: "refused", reason: "inbox-unknown" });
    client.close();
  });
});

describe("races and slow readers", () => {
  it("[MB19] of many commits at once one has the slot, and all see the same one", async () => {
    const opener = await exchange();
    const key = await newKey();
    await opener.openMailbox(key);
    const clients = await Promise.all(Array.from({ length: 12 }, exchange));
    const answers = await Promise.all(
      clients.map(async (client) => {
        const envelope = newEnvelope();
        const hashes = [contentHash.deposit(provider, envelope)];
        const signature = await client.sign(key, "commit", contentHash.commit(provider, hashes));
        return client.ask({ kind: "commit", mailbox: key.publicKey, hashes, signature }, envelope);
      }),
    );
    expect(answers.filter(({ kind }) => kind === "receipt").length).toBe(1);
    expect(answers.filter((answer) => answer.kind === "refused" && answer.reason === "slot-taken").length).toBe(11);
    for (const client of [opener, ...clients]) client.close();
  });

  it("[MB3] a commit that is not whole holds nothing up, and a refused one lets its parts pass", async () => {
    const client = await exchange();
    const key = await newKey();
    const envelopes = [newEnvelope(65_536), newEnvelope(65_536), newEnvelope()];
    const hashes = envelopes.map((envelope) => contentHash.deposit(provider, envelope));
    const signature = await client.sign(key, "commit", contentHash.commit(provider, hashes));
    await client.send(encodeRequest({ kind: "commit", mailbox: key.publicKey, hashes, signature }), envelopes[0]);
    for (const envelope of envelopes.slice(1)) {
      client.socket.send({ kind: "data", stream: 1, payload: await client.exchange.seal(EMPTY, envelope) });
    }
    expect((await client.answer()).head).toMatchObject({ kind: "refused", reason: "mailbox-unknown", number: 0 });
    expect(await client.openMailbox(key)).toMatchObject({ kind: "done", number: 1 });
    client.close();
  });

  it("[N7] [MB25] a reader that gives no credit gets what its credit covers, and the others are served", async () => {
    const writer = await exchange();
    const key = await newKey();
    await writer.openMailbox(key);
    const sent = Array.from({ length: 12 }, () => newEnvelope(65_536));
    for (const envelope of sent) expect(await writer.deposit(key, envelope)).toMatchObject({ kind: "receipt" });
    const readers = await Promise.all(Array.from({ length: 10 }, exchange));
    for (const reader of readers) {
      await reader.subscribe(key);
      for (let i = 0; i < 3; i++) expect((await reader.answer()).head.kind).toBe("envelope");
    }
    await expectServed();
    for (const reader of readers) expect(reader.socket.bytes).toBeLessThanOrEqual(STREAM_CREDIT);
    // With credit it goes on, in order.
    const [reader] = readers as [RawExchange];
    reader.socket.send({ kind: "credit", stream: 1, bytes: 1_000_000 });
    reader.socket.send({ kind: "credit", stream: 0, bytes: 1_000_000 });
    for (let i = 3; i < 12; i++) expect((await reader.answer()).body).toEqual(sent[i]);
    expect((await reader.answer()).head.kind).toBe("caughtUp");
    for (const one of [writer, ...readers]) one.close();
  });
});

describe("what a node tells and keeps", () => {
  it("[N21] its log names no address, key or size, and it never stopped for any of this", () => {
    const lines = node
      .stderr()
      .split("\n")
      .filter((line) => line !== "");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      const known = ["time", "level", "event", "hasApp", "hasStun", "isRelay", "reason", "count", "request"];
      for (const field of Object.keys(entry)) expect(known).toContain(field);
      expect(line).not.toMatch(/127\.0\.0\.1|::1|localhost|[0-9a-f]{32}|[A-Za-z0-9_-]{40}/);
      expect(entry["event"]).toMatch(/^(started|stopped|stun-unavailable)$/);
    }
  });
});
