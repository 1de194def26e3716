import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { StoredEnvelope } from "@xchat/client/ports";
import { expect, it } from "vitest";
import type { LinkExchange, RequestInput } from "./exchange.ts";
import { follow } from "./subscription.ts";

const provider = nodeCryptoProvider();
const LONG = 60_000;

/** Time passes when the test says so. */
function timers() {
  const waiting = new Map<() => void, number>();
  return {
    clock: {
      now: () => 0,
      after: (wait: number, call: () => void) => {
        waiting.set(call, wait);
        return { cancel: () => void waiting.delete(call) };
      },
    },
    runOut: (isDue: (wait: number) => boolean) => {
      for (const [call, wait] of [...waiting]) if (isDue(wait) && waiting.delete(call)) call();
    },
  };
}

/** An exchange whose node the test is. */
function heldExchange() {
  let asked: RequestInput | null = null;
  const exchange = { hasUnopened: false, request: (input: RequestInput) => void (asked = input), close: () => {} };
  const answer = (given: object, body = new Uint8Array(0)) =>
    asked?.onAnswer({ number: 0, ...given } as Parameters<RequestInput["onAnswer"]>[0], body);
  return {
    exchange: exchange as unknown as LinkExchange,
    give: (cursor: number) => answer({ kind: "envelope", index: 0, cursor }, new Uint8Array(8_192).fill(cursor)),
    caughtUp: () => answer({ kind: "caughtUp" }),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function world() {
  const { clock, runOut } = timers();
  const exchanges = [heldExchange(), heldExchange()] as const;
  const left = [...exchanges];
  const batches: number[][] = [];
  const abort = new AbortController();
  const publicKey = new Uint8Array(32).fill(1);
  void follow(
    {
      provider,
      clock,
      open: async () => ({ ok: true, value: { exchange: (left.shift() as (typeof exchanges)[0]).exchange } }),
      failureOf: () => ({ kind: "unreachable" }),
      isStale: () => false,
      sign: async () => new Uint8Array(64),
    },
    {
      context: "chat",
      mailboxes: [{ key: { publicKey, seed: publicKey }, after: 0 }],
      onEnvelopes: (envelopes: readonly StoredEnvelope[]) => batches.push(envelopes.map(({ cursor }) => cursor)),
      onCaughtUp: () => {},
      signal: abort.signal,
    },
  );
  await turn();
  return { batches, runOut, first: exchanges[0], second: exchanges[1], stop: () => abort.abort() };
}

it("what a node has kept is handed out together, at its end or after a while; what comes then, at once", async () => {
  const { batches, runOut, first, stop } = await world();
  first.give(1);
  first.give(2);
  expect(batches).toEqual([]);
  runOut((wait) => wait < LONG);
  expect(batches).toEqual([[1, 2]]);
  first.give(3);
  first.caughtUp();
  first.give(4);
  expect(batches).toEqual([[1, 2], [3], [4]]);
  stop();
});

it("[LU1] around a change of exchanges nothing is handed out before what lies in front of it", async () => {
  const { batches, runOut, first, second, stop } = await world();
  first.caughtUp();
  await turn();
  runOut((wait) => wait > LONG);
  await turn();
  second.give(1);
  first.give(1);
  first.give(2);
  expect(batches).toEqual([[1], [2]]);
  second.give(2);
  second.give(3);
  second.caughtUp();
  await turn();
  second.give(4);
  expect(batches).toEqual([[1], [2], [3], [4]]);
  stop();
});

it("a batch has an end", async () => {
  const { batches, first, stop } = await world();
  for (let cursor = 1; cursor <= 600; cursor++) first.give(cursor);
  expect(batches.map((batch) => batch.length)).toEqual([256, 256]);
  stop();
});
