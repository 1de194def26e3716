/**
 * The key of the database, in a small file beside it: bare, or wrapped by the passphrase. The file also names which of
 * two database files counts, and so is the one point at which a new store or a re-encrypted one comes into being.
 *
 * K1 There are two copies. The valid one with the higher sequence counts; a torn or missing one does not.
 * K2 A commit writes the copy that does not count, and syncs it. Until then the other is untouched.
 * K3 Settling writes the second copy again, so that the key before is gone and one damaged file loses nothing.
 *
 * File: CBOR [label, format, body], then the SHA-256 of it.
 */
import { bytes, decode, encode, equalBytes, literal, struct, uint, variants, word, type CodecType } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { KEY_FILES, readWhole, writeWhole, type Disk } from "./disk.ts";

export const DATABASE_KEY_LENGTH = 32;
const LABEL = "xchat store key" as const;
const FORMAT = 1;
const DIGEST_LENGTH = 32;
const MAX_BODY = 1024;
/** Longer than any key file. */
export const MAX_KEY_FILE = 2048;

const envelope = struct({ label: literal(LABEL), format: uint(), body: bytes({ max: MAX_BODY }) });

const record = struct({
  sequence: uint(),
  /** `creating`: nothing has been put into the database yet, and it may not even be there. */
  state: word("creating", "ready"),
  database: word("a", "b"),
  key: variants({
    bare: [0, { key: bytes({ length: DATABASE_KEY_LENGTH }) }],
    wrapped: [1, { wrapped: bytes({ max: MAX_BODY / 2 }) }],
  }),
});

export type KeyRecord = CodecType<typeof record>;
export type StoredKey = KeyRecord["key"];

export type KeyFileState =
  | { readonly kind: "record"; readonly record: KeyRecord }
  | { readonly kind: "newer" }
  | { readonly kind: "none" };

export function encodeKeyFile(provider: CryptoProvider, value: KeyRecord): Uint8Array {
  const head = encode(envelope, { label: LABEL, format: FORMAT, body: encode(record, value) });
  const whole = new Uint8Array(head.length + DIGEST_LENGTH);
  whole.set(head);
  whole.set(provider.sha256(head), head.length);
  return whole;
}

type Copy = { readonly kind: "record"; readonly record: KeyRecord } | { readonly kind: "newer" | "broken" | "absent" };

export function decodeKeyFile(provider: CryptoProvider, file: Uint8Array | null): Copy {
  if (file === null || file.length === 0) return { kind: "absent" };
  if (file.length <= DIGEST_LENGTH || file.length > MAX_KEY_FILE) return { kind: "broken" };
  const head = file.subarray(0, file.length - DIGEST_LENGTH);
  if (!equalBytes(provider.sha256(head), file.subarray(head.length))) return { kind: "broken" };
  const outer = decode(envelope, head);
  if (!outer.ok) return { kind: "broken" };
  if (outer.value.format > FORMAT) return { kind: "newer" };
  const inner = decode(record, outer.value.body);
  return inner.ok ? { kind: "record", record: inner.value } : { kind: "broken" };
}

/** K1. `files` in the order of `KEY_FILES`. */
export function chooseKeyFile(provider: CryptoProvider, files: readonly (Uint8Array | null)[]): KeyFileState {
  const copies = files.map((file) => decodeKeyFile(provider, file));
  if (copies.some((copy) => copy.kind === "newer")) return { kind: "newer" };
  const records = copies.flatMap((copy) => (copy.kind === "record" ? [copy.record] : []));
  const newest = records.toSorted((x, y) => y.sequence - x.sequence)[0];
  return newest === undefined ? { kind: "none" } : { kind: "record", record: newest };
}

export const readKeyFile = (provider: CryptoProvider, disk: Disk): KeyFileState =>
  chooseKeyFile(
    provider,
    KEY_FILES.map((name) => readWhole(disk, name)),
  );

/** K2. */
export function commitKeyFile(provider: CryptoProvider, disk: Disk, value: KeyRecord): void {
  writeWhole(disk, copyThatDoesNotCount(provider, disk, value), encodeKeyFile(provider, value));
}

/** K3. @param value what was committed last. */
export function settleKeyFile(provider: CryptoProvider, disk: Disk, value: KeyRecord): void {
  const wanted = encodeKeyFile(provider, value);
  for (const name of KEY_FILES) {
    const present = readWhole(disk, name);
    if (present === null || !equalBytes(present, wanted)) writeWhole(disk, name, wanted);
  }
}

/** When both are the same, as after settling, either may be written: the other holds. */
function copyThatDoesNotCount(provider: CryptoProvider, disk: Disk, next: KeyRecord): string {
  const first = decodeKeyFile(provider, readWhole(disk, KEY_FILES[0]));
  const second = decodeKeyFile(provider, readWhole(disk, KEY_FILES[1]));
  if (first.kind !== "record") return KEY_FILES[0];
  if (second.kind !== "record") return KEY_FILES[1];
  if (next.sequence <= Math.max(first.record.sequence, second.record.sequence)) {
    throw new RangeError("the sequence of a key file only rises");
  }
  return first.record.sequence < second.record.sequence ? KEY_FILES[0] : KEY_FILES[1];
}
