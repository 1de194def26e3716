/**
 * A relay and nodes behind it, as processes of their own (spec/relay.md): what passes, what the node behind sees, what is
 * not passed on, and what one client can do to another.
 */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesToBase64Url, expectOk } from "@xchat/codec";
import { ANY_NODE, encodeRelayOpening, nodeIdOf, openDescriptor, type NodeHint } from "@xchat/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, startNodeProcess, type NodeProcess } from "../../packages/testkit/src/node-process.ts";
import { front, type Front } from "./front.ts";
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

const CLIENT = "127.0.0.3";

async function frontOf(node: NodeProcess): Promise<Front> {
  const made = await front();
  made.lead(node);
  return made;
}

const listOf = (hints: readonly NodeHint[]): string =>
  hints.map(({ address, keyHash }) => `${address} ${bytesToBase64Url(keyHash)} # a node`).join("\n");

/** Through a relay: what the node at this address says of itself. */
async function learnThrough(socket: RawSocket, nodeId: Uint8Array, address: string): Promise<KnownNode> {
  socket.open("relay", encodeRelayOpening({ kind: "descriptor", nodeId, address, message: EMPTY }));
  const { payload } = await socket.nextOf("data");
  const descriptor = expectOk(
    await openDescriptor(provider, payload.subarray(4), Math.floor(Date.now() / 1_000)),
    "descriptor",
  );
  await socket.nextOf("end");
  return { nodeId: nodeIdOf(provider, descriptor.identityKey), descriptor };
}

