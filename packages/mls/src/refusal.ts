/** How what went wrong becomes a reason (see `GroupRefusal` in the port). */
import { err } from "@xchat/codec";
import type { GroupRefusal } from "@xchat/protocol";
import { CodecError, CryptoError, CryptoVerificationError } from "ts-mls/mlsError.js";

export type RefusalReason = GroupRefusal["reason"];

export const refuse = (reason: RefusalReason, detail?: string): { readonly ok: false; readonly error: GroupRefusal } =>
  err(detail === undefined ? { reason } : { reason, detail });

/** Leaves ts-mls, which knows only to throw, from inside one of the callbacks that it was given. */
export class RefusedInside extends Error {
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason) {
    super(reason);
    this.name = "RefusedInside";
    this.reason = reason;
  }
}

/** A rule that was given to us threw: that is no fault of the peer, and must not be taken for one. */
export class RuleFailed extends Error {
  constructor(cause: unknown) {
    super("a group rule threw", { cause });
    this.name = "RuleFailed";
  }
}

/**
 * Runs a step of ts-mls over bytes of a peer. Whatever it throws is the peer's doing and becomes a refusal, as ts-mls
 * throws for every invalid input (and, for some, a TypeError or RangeError of the language).
 *
 * @throws the cause, when a rule of the caller threw.
 */
export async function refusing<T>(
  attempt: () => Promise<T>,
): Promise<T | { readonly ok: false; readonly error: GroupRefusal }> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof RuleFailed) throw error.cause;
    return refuse(reasonOf(error), error instanceof Error ? error.message : "");
  }
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof RefusedInside) return error.reason;
  if (error instanceof CryptoVerificationError || error instanceof CryptoError) return "not-authentic";
  if (error instanceof CodecError) return "malformed";
  // ValidationError and the language's own: parsed, but not a valid thing of its kind.
  return "malformed";
}

/** Misuse: what this device was asked to make, no receiver would accept. */
export const notCommittable = (what: string, cause?: unknown): Error =>
  Object.assign(new Error(what, { cause }), { code: "not-committable" });
