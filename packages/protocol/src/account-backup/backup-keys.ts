/**
 * Keys and places of the account backup (spec/account-backup.md, section 2).
 *
 * AB1 From the words' `account-backup` branch come an X-Wing key that opens backups and a secret of the places where they
 *     lie. Devices hold the public half and the secret of the places: they write backups and read none.
 * AB2 The key that owns a place is the writing device's own, and not of the words: a stolen device can overwrite no
 *     backup but its own.
 * AB3 A device writes in a slot of its own, in turns to one of two halves: while one is being replaced, the other stands.
 *     Places and owners differ from node to node, so that nodes cannot find by comparing that they serve one account.
 */
import { concatBytes } from "@xchat/codec";
import { deriveKey, type CryptoProvider } from "@xchat/crypto";

export const BACKUP_SLOTS = 16;
export const BACKUP_HALVES = 2;
export const MAX_BACKUP_PARTS = 16;
const EMPTY = new Uint8Array(0);

/** What a device keeps, so that it can write backups: the register `backup-keys`. */
export interface BackupKeys {
  /** X-Wing public key, 1,216 bytes: backups are sealed to it. */
  readonly sealKey: Uint8Array;
  /** 32 bytes. */
  readonly placeSecret: Uint8Array;
}

/** `root`: 32 bytes, `deriveBranch(provider, entropy, "account-backup")`. */
export async function backupKeys(provider: CryptoProvider, root: Uint8Array): Promise<BackupKeys> {
  const { publicKey: sealKey } = await provider.xwingKeyPair(backupOpenSeed(provider, root));
  return { sealKey, placeSecret: deriveKey(provider, root, "backup places", EMPTY, 32) };
}

/** Opens every backup of these words: made when it is needed, and kept by nobody. */
export const backupOpenSeed = (provider: CryptoProvider, root: Uint8Array): Uint8Array =>
  deriveKey(provider, root, "backup open", EMPTY, 32);

export interface BackupPlace {
  readonly slot: number;
  readonly half: number;
  readonly part: number;
}

/** Where a part lies at the node with this key hash: 32 bytes. */
export function backupPlace(
  provider: CryptoProvider,
  placeSecret: Uint8Array,
  node: Uint8Array,
  { slot, half, part }: BackupPlace,
): Uint8Array {
  const context = concatBytes(node, Uint8Array.of(slot, half, part));
  return deriveKey(provider, placeSecret, "backup place", context, 32);
}

/** Seed of the Ed25519 key that owns the places of one device at one node. */
export const backupOwnerSeed = (provider: CryptoProvider, deviceSeed: Uint8Array, node: Uint8Array): Uint8Array =>
  deriveKey(provider, deviceSeed, "backup owner", node, 32);

/** The half that a backup with this counter is written to. */
export const backupHalf = (counter: number): number => counter % BACKUP_HALVES;

/**
 * The slots in the order in which a device tries them at a node that does not know it yet: the first that is not
 * `place-taken` is its own there. Devices begin in different places, so that they seldom meet.
 */
export function slotOrder(provider: CryptoProvider, deviceKey: Uint8Array): readonly number[] {
  const first = (provider.sha256(deviceKey)[0] as number) % BACKUP_SLOTS;
  return Array.from({ length: BACKUP_SLOTS }, (_, i) => (first + i) % BACKUP_SLOTS);
}
