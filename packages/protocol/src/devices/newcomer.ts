/**
 * What a device of one's own needs to come into a conversation, as a sibling gives it (spec/devices.md, section 10): the
 * Welcome of MLS, where the log begins for it, who is and was there, and what people call themselves.
 *
 * DV35 The introduction names the last event of each author that the giver had shown when it made the commit. What lies
 *      before is history: it comes from siblings, and is not asked for as if it were missing.
 * DV37 What was said since the device was linked comes along.
 */
import {
  bytes,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  struct,
  uint,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_DEPTH } from "../event/header.ts";
import { nameCodec } from "../first-contact/person-text.ts";
import { accountIdCodec } from "../identity/account-id.ts";
import { MAX_AUTHORS } from "../log/state.ts";

/** As an introduction to a group (spec/group.md, section 9) has it. */
const MAX_WELCOME_BYTES = 3 * 1024 * 1024;
const MAX_INTRODUCTION_BYTES = 1024 * 1024;
/** DV37. */
export const MAX_SAID_BYTES = 256 * 1024;
/** A person has a name here while they are in the conversation. */
const MAX_PEOPLE = 1_024;
const VERSION = 1 as const;

const hex = hexBytes(32);

const startFields = {
  version: literal(VERSION, "newer-version"),
  /** Where the line of the epoch stands (spec/group.md, GR23). */
  lineDepth: uint(MAX_DEPTH),
  tips: list(struct({ author: hex, sequence: uint(), id: hex, depth: uint(MAX_DEPTH) }), { max: MAX_AUTHORS }),
};
const logStart = struct(startFields);
export type LogStart = Omit<CodecType<typeof logStart>, "version">;

export const encodeLogStart = (value: LogStart): Uint8Array => encode(logStart, { version: VERSION, ...value });

export function decodeLogStart(encoded: Uint8Array): Result<LogStart, DecodeError> {
  const read = decode(logStart, encoded);
  if (!read.ok) return read;
  const { version: _, ...start } = read.value;
  return { ok: true, value: start };
}

const introduction = struct({
  ...startFields,
  /** Everybody who is or was in it, as far as the giver knows. */
  leaves: list(struct({ leafKey: hex, account: accountIdCodec }), { max: MAX_AUTHORS }),
  /** The name with the greatest number that each has given; the own one too. */
  people: list(struct({ account: accountIdCodec, name: nameCodec, revision: uint() }), { max: MAX_PEOPLE }),
});
export type DeviceIntroduction = Omit<CodecType<typeof introduction>, "version">;

export const encodeDeviceIntroduction = (value: DeviceIntroduction): Uint8Array =>
  encode(introduction, { version: VERSION, ...value });

export function decodeDeviceIntroduction(encoded: Uint8Array): Result<DeviceIntroduction, DecodeError> {
  const read = decode(introduction, encoded);
  if (!read.ok) return read;
  const { version: _, ...start } = read.value;
  return { ok: true, value: start };
}

const newcomerFields = {
  welcome: bytes({ max: MAX_WELCOME_BYTES }),
  introduction: bytes({ max: MAX_INTRODUCTION_BYTES }),
};
const newcomer = struct(newcomerFields);
/** As it waits in the store until the device can be given it; and what a device that is linked gets. */
export type Newcomer = CodecType<typeof newcomer>;

const newcomerPackage = struct({ ...newcomerFields, said: bytes({ max: MAX_SAID_BYTES }) });
/** `said`: from `encodeSaid`. */
export type NewcomerPackage = CodecType<typeof newcomerPackage>;

export const encodeNewcomerPackage = (value: NewcomerPackage): Uint8Array => encode(newcomerPackage, value);
export const decodeNewcomerPackage = (encoded: Uint8Array): Result<NewcomerPackage, DecodeError> =>
  decode(newcomerPackage, encoded);

export const encodeNewcomer = (value: Newcomer): Uint8Array => encode(newcomer, value);
export const decodeNewcomer = (encoded: Uint8Array): Result<Newcomer, DecodeError> => decode(newcomer, encoded);
