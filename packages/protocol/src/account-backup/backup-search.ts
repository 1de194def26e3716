/**
 * Where a backup is put and looked for (spec/account-backup.md, sections 5 and 6). Fetching is an argument: it gives what
 * lies at a place of one node, `null` for nothing.
 */
import { bytesToHex } from "@xchat/codec";
import { deriveBranch, type CryptoProvider } from "@xchat/crypto";
import type { Hex } from "../log/state.ts";
import { backupPartCount, backupReader, openBackup, type BackupReader } from "./backup-box.ts";
import type { FoundBackup } from "./backup-choice.ts";
import { backupHalf, BACKUP_HALVES, backupKeys, backupPlace, BACKUP_SLOTS } from "./backup-keys.ts";

export type FetchBlob = (place: Uint8Array) => Promise<Uint8Array | null>;

/** The blobs of one backup for one slot, in the order in which they are put: the first part last. */
export function backupBlobs(
  provider: CryptoProvider,
  placeSecret: Uint8Array,
  input: {
    /** Key hash of the node. */
    readonly node: Uint8Array;
    readonly slot: number;
    readonly counter: number;
    /** Sealed for this node alone: nodes that compare what they hold find nothing in common. */
    readonly parts: readonly Uint8Array[];
  },
): readonly { readonly place: Uint8Array; readonly blob: Uint8Array }[] {
  const { node, slot, counter, parts } = input;
  const half = backupHalf(counter);
  return parts
    .map((blob, part) => ({ place: backupPlace(provider, placeSecret, node, { slot, half, part }), blob }))
    .toReversed();
}

/**
 * Every sound backup at one node. All places are asked for at once, so that one exchange can carry them. What is missing, torn or not of these words is passed over: another half, slot or node
 * may have it.
 */
export async function findBackups(
  provider: CryptoProvider,
  entropy: Uint8Array,
  node: Uint8Array,
  fetchBlob: FetchBlob,
): Promise<readonly FoundBackup[]> {
  const reader = await backupReader(provider, entropy);
  const { placeSecret } = await backupKeys(provider, deriveBranch(provider, entropy, "account-backup"));
  const name: Hex = bytesToHex(node);
  const readPlace = async (slot: number, half: number): Promise<readonly FoundBackup[]> => {
    const fetchPart = (part: number): Promise<Uint8Array | null> =>
      fetchBlob(backupPlace(provider, placeSecret, node, { slot, half, part }));
    const backup = await readHalf(provider, reader, fetchPart);
    return backup === null ? [] : [{ node: name, backup }];
  };
  const places = Array.from({ length: BACKUP_SLOTS * BACKUP_HALVES }, (_, n) =>
    readPlace(Math.floor(n / BACKUP_HALVES), n % BACKUP_HALVES),
  );
  return (await Promise.all(places)).flat();
}

async function readHalf(
  provider: CryptoProvider,
  reader: BackupReader,
  fetchPart: (part: number) => Promise<Uint8Array | null>,
): Promise<FoundBackup["backup"] | null> {
  const first = await fetchPart(0);
  if (first === null) return null;
  const count = await backupPartCount(provider, reader.openSeed, first);
  if (count === null) return null;
  const parts = [first];
  for (let part = 1; part < count; part++) {
    const next = await fetchPart(part);
    if (next === null) return null;
    parts.push(next);
  }
  const opened = await openBackup(provider, reader, parts);
  return opened.ok ? opened.value : null;
}
