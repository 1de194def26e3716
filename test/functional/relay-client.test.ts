/** Clients that reach their nodes through relays: real nodes, real sockets, each on a host of its own (spec/relay.md, section 5). */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { MailboxKey, NodeAccess, NodeConnector, NodeHint, NodeOutcome } from "@xchat/client/ports";
import { relaysFor } from "@xchat/protocol";
import { meet, person, systemClock, until, untilTexts, type Person } from "@xchat/testkit";
import { nodeConnector } from "@xchat/transport/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startNodeProcess, type NodeProcess } from "../../packages/testkit/src/node-process.ts";
import { front, type Front } from "./front.ts";

const provider = nodeCryptoProvider();
const never = new AbortController().signal;
const CLIENT = "127.0.0.9";

/** Connects from an address by which it is known in what fronts write down. */
class ClientSocket extends WebSocket {
  constructor(address: string, protocols: string[]) {
    super(address, protocols, { localAddress: CLIENT, perMessageDeflate: false });
  }
}

const connector = (): NodeConnector =>
  nodeConnector({ provider, clock: systemClock, WebSocket: ClientSocket as never, isHere: () => false });

interface Placed {
  readonly node: NodeProcess;
  readonly front: Front;
  readonly hint: NodeHint;
}

async function place(host: string, args: readonly string[] = []): Promise<Placed> {
  const before = await front(host);
  const node = await startNodeProcess({ args: ["--public", before.origin, ...args] });
  before.lead(node);
  return { node, front: before, hint: { address: before.address, keyHash: node.hint.keyHash } };
}

const OPEN = ["--relay", "open", "--relay-private"];
const remove = async (placed: Placed | undefined): Promise<void> => {
  placed?.front.close();
  await placed?.node.remove();
};

async function newKey(): Promise<MailboxKey> {
  const { publicKey, secretKey } = await provider.ed25519KeyPair(provider.randomBytes(32));
  return { seed: secretKey, publicKey };
}
const deposit = (access: NodeAccess, mailbox: MailboxKey): Promise<NodeOutcome<unknown>> =>
  access.deposit({ context: "a", mailbox, envelope: provider.randomBytes(8_192) });
async function notReady(access: NodeAccess): Promise<void> {
  while (access.state === "ready") await new Promise<void>((resolve) => access.onStateChange(() => resolve()));
}
const kindOf = (outcome: NodeOutcome<unknown>): string => (outcome.ok ? "ok" : outcome.error.kind);

