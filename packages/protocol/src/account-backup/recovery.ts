/**
 * The same person again, on a new device, with the words alone (spec/account-backup.md, section 7).
 *
 * AB14 The new device recovers the chain in one operation that keeps no other device. From then on it needs the words no
 *      more: chain, device key and what was restored are saved in one transaction.
 * AB15 It goes on from the best chain that any backup brought. Where chains contradict each other it goes on from the one
 *      with more recoveries, so that its own operation decides (ID11).
 * AB16 A chain that a thief has filled is recovered from behind its last operation of the recovery key: what devices did
 *      after it is overruled (ID10) and need not be carried on.
 * AB21 Words are rotated with both, the old and the new: the chain gets another recovery key, and devices another key and
 *      other places for their backups.
 */
import { bytesToHex, equalBytes, err, ok, type Result } from "@xchat/codec";
import { deriveBranch, type CryptoProvider } from "@xchat/crypto";
import { extendIdentity, verifyChain, type ChainReason } from "../identity/chain.ts";
import { extendsChain } from "../identity/fork.ts";
import {
  decodeOperation,
  decodeOperationBody,
  encodeChain,
  MAX_CHAIN_BYTES,
  MAX_OPERATIONS,
  splitChain,
} from "../identity/operation.ts";
import { backupKeys, type BackupKeys } from "./backup-keys.ts";

/** Room that a chain keeps for the recovery, and for what follows it. */
const ROOM_OPERATIONS = 8;
const ROOM_BYTES = 3_000;

export interface RecoveryRefusal {
  readonly reason:
    | ChainReason
    | "no-chain"
    /** The chain has been rotated away from these words: only the newer words recover it. */
    | "words-rotated-away";
}

/**
 * The chain with the recovery operation at its end, and what the device needs to write backups. `chains`: all that
 * backups brought, verified or not; those that do not verify are passed over. `entropy` belongs to the caller, who
 * forgets it after this.
 */
export async function recoverAccount(
  provider: CryptoProvider,
  input: {
    readonly entropy: Uint8Array;
    readonly chains: readonly Uint8Array[];
    readonly deviceSeed: Uint8Array;
    readonly now: number;
  },
): Promise<Result<{ readonly chain: Uint8Array; readonly keys: BackupKeys }, RecoveryRefusal>> {
  const { entropy, deviceSeed, now } = input;
  const recoverySeed = deriveBranch(provider, entropy, "identity-recovery");
  const recovery = await provider.ed25519KeyPair(recoverySeed);
  const sound: Uint8Array[] = [];
  for (const chain of input.chains) if ((await verifyChain(provider, chain)).ok) sound.push(chain);
  const base = recoveryBase(sound);
  if (base === null) return err({ reason: "no-chain" });
  const identity = await verifyChain(provider, base);
  if (!identity.ok) return err({ reason: identity.error.reason });
  if (!equalBytes(identity.value.recoveryKey, recovery.publicKey)) return err({ reason: "words-rotated-away" });
  const { publicKey: deviceKey } = await provider.ed25519KeyPair(deviceSeed);
  const action = { kind: "recover", deviceKey, keptDevices: [] } as const;
  const seeds = [recoverySeed, deviceSeed];
  const extended = await extendIdentity(provider, withRoom(base), { action, seeds, now });
  if (!extended.ok) return err({ reason: extended.error.reason });
  const keys = await backupKeys(provider, deriveBranch(provider, entropy, "account-backup"));
  return ok({ chain: extended.value, keys });
}

/**
 * AB21. The chain, which is the caller's own and verified, with its recovery key replaced; and what devices write backups
 * with from now on. Backups under the old words are removed by their owners, or expire.
 */
export async function rotateWords(
  provider: CryptoProvider,
  input: {
    readonly oldEntropy: Uint8Array;
    readonly newEntropy: Uint8Array;
    readonly chain: Uint8Array;
    readonly now: number;
  },
): Promise<Result<{ readonly chain: Uint8Array; readonly keys: BackupKeys }, RecoveryRefusal>> {
  const { oldEntropy, newEntropy, chain, now } = input;
  const identity = await verifyChain(provider, chain);
  if (!identity.ok) return err({ reason: identity.error.reason });
  const oldSeed = deriveBranch(provider, oldEntropy, "identity-recovery");
  const newSeed = deriveBranch(provider, newEntropy, "identity-recovery");
  const { publicKey: oldKey } = await provider.ed25519KeyPair(oldSeed);
  if (!equalBytes(identity.value.recoveryKey, oldKey)) return err({ reason: "words-rotated-away" });
  const { publicKey: recoveryKey } = await provider.ed25519KeyPair(newSeed);
  const action = { kind: "rotate", recoveryKey } as const;
  const rotated = await extendIdentity(provider, chain, { action, seeds: [oldSeed, newSeed], now });
  if (!rotated.ok) return err({ reason: rotated.error.reason });
  const keys = await backupKeys(provider, deriveBranch(provider, newEntropy, "account-backup"));
  return ok({ chain: rotated.value, keys });
}

/** AB15: of verified chains of one account; `null` where there is none. */
export function recoveryBase(chains: readonly Uint8Array[]): Uint8Array | null {
  const isBeaten = (one: Uint8Array): boolean =>
    chains.some((other) => {
      const relation = extendsChain(one, other);
      return relation.ok && relation.value !== "same";
    });
  const best = chains.filter((one) => !isBeaten(one));
  return best.toSorted(compareBases)[0] ?? null;
}

// ---- below: reading chains

const compareBases = (a: Uint8Array, b: Uint8Array): number =>
  recoveriesOf(b) - recoveriesOf(a) ||
  operationsOf(b).length - operationsOf(a).length ||
  (hexOf(a) < hexOf(b) ? -1 : 1);

const hexOf = (chain: Uint8Array): string => bytesToHex(chain);

/** Empty for what is no chain; those were passed over before. */
const operationsOf = (chain: Uint8Array): readonly Uint8Array[] => {
  const split = splitChain(chain);
  return split.ok ? split.value : [];
};

const recoveriesOf = (chain: Uint8Array): number => operationsOf(chain).filter(isOfRecovery).length;

function isOfRecovery(encoded: Uint8Array): boolean {
  const operation = decodeOperation(encoded);
  const body = operation.ok ? decodeOperationBody(operation.value.body) : operation;
  return body.ok && (body.value.action.kind === "rotate" || body.value.action.kind === "recover");
}

/** AB16. */
function withRoom(chain: Uint8Array): Uint8Array {
  const operations = operationsOf(chain);
  const isRoomy = operations.length <= MAX_OPERATIONS - ROOM_OPERATIONS && chain.length <= MAX_CHAIN_BYTES - ROOM_BYTES;
  if (isRoomy) return chain;
  // The genesis, where the recovery key has signed nothing since.
  const last = Math.max(0, operations.findLastIndex(isOfRecovery));
  return encodeChain(operations.slice(0, last + 1));
}
