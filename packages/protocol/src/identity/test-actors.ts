/** People and bytes for the tests of identity and first contact; everything comes from a seed. */
import { concatBytes, err, ok, utf8ToBytes, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { AccountId } from "./account-id.ts";
import { createIdentity, extendIdentity, verifyChain, type Identity } from "./chain.ts";
import type { Action } from "./operation.ts";

/** 24 November 2026, 09:30 UTC. */
export const NOW = 1_795_512_600_000;

/** The same 32 bytes for the same name. */
export const seedOf = (provider: CryptoProvider, name: string): Uint8Array =>
  provider.sha256(utf8ToBytes(`test ${name}`));

export const keyOf = async (provider: CryptoProvider, name: string): Promise<Uint8Array> =>
  (await provider.ed25519KeyPair(seedOf(provider, name))).publicKey;

/** The given provider with random bytes that come from a seed. */
export function seededProvider(provider: CryptoProvider, seed: string): CryptoProvider {
  let counter = 0;
  const randomBytes = (length: number): Uint8Array => {
    let bytes: Uint8Array = new Uint8Array(0);
    while (bytes.length < length) bytes = concatBytes(bytes, provider.sha256(utf8ToBytes(`${seed} ${counter++}`)));
    return bytes.slice(0, length);
  };
  return Object.assign(Object.create(provider) as CryptoProvider, { randomBytes });
}

export interface Person {
  readonly name: string;
  readonly accountId: AccountId;
  readonly chain: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly deviceSeed: Uint8Array;
  readonly recoverySeed: Uint8Array;
}

export async function newPerson(provider: CryptoProvider, name: string): Promise<Person> {
  const recoverySeed = seedOf(provider, `${name} recovery`);
  const deviceSeed = seedOf(provider, `${name} phone`);
  const { chain, accountId } = await createIdentity(provider, { recoverySeed, deviceSeed, now: NOW });
  const { publicKey: deviceKey } = await provider.ed25519KeyPair(deviceSeed);
  return { name, accountId, chain, deviceKey, deviceSeed, recoverySeed };
}

/** A chain with one operation more, or the reason why not. `signers` are names of seeds. */
export async function extend(
  provider: CryptoProvider,
  chain: Uint8Array,
  action: Action,
  ...signers: readonly string[]
): Promise<Result<Uint8Array, string>> {
  const seeds = signers.map((name) => seedOf(provider, name));
  const extended = await extendIdentity(provider, chain, { action, seeds, now: NOW });
  return extended.ok ? ok(extended.value) : err(extended.error.reason);
}

/** Where the test knows that the rules allow it. */
export async function mustExtend(
  provider: CryptoProvider,
  chain: Uint8Array,
  action: Action,
  ...signers: readonly string[]
): Promise<Uint8Array> {
  const extended = await extend(provider, chain, action, ...signers);
  if (!extended.ok) throw new Error(`test chain: ${extended.error}`);
  return extended.value;
}

export async function mustVerify(provider: CryptoProvider, chain: Uint8Array): Promise<Identity> {
  const verified = await verifyChain(provider, chain);
  if (!verified.ok) throw new Error(`test chain: ${verified.error.reason}`);
  return verified.value;
}

/** Each one-bit neighbour of some bytes, at most `count` of them, evenly spread. */
export function* bitFlips(bytes: Uint8Array, count: number): Generator<Uint8Array> {
  const bits = bytes.length * 8;
  const step = Math.max(1, Math.floor(bits / count));
  for (let bit = 0; bit < bits; bit += step) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    yield flipped;
  }
}

/** Every beginning of some bytes but the whole. */
export function* truncations(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length);
}
