/**
 * Brings one backup to one node (spec/account-backup.md, AB2, AB3, AB12): finds the slot of this device there, and puts
 * the parts, the first one last, so that whoever reads it finds the rest.
 */
import type { CryptoProvider } from "@xchat/crypto";
import { BACKUP_HOURS, backupBlobs, backupOwnerSeed, slotOrder, type BackupKeys } from "@xchat/protocol";
import type { MailboxKey, NodeAccess, NodeFailure } from "../ports.ts";
import type { SealedParts } from "./backup-state.ts";

const HOUR_MS = 3_600_000;

export interface PutInput {
  readonly keys: BackupKeys;
  readonly deviceSeed: Uint8Array;
  /** Of this device at this node; null before it has one. */
  readonly slot: number | null;
  readonly backup: SealedParts;
  readonly now: number;
}

export type PutResult =
  | { readonly kind: "stored"; readonly slot: number; readonly expiresHour: number }
  /** The node knows a later version of it: this store is older than what it wrote. */
  | { readonly kind: "overtaken"; readonly version: number }
  /** All sixteen slots belong to other devices. */
  | { readonly kind: "no-slot" }
  | { readonly kind: "failed"; readonly failure: NodeFailure };

export async function putBackup(provider: CryptoProvider, access: NodeAccess, input: PutInput): Promise<PutResult> {
  const node = access.hint.keyHash;
  const seed = backupOwnerSeed(provider, input.deviceSeed, node);
  const owner: MailboxKey = { seed, publicKey: (await provider.ed25519KeyPair(seed)).publicKey };
  const device = await provider.ed25519KeyPair(input.deviceSeed);
  const order = slotOrder(provider, device.publicKey);
  // The slot that was one's own can have expired, and be another's now.
  const slots = input.slot === null ? order : [input.slot, ...order.filter((slot) => slot !== input.slot)];
  for (const slot of slots) {
    const result = await putInSlot(provider, access, { ...input, owner, slot });
    if (result.kind !== "taken") return result;
  }
  return { kind: "no-slot" };
}

async function putInSlot(
  provider: CryptoProvider,
  access: NodeAccess,
  { keys, backup, owner, slot, now }: PutInput & { readonly owner: MailboxKey; readonly slot: number },
): Promise<PutResult | { readonly kind: "taken" }> {
  const { counter, parts } = backup;
  const expiresHour = Math.floor(now / HOUR_MS) + BACKUP_HOURS;
  const node = access.hint.keyHash;
  for (const { place, blob } of backupBlobs(provider, keys.placeSecret, { node, slot, counter, parts })) {
    const outcome = await access.putBlob({ place, owner, version: counter, blob, expiresAt: expiresHour * HOUR_MS });
    if (outcome.ok) continue;
    const failure = outcome.error;
    if (failure.kind !== "refused") return { kind: "failed", failure };
    if (failure.reason === "place-taken") return { kind: "taken" };
    if (failure.reason !== "version-old") return { kind: "failed", failure };
    const there = await access.getBlob({ place });
    return { kind: "overtaken", version: there.ok && there.value !== null ? there.value.version : counter };
  }
  return { kind: "stored", slot, expiresHour };
}