describe("a relay that forwards to the nodes of a list", () => {
  let folder: string;
  let node: NodeProcess;
  let nodeFront: Front;
  /** Where the list says that another node is. */
  let wrongFront: Front;
  let relay: NodeProcess;
  let relayFront: Front;
  let known: KnownNode;
  let address: string;
  let gone: string;
  const goneId = provider.randomBytes(32);

  const client = (): Promise<RawSocket> => RawSocket.connect(relayFront.address, CLIENT);
  const exchange = async (socket?: RawSocket): Promise<RawExchange> =>
    new RawExchange(socket ?? (await client()), known, await sealTo(known), address);
  const refusal = async (payload: Uint8Array): Promise<string> => {
    const socket = await client();
    socket.open("relay", payload);
    const { reason } = await socket.nextOf("reset");
    socket.close();
    return reason;
  };
  const ask = (nodeId: Uint8Array, at = address): Promise<string> =>
    refusal(encodeRelayOpening({ kind: "descriptor", nodeId, address: at, message: EMPTY }));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "xchat-relay-"));
    node = await startNodeProcess();
    nodeFront = await frontOf(node);
    wrongFront = await frontOf(node);
    ({ address } = nodeFront);
    gone = `ws://127.0.0.1:${await freePort()}/x`;
    const file = join(folder, "nodes");
    await writeFile(
      file,
      listOf([
        { address, keyHash: node.hint.keyHash },
        { address: gone, keyHash: goneId },
        { address: wrongFront.address, keyHash: provider.sha256(EMPTY) },
      ]),
    );
    relay = await startNodeProcess({ args: ["--relay", "listed", "--relay-nodes", file, "--operator", "Ada"] });
    relayFront = await frontOf(relay);
    const socket = await client();
    known = await learnThrough(socket, node.hint.keyHash, address);
    socket.close();
  });
  afterAll(async () => {
    relayFront?.close();
    nodeFront?.close();
    wrongFront?.close();
    await relay?.remove();
    await node?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it("[RL2] [D7] says so in its descriptor, and a node that is none does not", async () => {
    expect((await learnNode(relay.hint.address)).descriptor).toMatchObject({ operator: "Ada" });
    expect((await learnNode(relay.hint.address)).descriptor.roles).toContain("relay");
    expect(known.descriptor.roles).not.toContain("relay");
    const direct = await RawSocket.connect(node.hint.address);
    direct.open("relay", encodeRelayOpening({ kind: "descriptor", nodeId: goneId, address: gone, message: EMPTY }));
    expect((await direct.nextOf("reset")).reason).toBe("unknown-kind");
    direct.close();
  });

  it("[RL1] [RL9] carries exchanges both ways, and the node behind sees no address but the relay's", async () => {
    const key = await newKey();
    const envelope = newEnvelope();
    const writer = await exchange();
    expect((await writer.openMailbox(key)).kind).toBe("done");
    expect((await writer.deposit(key, envelope)).kind).toBe("receipt");
    const reader = await exchange();
    await reader.subscribe(key);
    const first = await reader.answer();
    expect(first.head.kind).toBe("envelope");
    expect(first.body).toEqual(envelope);
    expect((await reader.answer()).head.kind).toBe("caughtUp");
    // Pushed, as it comes.
    const later = newEnvelope(65_536);
    expect((await writer.deposit(key, later)).kind).toBe("receipt");
    expect((await reader.answer()).body).toEqual(later);
    writer.close();
    reader.close();
    expect(new Set(relayFront.seen)).toEqual(new Set([CLIENT]));
    expect(new Set(nodeFront.seen)).toEqual(new Set(["127.0.0.1"]));
    expect(relay.stderr()).not.toMatch(/127\.0\.0\.\d/u);
  });

  it("[RL10] puts the streams of all clients on one connection, where nothing tells them apart", async () => {
    const exchanges = await Promise.all([exchange(), exchange(), exchange()]);
    for (const one of exchanges) expect((await one.openMailbox(await newKey())).kind).toBe("done");
    expect(nodeFront.open()).toBe(1);
    for (const one of exchanges) one.close();
  });

  it("[RL5] [RL6] passes on to no node but those of the list, and not to itself", async () => {
    expect(await ask(provider.randomBytes(32))).toBe("not-relayed");
    expect(await ask(relay.hint.keyHash)).toBe("not-relayed");
    expect(await ask(ANY_NODE, relay.hint.address)).toBe("not-relayed");
    // What the operator says of where a node is goes before what a client says.
    const socket = await client();
    expect((await learnThrough(socket, node.hint.keyHash, relay.hint.address)).nodeId).toEqual(node.hint.keyHash);
    // By its address alone, for whoever does not know the key yet.
    expect((await learnThrough(socket, ANY_NODE, address)).nodeId).toEqual(node.hint.keyHash);
    socket.close();
  });

  it("[RL8] passes nothing on to a node that shows another key than the list says", async () => {
    expect(await ask(provider.sha256(EMPTY))).toBe("not-relayed");
    expect(wrongFront.seen.length).toBe(1);
    expect(await ask(provider.sha256(EMPTY))).toBe("not-relayed");
    expect(wrongFront.seen.length).toBe(1);
  });

  it("[RL11] tells a node that it cannot reach, and does not try again for each who asks", async () => {
    const socket = await client();
    const opening = encodeRelayOpening({ kind: "descriptor", nodeId: goneId, address: gone, message: EMPTY });
    socket.open("relay", opening);
    expect(await socket.nextOf("reset")).toMatchObject({ reason: "target-down", afterSeconds: 10 });
    const server = createServer((late) => late.destroy());
    server.listen(Number(new URL(gone).port), "127.0.0.1");
    await once(server, "listening");
    let connections = 0;
    server.on("connection", () => connections++);
    for (let again = 0; again < 5; again++) {
      socket.open("relay", opening);
      expect((await socket.nextOf("reset")).reason).toBe("target-down");
    }
    expect(connections).toBe(0);
    socket.close();
    server.close();
  });

  it("[RL3] refuses what is no opening, whatever it is, and goes on", async () => {
    const socket = await client();
    for (let i = 0; i < 100; i++) {
      socket.open("relay", provider.randomBytes(i * 7));
      expect(["malformed", "not-relayed"]).toContain((await socket.nextOf("reset")).reason);
    }
    const nested = encodeRelayOpening({ kind: "descriptor", nodeId: node.hint.keyHash, address, message: EMPTY });
    nested[0] = 3;
    expect(await refusal(nested)).toBe("malformed");
    expect((await learnThrough(socket, node.hint.keyHash, address)).nodeId).toEqual(node.hint.keyHash);
    socket.close();
  });

  it("[RL1] [X9] what the node refuses comes back in its own words", async () => {
    const socket = await client();
    const message = new Uint8Array(2_000);
    socket.open("relay", encodeRelayOpening({ kind: "exchange", nodeId: node.hint.keyHash, address, message }));
    expect((await socket.nextOf("reset")).reason).toBe("malformed");
    const one = await exchange(socket);
    const sealed = await one.exchange.seal(EMPTY);
    const opening = encodeRelayOpening({ kind: "exchange", nodeId: node.hint.keyHash, address, message: sealed });
    socket.open("relay", opening);
    await socket.nextOf("data");
    socket.open("relay", opening);
    expect((await socket.nextOf("reset")).reason).toBe("replayed");
    socket.close();
  });

  it("[RL12] a client that takes nothing keeps nobody else from the same node, and gets all once it does", async () => {
    const key = await newKey();
    const writer = await exchange();
    expect((await writer.openMailbox(key)).kind).toBe("done");
    const sent = Array.from({ length: 8 }, () => newEnvelope(65_536));
    for (const envelope of sent) expect((await writer.deposit(key, envelope)).kind).toBe("receipt");
    // Each stream fills its credit; together far more than a connection begins with.
    const slow = await client();
    const subscriptions = await Promise.all(Array.from({ length: 12 }, () => exchange(slow)));
    for (const one of subscriptions) await one.subscribe(key);
    slow.socket.pause();
    const other = await exchange();
    expect((await other.openMailbox(await newKey())).kind).toBe("done");
    for (let i = 0; i < 20; i++) expect((await other.deposit(key, newEnvelope(65_536))).kind).toBe("receipt");
    const reader = await exchange(other.socket);
    await reader.subscribe(key);
    for (const envelope of sent.slice(0, 3)) expect((await reader.answer()).body).toEqual(envelope);
    expect(nodeFront.open()).toBe(1);
    other.close();
    slow.socket.resume();
    const first = subscriptions[0] as RawExchange;
    let count = 0;
    while (count < 3) {
      const frame = await slow.next();
      if (frame.kind !== "data") continue;
      if (frame.stream === first.stream) {
        const chunk = expectOk(await first.exchange.open(frame.payload), "chunk");
        expect(chunk.body).toEqual(sent[count]);
        count++;
      }
    }
    slow.close();
    writer.close();
  });

  it("[RL11] ends what went to a node that stops, and goes on when it is back", async () => {
    const key = await newKey();
    const before = await exchange();
    expect((await before.openMailbox(key)).kind).toBe("done");
    await node.kill();
    expect(await before.socket.nextOf("reset")).toMatchObject({ reason: "target-down" });
    await node.restart();
    // Under the same socket: a relay outlives the nodes behind it.
    known = await learnThrough(before.socket, node.hint.keyHash, address);
    const after = await exchange(before.socket);
    expect((await after.deposit(key, newEnvelope())).kind).toBe("receipt");
    before.close();
    expect(await relay.stop()).toBe(0);
  });
});

