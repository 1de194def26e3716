/** Whom a claim about a node can harm. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import { NODE_BACKOFF } from "../base/backoff.ts";
import { Topics } from "../base/topics.ts";
import type { Clock, NodeAccess, NodeHint, Store } from "../ports.ts";
import { NodePool } from "./nodes.ts";

const access = (hint: NodeHint): NodeAccess =>
  ({
    hint,
    state: "down",
    clockAhead: null,
    onStateChange: () => () => {},
    hearClock: async () => {},
    close: () => {},
  }) as Partial<NodeAccess> as NodeAccess;

const newPool = (clock: Partial<Clock> = {}): NodePool =>
  new NodePool({
    provider: nodeCryptoProvider(),
    clock: { now: () => 0, after: () => ({ cancel: () => {} }), ...clock },
    connector: {
      access,
      discover: async () => ({ ok: false, error: { kind: "unreachable" } }),
      discoverRelay: async () => ({ ok: false, error: { kind: "unreachable" } }),
      setRelays: () => {},
      relay: (hint) => ({
        hint,
        state: "idle",
        operator: null,
        onStateChange: () => () => {},
        stunAddress: () => null,
      }),
    },
    topics: new Topics(),
  });

const keyHash = new Uint8Array(32).fill(7);
const right: NodeHint = { address: "wss://node.example/x", keyHash };
const wrong: NodeHint = { address: "wss://mallory.example/x", keyHash };

describe("the address that somebody names for a node", () => {
  it("holds for what they wrote it in, and for nothing else", () => {
    const pool = newPool();
    expect(pool.access(wrong).hint.address).toBe(wrong.address);
    expect(pool.access(right).hint.address).toBe(right.address);
    pool.report(wrong, { ok: false, error: { kind: "key-changed" } });
    expect(pool.mayTry(wrong, () => {})).toBe(false);
    expect(pool.mayTry(right, () => {})).toBe(true);
    pool.close();
  });

  it("counts for nothing where the node is one of the person's own", async () => {
    const pool = newPool();
    const store = { write: async () => {} } as Partial<Store> as Store;
    await pool.add(store, right);
    expect(pool.access(wrong).hint.address).toBe(right.address);
    pool.close();
  });
});

describe("the back-off of a node", () => {
  const unreachable = { ok: false, error: { kind: "unreachable" } } as const;

  it("[O4] is that of one failure where much that was under way fails at once", () => {
    let now = 1_000;
    const pool = newPool({ now: () => now });
    for (let calls = 0; calls < 20; calls++) pool.report(right, unreachable);
    expect(pool.mayTry(right, () => {})).toBe(false);
    now += NODE_BACKOFF.first;
    expect(pool.mayTry(right, () => {})).toBe(true);
    // The next one counts: it was tried in vain.
    for (let calls = 0; calls < 20; calls++) pool.report(right, unreachable);
    now += NODE_BACKOFF.first - 1;
    expect(pool.mayTry(right, () => {})).toBe(false);
    now += NODE_BACKOFF.first + 1;
    expect(pool.mayTry(right, () => {})).toBe(true);
    pool.close();
  });

  it("[O4] is as long as the node itself asks for", () => {
    let now = 1_000;
    const pool = newPool({ now: () => now });
    pool.report(right, unreachable);
    pool.report(right, { ok: false, error: { kind: "try-later", afterMilliseconds: 60_000 } });
    now += 59_999;
    expect(pool.mayTry(right, () => {})).toBe(false);
    now += 1;
    expect(pool.mayTry(right, () => {})).toBe(true);
    pool.close();
  });

  it("[O4] is not made longer by a clock that is set back", () => {
    let now = 30 * 86_400_000;
    const waits: number[] = [];
    const after: Clock["after"] = (milliseconds) => {
      waits.push(milliseconds);
      return { cancel: () => {} };
    };
    const pool = newPool({ now: () => now, after });
    pool.report(right, unreachable);
    now -= 86_400_000;
    pool.report(right, unreachable);
    expect(waits.at(-1)).toBeLessThanOrEqual(NODE_BACKOFF.most);
    pool.close();
  });
});
