/**
 * What is kept of a contact's chain where the chain itself would be too long: in registers and in backups
 * (spec/devices.md, section 8).
 *
 * DV20 A pin is the length of the chain, the hash of its last operation, and how many of its operations are the recovery
 *      key's. A chain that holds the pinned operation in its place extends what was pinned. One that does not, but holds
 *      more operations of the recovery key, has been recovered since; a device alone can make neither.
 */
import { bytes, equalBytes, err, ok, struct, uint, type CodecType, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { decodeOperation, decodeOperationBody, MAX_OPERATIONS, splitChain } from "../identity/operation.ts";

export const chainPinCodec = struct({
  length: uint(MAX_OPERATIONS),
  /** SHA-256 of the last operation. */
  head: bytes({ length: 32 }),
  recoveries: uint(MAX_OPERATIONS),
});
export type ChainPin = CodecType<typeof chainPinCodec>;

export type ChainPinVerdict =
  /** It begins with what was pinned. */
  | "extends"
  /** It parted from what was pinned, and the recovery key has decided since: shown, and taken. */
  | "recovered"
  /** Older than what was pinned: somebody shows an old state. */
  | "behind"
  /** It contradicts what was pinned: shown, and not taken before the two have compared their numbers. */
  | "parted";

type Malformed = { readonly reason: "chain-malformed" };

/** Of a chain that has been verified. */
export function chainPin(provider: CryptoProvider, chain: Uint8Array): Result<ChainPin, Malformed> {
  const operations = splitChain(chain);
  const recoveries = operations.ok ? countRecoveries(operations.value) : null;
  if (!operations.ok || recoveries === null) return err({ reason: "chain-malformed" });
  const head = provider.sha256(operations.value.at(-1) as Uint8Array);
  return ok({ length: operations.value.length, head, recoveries });
}

/** `chain` has been verified, and is of the account under which the pin is kept. Never throws. */
export function judgeChainPin(
  provider: CryptoProvider,
  pin: ChainPin,
  chain: Uint8Array,
): Result<ChainPinVerdict, Malformed> {
  const operations = splitChain(chain);
  const recoveries = operations.ok ? countRecoveries(operations.value) : null;
  if (!operations.ok || recoveries === null) return err({ reason: "chain-malformed" });
  const pinned = operations.value[pin.length - 1];
  if (pinned !== undefined && equalBytes(provider.sha256(pinned), pin.head)) return ok("extends");
  if (recoveries > pin.recoveries) return ok("recovered");
  return ok(pinned === undefined ? "behind" : "parted");
}

function countRecoveries(operations: readonly Uint8Array[]): number | null {
  let count = 0;
  for (const encoded of operations) {
    const operation = decodeOperation(encoded);
    const body = operation.ok ? decodeOperationBody(operation.value.body) : operation;
    if (!body.ok) return null;
    const { kind } = body.value.action;
    if (kind === "rotate" || kind === "recover") count++;
  }
  return count;
}
