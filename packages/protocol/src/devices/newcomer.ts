/**
 * What a device of one's own needs to come into a conversation, as a sibling gives it (spec/devices.md, section 10): the
 * Welcome of MLS, and where the log begins for it.
 *
 * DV35 The introduction names the last event of each author that the giver had shown when it made the commit. What lies
 *      before is history: it comes from siblings, and is not asked for as if it were missing.
 */
import {
  bytes,
  bytesToHex,
  decode,
  encode,
  expectOk,
  hexToBytes,
  list,
  literal,
  mapped,
  struct,
  uint,
  type Codec,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_DEPTH } from "../event/header.ts";
import { MAX_AUTHORS, type Hex } from "../log/state.ts";

export const MAX_WELCOME_BYTES = 524_288;
export const MAX_INTRODUCTION_BYTES = 524_288;
const VERSION = 1 as const;

const hex: Codec<Hex> = mapped(
  bytes({ length: 32 }),
  (value: Hex) => expectOk(hexToBytes(value), "hex"),
  (value) => bytesToHex(value),
);

const introduction = struct({
  version: literal(VERSION, "newer-version"),
  /** Where the line of the epoch stands (spec/group.md, GR23). */
  lineDepth: uint(MAX_DEPTH),
  tips: list(struct({ author: hex, sequence: uint(), id: hex, depth: uint(MAX_DEPTH) }), { max: MAX_AUTHORS }),
});
export type LogStart = Omit<CodecType<typeof introduction>, "version">;

export const encodeLogStart = (value: LogStart): Uint8Array => encode(introduction, { version: VERSION, ...value });

export function decodeLogStart(encoded: Uint8Array): Result<LogStart, DecodeError> {
  const read = decode(introduction, encoded);
  if (!read.ok) return read;
  const { lineDepth, tips } = read.value;
  return { ok: true, value: { lineDepth, tips } };
}

const newcomer = struct({
  welcome: bytes({ max: MAX_WELCOME_BYTES }),
  introduction: bytes({ max: MAX_INTRODUCTION_BYTES }),
});
export type Newcomer = CodecType<typeof newcomer>;

export const encodeNewcomer = (value: Newcomer): Uint8Array => encode(newcomer, value);
export const decodeNewcomer = (encoded: Uint8Array): Result<Newcomer, DecodeError> => decode(newcomer, encoded);
