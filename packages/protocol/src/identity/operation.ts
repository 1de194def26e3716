/**
 * One link of an identity chain: its encoding, its signatures, and who must have made them (spec/identity.md,
 * section 3). Whether a link may stand where it stands is judged in `chain.ts`.
 *
 * ID2 An operation is [body, signatures]; the body is a deterministic CBOR byte string, and a signature covers the
 *     label, a zero byte and the body.
 * ID3 Everyone whose key an operation brings in signs it too (proof of possession), so that nobody can list a key
 *     that is not theirs.
 */
import {
  bytes,
  concatBytes,
  decode,
  encode,
  list,
  literal,
  nullable,
  struct,
  uint,
  utf8ToBytes,
  variants,
  type CodecType,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";

export const IDENTITY_VERSION = 1 as const;
/** Ed25519 and SHA-256. Another number stands for other algorithms, such as hybrid signatures. */
export const IDENTITY_SUITE = 1 as const;
/** A chain is sent in every leaf of a conversation: three of the greatest size fit into one envelope of 64 KiB. */
export const MAX_CHAIN_BYTES = 16_384;
export const MAX_OPERATIONS = 64;
export const MAX_DEVICES = 8;
export const MAX_BODY_BYTES = 512;
/** Two signatures and the heads of what holds them. */
const MAX_SIGNATURES_BYTES = 140;
/** Times in a chain are whole hours: they are shown to people, and judged by nobody. */
export const HOUR_MS = 3_600_000;

const key = bytes({ length: 32 });
const hash = bytes({ length: 32 });
const signature = bytes({ length: 64 });

const action = variants({
  genesis: [0, { recoveryKey: key, deviceKey: key }],
  "add-device": [1, { by: key, deviceKey: key }],
  "remove-device": [2, { by: key, deviceKey: key }],
  /** Replaces the recovery key. */
  rotate: [3, { recoveryKey: key }],
  /** A new device by the recovery key; of the others only those named are kept. */
  recover: [4, { deviceKey: key, keptDevices: list(key, { max: MAX_DEVICES - 1 }) }],
});
export type Action = CodecType<typeof action>;

const operationBody = struct({
  version: literal(IDENTITY_VERSION, "newer-version"),
  suite: literal(IDENTITY_SUITE, "newer-version"),
  sequence: uint(MAX_OPERATIONS - 1),
  /** SHA-256 of the whole operation before this one. */
  previous: nullable(hash),
  hour: uint(2 ** 32),
  action,
});
export type OperationBody = CodecType<typeof operationBody>;

const signedOperation = struct({
  body: bytes({ max: MAX_BODY_BYTES }),
  signatures: list(signature, { min: 1, max: 2 }),
});
export type SignedOperation = CodecType<typeof signedOperation>;

const chain = struct({
  version: literal(IDENTITY_VERSION, "newer-version"),
  operations: list(bytes({ max: MAX_BODY_BYTES + MAX_SIGNATURES_BYTES }), { min: 1, max: MAX_OPERATIONS }),
});

const SIGNATURE_LABEL = utf8ToBytes("xchat identity operation 1\0");

/** What each signer of an operation signs. */
export const operationMessage = (body: Uint8Array): Uint8Array => concatBytes(SIGNATURE_LABEL, body);

export const encodeOperationBody = (body: OperationBody): Uint8Array => encode(operationBody, body);
export const decodeOperationBody = (encoded: Uint8Array): Result<OperationBody, { reason: string }> =>
  decode(operationBody, encoded);
export const encodeOperation = (operation: SignedOperation): Uint8Array => encode(signedOperation, operation);
export const decodeOperation = (encoded: Uint8Array): Result<SignedOperation, { reason: string }> =>
  decode(signedOperation, encoded);

export const encodeChain = (operations: readonly Uint8Array[]): Uint8Array =>
  encode(chain, { version: IDENTITY_VERSION, operations });

export type ChainMalformed = { readonly reason: "chain-malformed" | "chain-too-long" | "chain-newer-version" };

/** The operations of a chain as byte strings, none of them read yet. */
export function splitChain(encoded: Uint8Array): Result<readonly Uint8Array[], ChainMalformed> {
  if (encoded.length > MAX_CHAIN_BYTES) return { ok: false, error: { reason: "chain-too-long" } };
  const decoded = decode(chain, encoded);
  return decoded.ok
    ? { ok: true, value: decoded.value.operations }
    : { ok: false, error: chainMalformed(decoded.error.reason) };
}

export const chainMalformed = (reason: string): ChainMalformed => ({
  reason: reason === "newer-version" ? "chain-newer-version" : "chain-malformed",
});

/** The key that must sign first (who has the right) and the one that must sign second (who is brought in). */
export function signersOf(body: Action, recoveryKey: Uint8Array): readonly Uint8Array[] {
  switch (body.kind) {
    case "genesis":
      return [body.recoveryKey, body.deviceKey];
    case "add-device":
      return [body.by, body.deviceKey];
    case "remove-device":
      return [body.by];
    case "rotate":
      return [recoveryKey, body.recoveryKey];
    case "recover":
      return [recoveryKey, body.deviceKey];
  }
}

/** True when exactly the wanted keys have signed, in their order. */
export async function areSignaturesValid(
  provider: CryptoProvider,
  operation: SignedOperation,
  signers: readonly Uint8Array[],
): Promise<boolean> {
  if (operation.signatures.length !== signers.length) return false;
  const message = operationMessage(operation.body);
  for (const [index, signer] of signers.entries()) {
    if (!(await provider.ed25519Verify(signer, message, operation.signatures[index] as Uint8Array))) return false;
  }
  return true;
}
