/**
 * Private messages (RFC 9420, section 6.3): framing, signature, encryption of content and of sender data.
 *
 * ts-mls has all of this too, for any suite and content. The path of every single message is written anew here, because
 * it is what must be fast: encodings that do not change within an epoch are made once, nothing waits where the provider
 * does not, and the secret tree is our own (see secret-tree.ts). The same official vectors hold both.
 *
 * F1 One encoding: lengths are minimal, nothing follows the message, and padding is zero.
 * F2 The sender is named by decrypted sender data but trusted only once the signature of that leaf has been verified.
 * F3 No padding is added: the envelope around it pads.
 */
import { err, ok, type Result } from "@xchat/codec";
import type { Awaitable } from "@xchat/crypto";
import { expandWithLabel, type Kdf, type MessageKey } from "./secret-tree.ts";
import { TlsReader, TlsWriter, vectorSize } from "./tls.ts";

const PROTOCOL_MLS10 = 1;
const WIRE_PRIVATE_MESSAGE = 2;
const SENDER_MEMBER = 1;
export const CONTENT_APPLICATION = 1;
export const CONTENT_COMMIT = 3;

const REUSE_GUARD_LENGTH = 4;
const SENDER_DATA_LENGTH = 8 + REUSE_GUARD_LENGTH;

/** What the framing asks of the cipher suite. */
export interface FramingCrypto {
  readonly kdf: Kdf;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly sealAead: (
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ) => Awaitable<Uint8Array>;
  readonly openAead: (
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ) => Awaitable<Uint8Array | null>;
  readonly sign: (secretKey: Uint8Array, message: Uint8Array) => Awaitable<Uint8Array>;
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Awaitable<boolean>;
}

/** What messages of one epoch share. */
export interface EpochFraming {
  readonly groupId: Uint8Array;
  readonly epoch: number;
  /** The encoded GroupContext. */
  readonly context: Uint8Array;
  readonly senderDataSecret: Uint8Array;
}

export interface PrivateMessage {
  readonly groupId: Uint8Array;
  readonly epoch: number;
  readonly contentType: number;
  readonly authenticatedData: Uint8Array;
  readonly encryptedSenderData: Uint8Array;
  readonly ciphertext: Uint8Array;
}

export interface SenderData {
  readonly leaf: number;
  readonly generation: number;
  readonly reuseGuard: Uint8Array;
}

// ---- the message as it travels

export function encodePrivateMessage(message: PrivateMessage): Uint8Array {
  const { groupId, authenticatedData, encryptedSenderData, ciphertext } = message;
  const size =
    13 +
    vectorSize(groupId.length) +
    vectorSize(authenticatedData.length) +
    vectorSize(encryptedSenderData.length) +
    vectorSize(ciphertext.length);
  return new TlsWriter(size)
    .uint16(PROTOCOL_MLS10)
    .uint16(WIRE_PRIVATE_MESSAGE)
    .vector(groupId)
    .uint64(message.epoch)
    .uint8(message.contentType)
    .vector(authenticatedData)
    .vector(encryptedSenderData)
    .vector(ciphertext).bytes;
}

/** The parts alias the input. */
export function decodePrivateMessage(bytes: Uint8Array): Result<PrivateMessage, "malformed" | "unsupported"> {
  const reader = new TlsReader(bytes);
  const version = reader.uint16();
  const wireFormat = reader.uint16();
  if (reader.isBroken) return err("malformed");
  if (version !== PROTOCOL_MLS10 || wireFormat !== WIRE_PRIVATE_MESSAGE) return err("unsupported");
  const message = {
    groupId: reader.vector(),
    epoch: reader.uint64(),
    contentType: reader.uint8(),
    authenticatedData: reader.vector(),
    encryptedSenderData: reader.vector(),
    ciphertext: reader.vector(),
  };
  return reader.isBroken || !reader.isAtEnd ? err("malformed") : ok(message);
}

// ---- application messages

export async function sealApplication(
  crypto: FramingCrypto,
  epoch: EpochFraming,
  sender: { readonly leaf: number; readonly secretKey: Uint8Array; readonly messageKey: MessageKey },
  plaintext: Uint8Array,
  authenticatedData: Uint8Array,
): Promise<Uint8Array> {
  const toBeSigned = applicationToBeSigned(epoch, sender.leaf, authenticatedData, plaintext);
  const signature = await crypto.sign(sender.secretKey, toBeSigned);
  const content = new TlsWriter(vectorSize(plaintext.length) + vectorSize(signature.length))
    .vector(plaintext)
    .vector(signature).bytes;
  const reuseGuard = crypto.randomBytes(REUSE_GUARD_LENGTH);
  const { key, nonce, generation } = sender.messageKey;
  const aad = contentAad(epoch, CONTENT_APPLICATION, authenticatedData);
  const ciphertext = await crypto.sealAead(key, guardedNonce(nonce, reuseGuard), aad, content);
  const encryptedSenderData = await sealSenderData(crypto, epoch, CONTENT_APPLICATION, ciphertext, {
    leaf: sender.leaf,
    generation,
    reuseGuard,
  });
  return encodePrivateMessage({
    groupId: epoch.groupId,
    epoch: epoch.epoch,
    contentType: CONTENT_APPLICATION,
    authenticatedData,
    encryptedSenderData,
    ciphertext,
  });
}

