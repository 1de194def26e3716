/**
 * Sealing and opening of account backups (spec/account-backup.md, section 4).
 *
 * AB6 Signed by a device that the chain in it lists, over the key to which it is sealed; and the recovery key of that
 *     chain is the one of the words. So who knows that key and the places can make no backup, not even of an account of
 *     their own.
 * AB7 Sealed by HPKE in base mode to the key of the words, one message for each part, so that parts of two backups do
 *     not open together.
 * AB8 1, 2, 4, 8 or 16 parts of exactly 65,536 bytes; behind the content only zeros.
 */
import {
  bytes,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  literal,
  ok,
  struct,
  utf8ToBytes,
  type CodecType,
  type Result,
} from "@xchat/codec";
import { deriveBranch, setupRecipient, setupSender, type CryptoProvider, type HpkeRecipient } from "@xchat/crypto";
import { isListedDevice, verifyChain, type Identity } from "../identity/chain.ts";
import { decodeBackupContent, encodeBackupContent, type BackupContent } from "./backup-content.ts";
import { backupOpenSeed, MAX_BACKUP_PARTS } from "./backup-keys.ts";

export const BACKUP_PART_BYTES = 65_536;
const ENCAPSULATION_BYTES = 1_120;
const TAG_BYTES = 16;
/** Number of parts and length of what follows. */
const HEAD_BYTES = 5;
const FIRST_PART_ROOM = BACKUP_PART_BYTES - ENCAPSULATION_BYTES - TAG_BYTES;
const PART_ROOM = BACKUP_PART_BYTES - TAG_BYTES;
const PART_COUNTS = [1, 2, 4, 8, MAX_BACKUP_PARTS] as const;

const INFO = utf8ToBytes("xchat account backup 1");
const SIGNATURE_LABEL = utf8ToBytes("xchat account backup 1\0");

const MAX_CONTENT_BYTES = FIRST_PART_ROOM + (MAX_BACKUP_PARTS - 1) * PART_ROOM - HEAD_BYTES - 128;

const signedBackup = struct({
  version: literal(1, "newer-version"),
  content: bytes({ max: MAX_CONTENT_BYTES }),
  /** The device that wrote it. */
  deviceKey: bytes({ length: 32 }),
  signature: bytes({ length: 64 }),
});

export interface OpenedBackup extends BackupContent {
  readonly deviceKey: Uint8Array;
  /** Of the chain in it. */
  readonly identity: Identity;
}

export interface BackupRefusal {
  readonly reason:
    /** Not sealed to these words, altered, or put together from two. */
    | "backup-unopenable"
    | "backup-malformed"
    | "backup-newer-version"
    | "backup-forged"
    /** Its chain is not, or no longer, recovered by these words. */
    | "backup-of-other-words";
  /** For reports and tests. */
  readonly detail: string;
}

/**
 * The parts of one backup, in order.
 *
 * @throws RangeError with `code` "backup-too-large" beyond 1 MiB, and when a field breaks its bounds.
 */
export async function sealBackup(
  provider: CryptoProvider,
  sealKey: Uint8Array,
  input: { readonly content: BackupContent; readonly deviceSeed: Uint8Array },
): Promise<readonly Uint8Array[]> {
  const content = encodeBackupContent(input.content);
  if (content.length > MAX_CONTENT_BYTES) {
    throw Object.assign(new RangeError("the backup does not fit 1 MiB"), { code: "backup-too-large" });
  }
  const { publicKey: deviceKey } = await provider.ed25519KeyPair(input.deviceSeed);
  const signature = await provider.ed25519Sign(input.deviceSeed, backupMessage(provider, sealKey, content));
  const plain = encode(signedBackup, { version: 1, content, deviceKey, signature });
  const sender = await setupSender(provider, sealKey, INFO);
  if (sender === null) throw new RangeError("the key of the words is malformed");
  const parts: Uint8Array[] = [];
  for (const [index, piece] of padded(plain).entries()) {
    const sealed = await sender.context.seal(associated(index), piece);
    parts.push(index === 0 ? concatBytes(sender.enc, sealed) : sealed);
  }
  return parts;
}

/** How many parts belong to the backup whose first part this is; `null` when it is none of these words. */
export async function backupPartCount(
  provider: CryptoProvider,
  openSeed: Uint8Array,
  first: Uint8Array,
): Promise<number | null> {
  const opened = await openFirst(provider, openSeed, first);
  return opened === null ? null : opened.count;
}

/** What the words give to open backups and to judge them. */
export interface BackupReader {
  readonly openSeed: Uint8Array;
  /** Public key of `openSeed`. */
  readonly sealKey: Uint8Array;
  /** Ed25519 public key of the words' recovery branch. */
  readonly recoveryKey: Uint8Array;
}

/** `entropy`: of the words. */
export async function backupReader(provider: CryptoProvider, entropy: Uint8Array): Promise<BackupReader> {
  const openSeed = backupOpenSeed(provider, deriveBranch(provider, entropy, "account-backup"));
  const { publicKey: sealKey } = await provider.xwingKeyPair(openSeed);
  const recovery = await provider.ed25519KeyPair(deriveBranch(provider, entropy, "identity-recovery"));
  return { openSeed, sealKey, recoveryKey: recovery.publicKey };
}

