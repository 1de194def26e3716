import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { MAX_FRAME_PAYLOAD } from "../wire/index.ts";
import { mayBeOneOperator, relaysFor, type Operated } from "./choice.ts";
import { ANY_NODE, decodeRelayOpening, encodeRelayOpening, MAX_RELAYED_ADDRESS, type RelayOpening } from "./opening.ts";

const provider = nodeCryptoProvider();
const node = (address: string, key: number, operator?: string): Operated => ({
  address,
  keyHash: filled(32, key),
  operator,
});

const OPENINGS: Readonly<Record<string, RelayOpening>> = {
  descriptor: {
    kind: "descriptor",
    nodeId: filled(32),
    address: "wss://node.example/x",
    message: new Uint8Array(0),
  },
  exchange: { kind: "exchange", nodeId: filled(32, 3), address: "ws://[2001:db8::1]:8787/x", message: filled(40) },
  "descriptor of whoever is there": {
    kind: "descriptor",
    nodeId: ANY_NODE,
    address: "wss://node.example/x",
    message: new Uint8Array(0),
  },
};

describe("an opening through a relay", () => {
  it("[RL3] [RL4] has the bytes of the vectors", () => {
    const path = new URL("../../../../spec/vectors/relay.json", import.meta.url);
    const made = Object.entries(OPENINGS).map(([name, opening]) => ({
      name,
      encoded: bytesToHex(encodeRelayOpening(opening)),
    }));
    if (process.env["XCHAT_WRITE_VECTORS"] === "1") writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`);
    expect(existsSync(path)).toBe(true);
    const vectors = JSON.parse(readFileSync(path, "utf8")) as typeof made;
    expect(vectors.map(({ name }) => name)).toEqual(Object.keys(OPENINGS));
    for (const { name, encoded } of vectors) {
      const opening = OPENINGS[name] as RelayOpening;
      expect(bytesToHex(encodeRelayOpening(opening))).toBe(encoded);
      expect(expectOk(decodeRelayOpening(expectOk(hexToBytes(encoded), "hex")), name)).toEqual(opening);
    }
  });

  it("[RL3] leaves room for the opening of an exchange with the largest chunk, whatever the address", () => {
    const address = `wss://${"a".repeat(MAX_RELAYED_ADDRESS - 8)}/x`;
    const message = new Uint8Array(19 + 1_120 + 66_560 + 16);
    const encoded = encodeRelayOpening({ kind: "exchange", nodeId: filled(32), address, message });
    expect(encoded.length).toBeLessThan(MAX_FRAME_PAYLOAD);
  });

  it.each([
    ["of another kind", 0, 3],
    ["of a relay within a relay", 0, 4],
    ["with a longer address than there is", 33, 255],
    ["with an address that is none", 34, 0],
  ])("[RL3] %s is refused", (_, at, value) => {
    const encoded = encodeRelayOpening({ ...(OPENINGS["descriptor"] as RelayOpening), nodeId: filled(32) });
    encoded[at] = value;
    expect(decodeRelayOpening(encoded)).toEqual({ ok: false, error: { reason: "malformed" } });
  });

  it("[RL4] of an exchange names a node", () => {
    const { message } = OPENINGS["exchange"] as RelayOpening;
    const encoded = encodeRelayOpening({
      kind: "exchange",
      nodeId: ANY_NODE,
      address: "wss://node.example/x",
      message,
    });
    expect(decodeRelayOpening(encoded).ok).toBe(false);
  });

  it("[RL3] never makes a reader throw", async () => {
    // What follows the address is the message, whatever it is.
    const sample = encodeRelayOpening(OPENINGS["descriptor"] as RelayOpening);
    await expectHardened(
      (bytes) => {
        const read = decodeRelayOpening(bytes);
        return read.ok && read.value.message.length > 0 ? { ok: false, error: null } : read;
      },
      [sample],
    );
  });
});

describe("the choice of a relay", () => {
  const mailbox = node("wss://node.example/x", 1);
  const relays = [node("wss://a.test/x", 10), node("wss://b.test/x", 20), node("wss://c.test/x", 30)];

  it("[RL15] is the same for a node whatever the order of the list, and goes on to the others", () => {
    const order = relaysFor(provider, relays, mailbox);
    expect(relaysFor(provider, relays.toReversed(), mailbox)).toEqual(order);
    expect(new Set(order)).toEqual(new Set(relays));
    const without = relays.filter((relay) => relay !== order[0]);
    expect(relaysFor(provider, without, mailbox)).toEqual(order.slice(1));
  });

  it("[RL15] spreads nodes over the relays", () => {
    const first = Array.from({ length: 60 }, (_, i) => relaysFor(provider, relays, node("wss://x.example/x", i))[0]);
    for (const relay of relays) expect(first.filter((one) => one === relay).length).toBeGreaterThan(8);
  });

  it.each([
    ["is the node itself", node("wss://a.test/x", 1), true],
    ["is on the same machine", node("ws://node.example:8787/x", 2), true],
    ["has a name of the same domain", node("wss://relay.Node.example./x", 2), true],
    ["has a name of another domain", node("wss://node.example.org/x", 2), false],
    ["says that the same operator runs it", node("wss://a.test/x", 2, "Ada"), true],
    ["says another operator", node("wss://a.test/x", 2, "Bob"), false],
  ])("[RL14] where a relay %s", (_, relay, isOne) => {
    expect(mayBeOneOperator(relay, { ...mailbox, operator: "Ada" })).toBe(isOne);
    expect(relaysFor(provider, [relay], { ...mailbox, operator: "Ada" }).length).toBe(isOne ? 0 : 1);
  });

  it("[RL14] tells addresses and names under a country apart", () => {
    const are = (one: string, other: string): boolean => mayBeOneOperator(node(one, 1), node(other, 2));
    expect(are("wss://a.co.uk/x", "wss://b.co.uk/x")).toBe(false);
    expect(are("wss://x.a.co.uk/x", "wss://a.co.uk/x")).toBe(true);
    expect(are("ws://127.0.0.1:1/x", "ws://127.0.0.2:1/x")).toBe(false);
    expect(are("ws://127.0.0.1:1/x", "ws://127.0.0.1:2/x")).toBe(true);
    expect(are("ws://[2001:db8::1]:1/x", "ws://[2001:db8::1]/x")).toBe(true);
    expect(mayBeOneOperator(node("wss://a.test/x", 1), node("wss://b.test/x", 2))).toBe(false);
  });
});