describe("a client with relays", () => {
  let mailbox: Placed;
  let one: Placed;
  let two: Placed;
  let ordered: readonly Placed[];
  /** Of a mailbox that is opened once: a stamp is dear on a busy machine. */
  let key: MailboxKey;

  beforeAll(async () => {
    [mailbox, one, two] = await Promise.all([
      place("127.0.0.21"),
      place("127.0.0.22", OPEN),
      place("127.0.0.23", OPEN),
    ]);
    key = await newKey();
    ordered = relaysFor(provider, [one.hint, two.hint], mailbox.hint).map((hint) => (hint === one.hint ? one : two));
  });
  afterAll(async () => {
    for (const placed of [mailbox, one, two]) await remove(placed);
  });

  it("[RL15] [RL16] [RL18] asks all of a node through one relay, and the node never sees where it is", async () => {
    const links = connector();
    links.setRelays({ relays: [one.hint, two.hint], whenNone: "wait" });
    expect(await links.discover(mailbox.hint.address, never)).toEqual({ ok: true, value: mailbox.hint });
    const access = links.access(mailbox.hint);
    expect(kindOf(await deposit(access, key))).toBe("ok");
    expect(access.via).toEqual((ordered[0] as Placed).hint);
    expect(access.stunAddress()).toBe(null);
    expect(mailbox.front.seen).not.toContain(CLIENT);
    expect((ordered[0] as Placed).front.seen).toContain(CLIENT);

    const envelope = provider.randomBytes(8_192);
    const abort = new AbortController();
    const came = new Promise<Uint8Array>((resolve) => {
      void access.subscribe({
        context: "a",
        mailboxes: [{ key, after: 0 }],
        onEnvelopes: (all) =>
          all.forEach((row) => Buffer.compare(row.envelope, envelope) === 0 && resolve(row.envelope)),
        onCaughtUp: () => void access.deposit({ context: "a", mailbox: key, envelope }),
        signal: abort.signal,
      });
    });
    expect(await came).toEqual(envelope);
    abort.abort();
    access.close();
    links.setRelays({ relays: [], whenNone: "wait" });
  });

  it("[RL15] [RL11] goes on through the other when one stops, and is told when none is left", async () => {
    const [first, second] = ordered as [Placed, Placed];
    const links = connector();
    links.setRelays({ relays: [one.hint, two.hint], whenNone: "wait" });
    const access = links.access(mailbox.hint);
    expect(kindOf(await deposit(access, key))).toBe("ok");
    await first.node.kill();
    await notReady(access);
    expect(kindOf(await deposit(access, key))).toBe("ok");
    expect(access.via).toEqual(second.hint);
    await second.node.kill();
    await notReady(access);
    expect(kindOf(await deposit(access, key))).toBe("unreachable");
    expect(access.state).toBe("no-relay");
    expect(mailbox.front.seen).not.toContain(CLIENT);
    await first.node.restart();
    await second.node.restart();
    expect(kindOf(await deposit(access, key))).toBe("ok");
    expect(mailbox.front.seen).not.toContain(CLIENT);
    access.close();
    links.setRelays({ relays: [], whenNone: "wait" });
  });

  it("[RL11] tells a node that is down from a relay that is", async () => {
    const links = connector();
    links.setRelays({ relays: [one.hint], whenNone: "wait" });
    const away = links.access({ address: "ws://127.0.0.24:1025/x", keyHash: provider.randomBytes(32) });
    expect(kindOf(await deposit(away, key))).toBe("unreachable");
    expect(away.state).toBe("down");
    // A node that is at its address, and is another one than was pinned.
    const other = links.access({ ...mailbox.hint, keyHash: provider.randomBytes(32) });
    expect(kindOf(await deposit(other, key))).toBe("unreachable");
    expect(other.state).toBe("no-relay");
    away.close();
    other.close();
    links.setRelays({ relays: [], whenNone: "wait" });
  });

  it("[RL17] gives up what is open directly when relays come, and goes directly after all where the person says so", async () => {
    const links = connector();
    const access = links.access(mailbox.hint);
    expect(kindOf(await deposit(access, key))).toBe("ok");
    expect(mailbox.front.seen.splice(0)).toContain(CLIENT);
    expect(access.stunAddress()).not.toBe(null);
    links.setRelays({ relays: [one.hint], whenNone: "wait" });
    expect(kindOf(await deposit(access, key))).toBe("ok");
    expect(access.via).toEqual(one.hint);
    expect(mailbox.front.seen).not.toContain(CLIENT);
    const gone = { address: "ws://127.0.0.24:1025/x", keyHash: provider.randomBytes(32) };
    links.setRelays({ relays: [gone], whenNone: "wait" });
    expect(kindOf(await deposit(access, key))).toBe("unreachable");
    expect(mailbox.front.seen).not.toContain(CLIENT);
    links.setRelays({ relays: [gone], whenNone: "direct" });
    expect(kindOf(await deposit(access, key))).toBe("ok");
    expect(access.via).toBe(null);
    expect(mailbox.front.seen).toContain(CLIENT);
    access.close();
  });

  it("[RL14] never asks a relay for a node of the same operator, and finds out by what they say", async () => {
    const said = await Promise.all([
      place("127.0.0.25", ["--operator", "Ada"]),
      place("127.0.0.26", [...OPEN, "--operator", "Ada"]),
    ]);
    const [node, relay] = said as [Placed, Placed];
    const links = connector();
    links.setRelays({ relays: [relay.hint], whenNone: "wait" });
    const access = links.access(node.hint);
    expect(kindOf(await deposit(access, key))).toBe("unreachable");
    expect(access.state).toBe("no-relay");
    expect(links.relay(relay.hint).operator).toBe("Ada");
    expect(await links.discover(node.hint.address, never)).toMatchObject({ error: { reason: "no-relay" } });
    expect(node.front.seen).not.toContain(CLIENT);
    // By another relay there is a way.
    links.setRelays({ relays: [relay.hint, one.hint], whenNone: "wait" });
    expect(kindOf(await deposit(access, key))).toBe("ok");
    expect(access.via).toEqual(one.hint);
    access.close();
    links.setRelays({ relays: [], whenNone: "wait" });
    for (const placed of said) await remove(placed);
  });

  it("[RL16] takes no node for a relay that is none, nor one of another key", async () => {
    const links = connector();
    expect(await links.discoverRelay(mailbox.hint.address, never)).toMatchObject({ error: { reason: "not-a-relay" } });
    expect(await links.discoverRelay(one.hint.address, never)).toEqual({ ok: true, value: one.hint });
    const wrong = { ...one.hint, keyHash: provider.randomBytes(32) };
    links.setRelays({ relays: [wrong], whenNone: "wait" });
    const access = links.access(mailbox.hint);
    expect(kindOf(await deposit(access, key))).toBe("unreachable");
    expect(links.relay(wrong).state).toBe("key-changed");
    links.setRelays({ relays: [mailbox.hint], whenNone: "wait" });
    const other = links.access(two.hint);
    expect(kindOf(await deposit(other, key))).toBe("unreachable");
    expect(links.relay(mailbox.hint).state).toBe("not-a-relay");
    access.close();
    other.close();
    links.setRelays({ relays: [], whenNone: "wait" });
  });

  it("[RL19] two people talk, one through a relay and one not; the node sees one of them", async () => {
    mailbox.front.seen.length = 0;
    const alice = await person({ name: "Alice", nodes: [mailbox.hint], connector: connector() });
    const bob = await person({ name: "Bob", nodes: [mailbox.hint] });
    const at = async ({ api }: Person) => until(api, { view: "network" }, ({ nodes }) => nodes[0]?.state === "ready");
    await at(alice);
    await alice.api.call("addRelay", { address: one.front.origin });
    mailbox.front.seen.length = 0;
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await alice.api.call("sendMessage", { chat: alicesChat, text: "Hello" });
    await untilTexts(bob.api, bobsChat, ["Hello"]);
    await bob.api.call("sendMessage", { chat: bobsChat, text: "Hello yourself" });
    await untilTexts(alice.api, alicesChat, ["Hello", "Hello yourself"]);
    expect((await at(alice)).nodes[0]).toMatchObject({ via: one.hint.address });
    expect((await at(bob)).nodes[0]).toMatchObject({ via: null });
    expect(mailbox.front.seen).not.toContain(CLIENT);

    // The relay is cut off for a moment: what was written meanwhile goes out, and comes.
    one.front.cut();
    await alice.api.call("sendMessage", { chat: alicesChat, text: "Still there" });
    await untilTexts(bob.api, bobsChat, ["Hello", "Hello yourself", "Still there"]);
    expect(mailbox.front.seen).not.toContain(CLIENT);
    await alice.close();
    await bob.close();
  });
});