/** Opens and judges a whole backup. Never throws. */
export async function openBackup(
  provider: CryptoProvider,
  reader: BackupReader,
  parts: readonly Uint8Array[],
): Promise<Result<OpenedBackup, BackupRefusal>> {
  const plain = await openParts(provider, reader.openSeed, parts);
  if (plain === null) return refuse("backup-unopenable", "box");
  const unpadded = unpad(plain);
  if (unpadded === null) return refuse("backup-malformed", "padding");
  const signed = decode(signedBackup, unpadded);
  if (!signed.ok) return malformed(signed.error.reason);
  const content = decodeBackupContent(signed.value.content);
  if (!content.ok) return malformed(content.error.reason);
  return judge(provider, reader, signed.value, content.value);
}

// ---- below: parts and judging

const refuse = (reason: BackupRefusal["reason"], detail: string): Result<never, BackupRefusal> =>
  err({ reason, detail });

const malformed = (reason: string): Result<never, BackupRefusal> =>
  refuse(reason === "newer-version" ? "backup-newer-version" : "backup-malformed", reason);

const backupMessage = (provider: CryptoProvider, sealKey: Uint8Array, content: Uint8Array): Uint8Array =>
  concatBytes(SIGNATURE_LABEL, provider.sha256(sealKey), content);

async function judge(
  provider: CryptoProvider,
  { sealKey, recoveryKey }: BackupReader,
  { content, deviceKey, signature }: CodecType<typeof signedBackup>,
  value: BackupContent,
): Promise<Result<OpenedBackup, BackupRefusal>> {
  const identity = await verifyChain(provider, value.chain);
  if (!identity.ok) return refuse("backup-forged", identity.error.reason);
  if (!isListedDevice(identity.value, deviceKey)) return refuse("backup-forged", "signer-not-listed");
  const message = backupMessage(provider, sealKey, content);
  if (!(await provider.ed25519Verify(deviceKey, message, signature))) return refuse("backup-forged", "signature");
  if (!equalBytes(identity.value.recoveryKey, recoveryKey)) return refuse("backup-of-other-words", "recovery-key");
  return ok({ ...value, deviceKey, identity: identity.value });
}

const associated = (index: number): Uint8Array => Uint8Array.of(index);

/** The pieces that are sealed: count, length, content, zeros. */
function padded(plain: Uint8Array): readonly Uint8Array[] {
  const count = PART_COUNTS.find((one) => HEAD_BYTES + plain.length <= roomOf(one));
  if (count === undefined) throw new Error("a backup that was measured fits");
  const all = new Uint8Array(roomOf(count));
  const view = new DataView(all.buffer);
  view.setUint8(0, count);
  view.setUint32(1, plain.length);
  all.set(plain, HEAD_BYTES);
  const pieces = [all.subarray(0, FIRST_PART_ROOM)];
  for (let at = FIRST_PART_ROOM; at < all.length; at += PART_ROOM) pieces.push(all.subarray(at, at + PART_ROOM));
  return pieces;
}

const roomOf = (count: number): number => FIRST_PART_ROOM + (count - 1) * PART_ROOM;

interface First {
  readonly recipient: HpkeRecipient;
  readonly piece: Uint8Array;
  readonly count: number;
}

async function openFirst(provider: CryptoProvider, openSeed: Uint8Array, first: Uint8Array): Promise<First | null> {
  if (first.length !== BACKUP_PART_BYTES) return null;
  const recipient = await setupRecipient(provider, openSeed, first.subarray(0, ENCAPSULATION_BYTES), INFO);
  const piece = recipient === null ? null : await recipient.open(associated(0), first.subarray(ENCAPSULATION_BYTES));
  if (recipient === null || piece === null) return null;
  const count = piece[0] as number;
  return PART_COUNTS.some((one) => one === count) ? { recipient, piece, count } : null;
}

async function openParts(
  provider: CryptoProvider,
  openSeed: Uint8Array,
  parts: readonly Uint8Array[],
): Promise<Uint8Array | null> {
  const first = parts[0] === undefined ? null : await openFirst(provider, openSeed, parts[0]);
  if (first === null || first.count !== parts.length) return null;
  const pieces = [first.piece];
  for (const [index, part] of parts.entries()) {
    if (index === 0) continue;
    const piece = part.length === BACKUP_PART_BYTES ? await first.recipient.open(associated(index), part) : null;
    if (piece === null) return null;
    pieces.push(piece);
  }
  return concatBytes(...pieces);
}

function unpad(plain: Uint8Array): Uint8Array | null {
  const length = new DataView(plain.buffer, plain.byteOffset).getUint32(1);
  const end = HEAD_BYTES + length;
  if (end > plain.length || plain.subarray(end).some((byte) => byte !== 0)) return null;
  return plain.subarray(HEAD_BYTES, end);
}
