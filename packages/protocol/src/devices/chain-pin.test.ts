import { nodeCryptoProvider } from "@xchat/crypto/node";
import { expectOk } from "@xchat/codec";
import { beforeAll, describe, expect, it } from "vitest";
import { keyOf, mustExtend, newPerson, type Person } from "../identity/test-actors.ts";
import { chainPin, judgeChainPin } from "./chain-pin.ts";

const provider = nodeCryptoProvider();
let alice: Person;
const chains: Record<string, Uint8Array> = {};

beforeAll(async () => {
  alice = await newPerson(provider, "alice");
  const by = alice.deviceKey;
  const laptop = await keyOf(provider, "laptop");
  const tablet = await keyOf(provider, "tablet");
  const desk = await keyOf(provider, "desk");
  const one = alice.chain;
  const two = await mustExtend(provider, one, { kind: "add-device", by, deviceKey: laptop }, "alice phone", "laptop");
  const other = await mustExtend(provider, one, { kind: "add-device", by, deviceKey: tablet }, "alice phone", "tablet");
  const recover = { kind: "recover", deviceKey: desk, keptDevices: [] } as const;
  const recovered = await mustExtend(provider, one, recover, "alice recovery", "desk");
  const three = await mustExtend(provider, two, { kind: "remove-device", by, deviceKey: laptop }, "alice phone");
  Object.assign(chains, { one, two, other, recovered, three });
});

const verdict = (pinned: string, shown: string): string => {
  const pin = expectOk(chainPin(provider, chains[pinned] as Uint8Array), "pin");
  return expectOk(judgeChainPin(provider, pin, chains[shown] as Uint8Array), "verdict");
};

describe("a short pin", () => {
  it("[DV20] takes what extends it and what has been recovered since, and nothing else", () => {
    expect(verdict("two", "two")).toBe("extends");
    expect(verdict("two", "three")).toBe("extends");
    expect(verdict("two", "recovered")).toBe("recovered");
    expect(verdict("two", "one")).toBe("behind");
    expect(verdict("two", "other")).toBe("parted");
    expect(verdict("recovered", "two")).toBe("parted");
    expect(verdict("recovered", "three")).toBe("parted");
    expect(verdict("recovered", "one")).toBe("behind");
  });

  it("[DV20] bytes that are no chain are refused", () => {
    expect(chainPin(provider, Uint8Array.of(1))).toEqual({ ok: false, error: { reason: "chain-malformed" } });
    const pin = expectOk(chainPin(provider, alice.chain), "pin");
    expect(judgeChainPin(provider, pin, Uint8Array.of(1)).ok).toBe(false);
  });
});