describe("an open relay", () => {
  let folder: string;
  let relay: NodeProcess;
  let node: NodeProcess;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "xchat-relay-"));
    port = await freePort();
    node = await startNodeProcess({ port, args: ["--public", `http://127.0.0.1:${port}`] });
    relay = await startNodeProcess({ args: ["--relay", "open", "--relay-private"] });
  });
  afterAll(async () => {
    await relay?.remove();
    await node?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const reasonOf = async (at: NodeProcess, nodeId: Uint8Array, address: string): Promise<string> => {
    const socket = await RawSocket.connect(at.hint.address);
    socket.open("relay", encodeRelayOpening({ kind: "descriptor", nodeId, address, message: EMPTY }));
    const received = await socket.nextOf("reset", "data");
    socket.close();
    return received.kind === "reset" ? received.reason : "relayed";
  };

  it("[RL6] passes on to a node that names the address in its descriptor, and to nothing else there is", async () => {
    const { keyHash } = node.hint;
    const right = `ws://127.0.0.1:${port}/x`;
    expect(await reasonOf(relay, keyHash, right)).toBe("relayed");
    expect(await reasonOf(relay, ANY_NODE, right)).toBe("relayed");
    // The same node, at an address that it does not name; another key; an address of another spelling.
    expect(await reasonOf(relay, keyHash, `ws://localhost:${port}/x`)).toBe("not-relayed");
    expect(await reasonOf(relay, provider.randomBytes(32), right)).toBe("not-relayed");
    expect(await reasonOf(relay, keyHash, `ws://127.1:${port}/x`)).toBe("not-relayed");
    expect(await reasonOf(relay, keyHash, `ws://127.0.0.1:${port}/y`)).toBe("target-down");
    expect(await reasonOf(relay, ANY_NODE, relay.hint.address)).toBe("not-relayed");
    expect(await reasonOf(relay, keyHash, "ws://127.0.0.1:25/x")).toBe("not-relayed");
  });

  it("[RL7] without the operator's leave, to none that is not of the public internet", async () => {
    const strict = await startNodeProcess({ args: ["--relay", "open"] });
    const { keyHash } = node.hint;
    for (const host of ["127.0.0.1", "10.0.0.1", "[::1]", "192.168.1.1", "169.254.169.254"]) {
      expect(await reasonOf(strict, keyHash, `ws://${host}:${port}/x`), host).toBe("not-relayed");
    }
    // A name that leads to this machine: nothing of it is connected to.
    expect(await reasonOf(strict, keyHash, `ws://localhost:${port}/x`)).toBe("target-down");
    await strict.remove();
  });
});

describe("a connection to a node", () => {
  it("[N8] has its credit back when an exchange ends before it was done with what came", async () => {
    const node = await startNodeProcess();
    const socket = await RawSocket.connect(node.hint.address);
    const junk = new Uint8Array(60_000);
    for (let i = 0; i < 60; i++) {
      socket.open("exchange", junk);
      expect((await socket.nextOf("reset")).reason).toBe("malformed");
    }
    socket.close();
    await node.remove();
  });
});
