/**
 * What two people compare to know that nobody stands between them (spec/identity.md, section 7).
 *
 * ID18 The safety number is symmetric: twelve groups of five digits from one hash over both account ids in byte order.
 * ID19 The code of a QR has a direction: a person's own code, shown back to them, is never a match.
 * ID20 A code that was read wrongly is told apart from one that does not match.
 */
import {
  base64UrlToBytes,
  bytesToBase64Url,
  compareBytes,
  concatBytes,
  equalBytes,
  err,
  ok,
  utf8ToBytes,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { accountIdToBytes, type AccountId } from "./account-id.ts";

const NUMBER_LABEL = utf8ToBytes("xchat safety number 1\0");
const CODE_LABEL = utf8ToBytes("xchat safety code 1\0");
const CHECK_LABEL = utf8ToBytes("xchat safety code check 1\0");
const GROUPS = 12;
const BYTES_PER_GROUP = 5;
const CODE_PREFIX = "xcs1:";
const FINGERPRINT_BYTES = 32;
const CHECK_BYTES = 4;

/** Twelve groups of five digits, parted by spaces; the same for both people. */
export function safetyNumber(provider: CryptoProvider, a: AccountId, b: AccountId): string {
  const [low, high] = [accountIdToBytes(a), accountIdToBytes(b)].toSorted(compareBytes) as [Uint8Array, Uint8Array];
  const hash = provider.sha512(concatBytes(NUMBER_LABEL, low, high));
  const groups: string[] = [];
  for (let group = 0; group < GROUPS; group++) {
    let value = 0;
    // Forty bits: below 2^53, and the excess of the first values over the last is under one in ten million.
    for (let i = 0; i < BYTES_PER_GROUP; i++) value = value * 256 + (hash[group * BYTES_PER_GROUP + i] as number);
    groups.push(String(value % 100_000).padStart(5, "0"));
  }
  return groups.join(" ");
}

/** Text of the QR code that `own` shows to `other`. It holds a hash: whoever sees it learns neither id. */
export function safetyCode(provider: CryptoProvider, own: AccountId, other: AccountId): string {
  const fingerprint = codeFingerprint(provider, own, other);
  return CODE_PREFIX + bytesToBase64Url(concatBytes(fingerprint, codeCheck(provider, fingerprint)));
}

/** Reads the code that `other` shows: true when they see the same two accounts as `own` does. */
export function checkSafetyCode(
  provider: CryptoProvider,
  own: AccountId,
  other: AccountId,
  text: string,
): Result<boolean, { readonly reason: "code-malformed" | "code-newer-version" | "code-own" }> {
  const trimmed = text.trim();
  if (/^xcs[2-9]\d{0,2}:/.test(trimmed)) return err({ reason: "code-newer-version" });
  if (!trimmed.startsWith(CODE_PREFIX)) return err({ reason: "code-malformed" });
  const decoded = base64UrlToBytes(trimmed.slice(CODE_PREFIX.length));
  if (!decoded.ok || decoded.value.length !== FINGERPRINT_BYTES + CHECK_BYTES) return err({ reason: "code-malformed" });
  const fingerprint = decoded.value.subarray(0, FINGERPRINT_BYTES);
  if (!equalBytes(decoded.value.subarray(FINGERPRINT_BYTES), codeCheck(provider, fingerprint))) {
    return err({ reason: "code-malformed" });
  }
  if (equalBytes(fingerprint, codeFingerprint(provider, own, other))) return err({ reason: "code-own" });
  return ok(equalBytes(fingerprint, codeFingerprint(provider, other, own)));
}

const codeFingerprint = (provider: CryptoProvider, shower: AccountId, reader: AccountId): Uint8Array =>
  provider.sha256(concatBytes(CODE_LABEL, accountIdToBytes(shower), accountIdToBytes(reader)));

const codeCheck = (provider: CryptoProvider, fingerprint: Uint8Array): Uint8Array =>
  provider.sha256(concatBytes(CHECK_LABEL, fingerprint)).slice(0, CHECK_BYTES);
