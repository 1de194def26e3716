/** Bounds for what is our own: generous, and there to notice damage. */
import { bytes } from "@xchat/codec";

export const MAX_MEMBERS = 2 ** 16;
export const MAX_STATE_BYTES = 2 ** 28;
export const UINT32 = 2 ** 32;
/** Of at most one hash. */
export const savedSecret = bytes({ max: 64 });

export const damaged = (what: string, cause?: unknown): Error =>
  Object.assign(new Error(`saved group: ${what}`, { cause }), { name: "StoreDamagedError", code: "store-damaged" });
