/** The work after a change of the list of devices (`device-work.ts`) as it lies in the store. */
import {
  bool,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  nullable,
  struct,
  text,
  uint,
  word,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_DEVICES } from "../identity/operation.ts";
import { CHORES, MAX_WORK_CONVERSATIONS, type DeviceWork } from "./device-work.ts";

const MAX_REASON_BYTES = 40;

const hex = hexBytes(32);

const workCodec = struct({
  version: literal(1, "newer-version"),
  head: hex,
  devices: list(hex, { max: MAX_DEVICES }),
  since: uint(),
  entries: list(
    struct({
      conversation: hex,
      isTold: bool,
      tries: uint(0xffff),
      nextAt: uint(),
      busyUntil: nullable(uint()),
      reason: nullable(text(MAX_REASON_BYTES)),
      wantedAt: nullable(uint()),
    }),
    { max: MAX_WORK_CONVERSATIONS },
  ),
  chores: list(word(...CHORES), { max: CHORES.length }),
});

/** @throws RangeError when a reason is no short word. */
export function encodeDeviceWork({ entries, ...rest }: DeviceWork): Uint8Array {
  const all = [...entries].map(([conversation, entry]) => ({ conversation, ...entry }));
  return encode(workCodec, { version: 1, ...rest, entries: all });
}

export function decodeDeviceWork(encoded: Uint8Array): Result<DeviceWork, DecodeError> {
  const read = decode(workCodec, encoded);
  if (!read.ok) return read;
  const { version: _, entries, ...rest } = read.value;
  const byConversation = new Map(entries.map(({ conversation, ...entry }) => [conversation, entry]));
  return { ok: true, value: { ...rest, entries: byConversation } };
}
