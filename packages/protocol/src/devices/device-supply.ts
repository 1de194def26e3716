/**
 * What a device asks of its siblings and hands to them: key packages, so that they can add it to the conversations, and
 * the wish for a snapshot (spec/devices.md, section 10).
 *
 * DV33 A key package is for one conversation: its leaf key is of that conversation alone, and it is used once. Of two for
 *      one conversation the later counts.
 */
import {
  bytes,
  decode,
  encode,
  list,
  literal,
  struct,
  uint,
  variants,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_CONTENT_BYTES } from "../content/mimi.ts";

/** Kind of event bodies (spec/event.md, section 3) in a conversation of devices. */
export const DEVICE_SUPPLY_BODY_KIND = 18;

const MAX_WANTED = 1_024;
const MAX_PACKAGES = 64;
const MAX_KEY_PACKAGE_BYTES = 24_576;
const WELCOME_PART_BYTES = 40_960;
const MAX_WELCOME_PARTS = 104;
const VERSION = 1 as const;
const hash = bytes({ length: 32 });

const supply = variants({
  /** To the device with this key. */
  wanted: [0, { deviceKey: hash, conversations: list(hash, { min: 1, max: MAX_WANTED }) }],
  /** Of the device that signed the event. */
  packages: [
    1,
    {
      packages: list(struct({ conversation: hash, keyPackage: bytes({ max: MAX_KEY_PACKAGE_BYTES }) }), {
        min: 1,
        max: MAX_PACKAGES,
      }),
    },
  ],
  /** Something of the log is lost for good: whoever has all of it sends a snapshot. */
  "snapshot-wanted": [2, {}],
  /** To the device with this key: a part of what it needs to come into a conversation (`newcomer.ts`). */
  welcome: [
    3,
    {
      deviceKey: hash,
      conversation: hash,
      /** SHA-256 of the whole. */
      digest: hash,
      index: uint(MAX_WELCOME_PARTS - 1),
      count: uint(MAX_WELCOME_PARTS),
      part: bytes({ max: WELCOME_PART_BYTES }),
    },
  ],
});
const versioned = struct({ version: literal(VERSION, "newer-version"), supply });
export type DeviceSupply = CodecType<typeof supply>;
export type SuppliedPackage = Extract<DeviceSupply, { kind: "packages" }>["packages"][number];

const encodeSupply = (value: DeviceSupply): Uint8Array => encode(versioned, { version: VERSION, supply: value });

/** As many contents of events as are needed. */
export function encodeWanted(deviceKey: Uint8Array, conversations: readonly Uint8Array[]): readonly Uint8Array[] {
  const contents: Uint8Array[] = [];
  for (let from = 0; from < conversations.length; from += MAX_WANTED) {
    const some = conversations.slice(from, from + MAX_WANTED);
    contents.push(encodeSupply({ kind: "wanted", deviceKey, conversations: some }));
  }
  return contents;
}

/** As many contents of events as are needed, each within the limit of a body. */
export function encodePackages(packages: readonly SuppliedPackage[]): readonly Uint8Array[] {
  const parts: SuppliedPackage[][] = [];
  let room = 0;
  for (const one of packages) {
    const size = one.keyPackage.length + 40;
    const last = parts.at(-1);
    if (last !== undefined && size <= room && last.length < MAX_PACKAGES) last.push(one);
    else {
      parts.push([one]);
      room = MAX_CONTENT_BYTES - 16;
    }
    room -= size;
  }
  return parts.map((part) => encodeSupply({ kind: "packages", packages: part }));
}

/** As many contents of events as are needed. `digest`: SHA-256 of the newcomer's package. */
export function encodeWelcomeParts(input: {
  readonly deviceKey: Uint8Array;
  readonly conversation: Uint8Array;
  readonly digest: Uint8Array;
  readonly newcomer: Uint8Array;
}): readonly Uint8Array[] {
  const { newcomer, ...to } = input;
  const count = Math.ceil(newcomer.length / WELCOME_PART_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const part = newcomer.slice(index * WELCOME_PART_BYTES, (index + 1) * WELCOME_PART_BYTES);
    return encodeSupply({ kind: "welcome", ...to, index, count, part });
  });
}

export const encodeSnapshotWanted = (): Uint8Array => encodeSupply({ kind: "snapshot-wanted" });

export function decodeSupply(content: Uint8Array): Result<DeviceSupply, DecodeError> {
  const read = decode(versioned, content);
  return read.ok ? { ok: true, value: read.value.supply } : read;
}
