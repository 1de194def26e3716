/**
 * What a device asks of its siblings and hands to them: key packages, so that they can add it to the conversations, and
 * the wish for a snapshot (spec/devices.md, section 10).
 *
 * DV33 A key package is for one conversation: its leaf key is of that conversation alone, and it is used once. Of two for
 *      one conversation the later counts.
 * DV39 Those in stock are for one sibling, who sets each apart for one conversation.
 */
import {
  bool,
  bytes,
  decode,
  encode,
  list,
  literal,
  nullable,
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
const MAX_WELCOME_PARTS = 112;
const MAX_STOCK = 16;
/** Of one event, beside the key packages. */
const STOCK_HEAD_BYTES = 64;
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
  /** To the device with this key, for whatever it adds this one to. `isAnew`: in place of all from before. */
  stock: [
    4,
    {
      deviceKey: hash,
      isAnew: bool,
      oneTime: list(bytes({ max: MAX_KEY_PACKAGE_BYTES }), { max: MAX_STOCK }),
      lastResort: nullable(bytes({ max: MAX_KEY_PACKAGE_BYTES })),
    },
  ],
  /** DV38: to whoever gave a Welcome with this digest. */
  unopened: [5, { conversation: hash, digest: hash }],
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

/** As many contents of events as are needed; the first takes the place of what was given before. */
export function encodeStock(
  deviceKey: Uint8Array,
  { oneTime, lastResort }: { readonly oneTime: readonly Uint8Array[]; readonly lastResort: Uint8Array },
): readonly Uint8Array[] {
  const parts: { readonly oneTime: Uint8Array[]; readonly lastResort: Uint8Array | null }[] = [
    { oneTime: [], lastResort },
  ];
  let room = MAX_CONTENT_BYTES - STOCK_HEAD_BYTES - lastResort.length;
  for (const one of oneTime) {
    const size = one.length + 4;
    const last = parts.at(-1);
    if (last !== undefined && size <= room && last.oneTime.length < MAX_STOCK) last.oneTime.push(one);
    else {
      parts.push({ oneTime: [one], lastResort: null });
      room = MAX_CONTENT_BYTES - STOCK_HEAD_BYTES;
    }
    room -= size;
  }
  return parts.map((part, index) => encodeSupply({ kind: "stock", deviceKey, isAnew: index === 0, ...part }));
}

export const encodeUnopened = (conversation: Uint8Array, digest: Uint8Array): Uint8Array =>
  encodeSupply({ kind: "unopened", conversation, digest });

export const encodeSnapshotWanted = (): Uint8Array => encodeSupply({ kind: "snapshot-wanted" });

export function decodeSupply(content: Uint8Array): Result<DeviceSupply, DecodeError> {
  const read = decode(versioned, content);
  return read.ok ? { ok: true, value: read.value.supply } : read;
}
