/** Where the writing of backups stands, as it lies in the store. */
import { bytes, decode, encode, expectOk, list, literal, nullable, struct, uint, type CodecType } from "@xchat/codec";
import { decodeBackupSchedule, encodeBackupSchedule, startBackupSchedule, type BackupSchedule } from "@xchat/protocol";
import type { StoreChange } from "../ports.ts";

export const BACKUP_STATE_DOCUMENT = "backup-state";
/** Sealed parts for one node, until it has them (AB12). */
export const partsDocument = (node: string): string => `backup-parts/${node}`;

const hash = bytes({ length: 32 });

const codec = struct({
  version: literal(1, "newer-version"),
  schedule: bytes({ max: 64 * 1024 }),
  /** The greatest counter that is known of any device of the account, or that a node has told. */
  knownCounter: uint(),
  /** Of the content of the newest backup; null before the first. */
  made: nullable(struct({ urgent: hash, all: hash })),
});

export interface BackupState extends Omit<CodecType<typeof codec>, "version" | "schedule"> {
  readonly schedule: BackupSchedule;
}

/** As if something had changed then. */
export const startBackupState = (changedAt: number, knownCounter = 0): BackupState => ({
  schedule: startBackupSchedule(changedAt),
  knownCounter,
  made: null,
});

export const backupStateChange = ({ schedule, ...rest }: BackupState): StoreChange => ({
  document: BACKUP_STATE_DOCUMENT,
  value: encode(codec, { version: 1, ...rest, schedule: encodeBackupSchedule(schedule) }),
});

export function decodeBackupState(stored: Uint8Array): BackupState {
  const { schedule, knownCounter, made } = expectOk(decode(codec, stored), "backup state");
  return { schedule: expectOk(decodeBackupSchedule(schedule), "backup schedule"), knownCounter, made };
}

const partsCodec = struct({
  version: literal(1, "newer-version"),
  counter: uint(),
  parts: list(bytes({ max: 65_536 }), { min: 1, max: 16 }),
});

/** The parts of the backup with this counter, sealed for one node. */
export type SealedParts = Omit<CodecType<typeof partsCodec>, "version">;

export const partsChange = (node: string, parts: SealedParts | null): StoreChange => ({
  document: partsDocument(node),
  value: parts === null ? null : encode(partsCodec, { version: 1, ...parts }),
});

export const decodeParts = (stored: Uint8Array): SealedParts => expectOk(decode(partsCodec, stored), "backup parts");