/** Opened content of an application message, its signature verified. */
export async function readApplication(
  crypto: FramingCrypto,
  epoch: EpochFraming,
  sender: { readonly leaf: number; readonly signatureKey: Uint8Array },
  message: PrivateMessage,
  content: Uint8Array,
): Promise<Result<Uint8Array, "malformed" | "not-authentic">> {
  const reader = new TlsReader(content);
  const plaintext = reader.vector();
  const signature = reader.vector();
  if (reader.isBroken || !reader.isZeroToEnd()) return err("malformed");
  const toBeSigned = applicationToBeSigned(epoch, sender.leaf, message.authenticatedData, plaintext);
  // A copy: the caller's plaintext must not share memory with the buffer that also holds the signature.
  return (await crypto.verify(sender.signatureKey, toBeSigned, signature))
    ? ok(plaintext.slice())
    : err("not-authentic");
}

// ---- content and sender data

/** `null` when it does not open. */
export const openContent = (
  crypto: FramingCrypto,
  epoch: EpochFraming,
  message: PrivateMessage,
  { key, nonce }: MessageKey,
  reuseGuard: Uint8Array,
): Awaitable<Uint8Array | null> =>
  crypto.openAead(
    key,
    guardedNonce(nonce, reuseGuard),
    contentAad(epoch, message.contentType, message.authenticatedData),
    message.ciphertext,
  );

/** `null` when it does not open, or is not sender data. */
export async function openSenderData(
  crypto: FramingCrypto,
  epoch: EpochFraming,
  message: PrivateMessage,
): Promise<SenderData | null> {
  const { key, nonce } = senderDataKeys(crypto.kdf, epoch, message.ciphertext);
  const aad = senderDataAad(epoch, message.contentType);
  const opened = await crypto.openAead(key, nonce, aad, message.encryptedSenderData);
  if (opened === null || opened.length !== SENDER_DATA_LENGTH) return null;
  const reader = new TlsReader(opened);
  return { leaf: reader.uint32(), generation: reader.uint32(), reuseGuard: reader.raw(REUSE_GUARD_LENGTH) };
}

async function sealSenderData(
  crypto: FramingCrypto,
  epoch: EpochFraming,
  contentType: number,
  ciphertext: Uint8Array,
  { leaf, generation, reuseGuard }: SenderData,
): Promise<Uint8Array> {
  const { key, nonce } = senderDataKeys(crypto.kdf, epoch, ciphertext);
  const plaintext = new TlsWriter(SENDER_DATA_LENGTH).uint32(leaf).uint32(generation).raw(reuseGuard).bytes;
  return crypto.sealAead(key, nonce, senderDataAad(epoch, contentType), plaintext);
}

const encoder = new TextEncoder();
const KEY_LABEL = encoder.encode("MLS 1.0 key");
const NONCE_LABEL = encoder.encode("MLS 1.0 nonce");

function senderDataKeys(
  kdf: Kdf,
  { senderDataSecret }: EpochFraming,
  ciphertext: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const sample = ciphertext.subarray(0, kdf.size);
  return {
    key: expandWithLabel(kdf, senderDataSecret, KEY_LABEL, sample, kdf.keyLength),
    nonce: expandWithLabel(kdf, senderDataSecret, NONCE_LABEL, sample, kdf.nonceLength),
  };
}

/** Section 6.3.1: two messages sealed with one generation by mistake still have different nonces, most likely. */
function guardedNonce(nonce: Uint8Array, reuseGuard: Uint8Array): Uint8Array {
  const guarded = nonce.slice();
  for (let i = 0; i < REUSE_GUARD_LENGTH; i++) guarded[i] = (guarded[i] as number) ^ (reuseGuard[i] as number);
  return guarded;
}

const contentAad = ({ groupId, epoch }: EpochFraming, contentType: number, authenticatedData: Uint8Array): Uint8Array =>
  new TlsWriter(vectorSize(groupId.length) + 9 + vectorSize(authenticatedData.length))
    .vector(groupId)
    .uint64(epoch)
    .uint8(contentType)
    .vector(authenticatedData).bytes;

const senderDataAad = ({ groupId, epoch }: EpochFraming, contentType: number): Uint8Array =>
  new TlsWriter(vectorSize(groupId.length) + 9).vector(groupId).uint64(epoch).uint8(contentType).bytes;

// ---- what is signed: section 6.1 within SignContent of section 5.1.2

const SIGN_LABEL = encoder.encode("MLS 1.0 FramedContentTBS");

function applicationToBeSigned(
  { groupId, epoch, context }: EpochFraming,
  leaf: number,
  authenticatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const size =
    4 +
    vectorSize(groupId.length) +
    8 +
    5 +
    vectorSize(authenticatedData.length) +
    1 +
    vectorSize(plaintext.length) +
    context.length;
  const writer = new TlsWriter(vectorSize(SIGN_LABEL.length) + vectorSize(size)).vector(SIGN_LABEL);
  return writer
    .vectorHead(size)
    .uint16(PROTOCOL_MLS10)
    .uint16(WIRE_PRIVATE_MESSAGE)
    .vector(groupId)
    .uint64(epoch)
    .uint8(SENDER_MEMBER)
    .uint32(leaf)
    .vector(authenticatedData)
    .uint8(CONTENT_APPLICATION)
    .vector(plaintext)
    .raw(context).bytes;
}
