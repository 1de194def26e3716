/**
 * The MIMI content container (draft-ietf-mimi-content-08, section 4 and its CDDL), written as deterministic CBOR.
 *
 * The whole structure is read and kept, whether or not this version can show it. `replaces` and `inReplyTo` hold the
 * event id (spec/event.md, EV5): the draft derives a message id from a hub's data, and there is no hub here.
 *
 * MC1 Nothing in a content container may be larger than the container, and that is bounded.
 * MC2 Parts nest at most `MAX_PART_DEPTH` deep, with at most `MAX_PARTS` beside one another.
 * MC3 An unknown disposition, media type, extension or cardinality is kept and never a reason to refuse.
 */
import {
  anyValue,
  bool,
  bytes,
  decode,
  encode,
  err,
  list,
  nullable,
  struct,
  text,
  uint,
  type CborReader,
  type CborValue,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";

/** Largest encoded container. Leaves room for its event and the padding of one large envelope. */
export const MAX_CONTENT_BYTES = 49_152;
export const MAX_PART_DEPTH = 6;
export const MAX_PARTS = 64;

/** draft, section 4.2 and 10.2. Numbers up to 255 that have no name here are kept as they are. */
export const DISPOSITION = {
  unspecified: 0,
  render: 1,
  reaction: 2,
  profile: 3,
  inline: 4,
  icon: 5,
  attachment: 6,
  session: 7,
  preview: 8,
} as const;

/** A hint of the sender: seconds after reading (`isRelative`), or seconds since 1970. */
export interface Expiration {
  readonly isRelative: boolean;
  readonly seconds: number;
}

export interface ExternalFields {
  readonly contentType: string;
  readonly url: string;
  /** Seconds since 1970; 0 never. */
  readonly expires: number;
  /** Bytes; 0 unknown. */
  readonly size: number;
  /** IANA AEAD number; 0 when it is not encrypted. */
  readonly encAlg: number;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly hashAlg: number;
  readonly contentHash: Uint8Array;
  readonly description: string;
  readonly filename: string;
}

export type PartSemantics = "choose-one" | "single-unit" | "process-all";

export type PartBody =
  | { readonly kind: "null" }
  | { readonly kind: "single"; readonly contentType: string; readonly content: Uint8Array }
  | ({ readonly kind: "external" } & ExternalFields)
  | { readonly kind: "multi"; readonly semantics: PartSemantics; readonly parts: readonly Part[] }
  /** A cardinality of a later draft. */
  | { readonly kind: "unknown"; readonly cardinality: number; readonly fields: readonly CborValue[] };

export interface Part {
  readonly disposition: number;
  /** Comma-separated language tags (RFC 5646), or empty. */
  readonly language: string;
  readonly body: PartBody;
}

export interface MessageContent {
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  /** The message that this one edits, deletes or takes back: an event id. */
  readonly replaces: Uint8Array | null;
  /** Empty where there is no topic. */
  readonly topicId: Uint8Array;
  readonly expires: Expiration | null;
  readonly inReplyTo: Uint8Array | null;
  readonly extensions: ReadonlyMap<number | string, CborValue>;
  readonly part: Part;
}

const MAX_UINT32 = 0xffff_ffff;
const MAX_EXTENSIONS = 32;
const MAX_FIELDS = 15;
const ANY = { depth: 4, entries: 64 } as const;
const SEMANTICS = ["choose-one", "single-unit", "process-all"] as const;
const CARDINALITY = { null: 0, single: 1, external: 2, multi: 3 } as const;

const shortText = text(1_024);
const anyField = anyValue(ANY);
const content = bytes({ max: MAX_CONTENT_BYTES });
const dispositionCodec = uint(255);

const externalFields = {
  contentType: shortText,
  url: text(4_096),
  expires: uint(MAX_UINT32),
  size: uint(),
  encAlg: uint(0xffff),
  key: bytes({ max: 64 }),
  nonce: bytes({ max: 64 }),
  aad: bytes({ max: 1_024 }),
  hashAlg: uint(0xff),
  contentHash: bytes({ max: 64 }),
  description: text(4_096),
  filename: shortText,
};
const externalEntries = Object.entries(externalFields) as readonly [keyof ExternalFields, Codec<any>][];

/** One codec for each depth, so that a peer's nesting is bounded by ours and not by the stack. */
const partCodecs: readonly Codec<Part>[] = Array.from({ length: MAX_PART_DEPTH }, (_, depth) => ({
  write: (part: Part) => [dispositionCodec.write(part.disposition), part.language, ...writeBody(part.body, depth)],
  read: (reader: CborReader) => readPart(reader, depth),
}));

const partCodec = partCodecs[MAX_PART_DEPTH - 1] as Codec<Part>;

const extensionsCodec: Codec<ReadonlyMap<number | string, CborValue>> = {
  write: (extensions) => extensions,
  read: (reader) => {
    if (reader.peekType() !== "map") reader.fail("expected-map");
    const map = anyField.read(reader) as ReadonlyMap<number | string, CborValue>;
    if (map.size > MAX_EXTENSIONS) reader.fail("too-many-entries");
    for (const name of map.keys()) if (name === "" || String(name).length > 255) reader.fail("bad-extension-name");
    return map;
  },
};

const expirationCodec: Codec<Expiration> = struct({ isRelative: bool, seconds: uint(MAX_UINT32) });

const contentCodec: Codec<MessageContent> = struct({
  salt: bytes({ length: 16 }),
  replaces: nullable(bytes({ length: 32 })),
  topicId: bytes({ max: 64 }),
  expires: nullable(expirationCodec),
  inReplyTo: nullable(bytes({ length: 32 })),
  extensions: extensionsCodec,
  part: partCodec,
});

/** @throws RangeError when a value does not fit the format, or the whole is larger than `MAX_CONTENT_BYTES`. */
export function encodeMessageContent(message: MessageContent): Uint8Array {
  const encoded = encode(contentCodec, message);
  if (encoded.length > MAX_CONTENT_BYTES) throw new RangeError(`content of ${encoded.length} bytes is too large`);
  return encoded;
}

export function decodeMessageContent(encoded: Uint8Array): Result<MessageContent, DecodeError> {
  if (encoded.length > MAX_CONTENT_BYTES) return err({ reason: "content-too-large", offset: MAX_CONTENT_BYTES });
  return decode(contentCodec, encoded);
}

function writeBody(body: PartBody, depth: number): readonly CborValue[] {
  switch (body.kind) {
    case "null":
      return [CARDINALITY.null];
    case "single":
      return [CARDINALITY.single, body.contentType, body.content];
    case "external":
      return [CARDINALITY.external, ...externalEntries.map(([name, codec]) => codec.write(body[name]))];
    case "multi":
      return [CARDINALITY.multi, SEMANTICS.indexOf(body.semantics), partsCodec(depth).write(body.parts)];
    case "unknown":
      return [body.cardinality, ...body.fields];
  }
}

function partsCodec(depth: number): Codec<readonly Part[]> {
  const inner = partCodecs[depth - 1];
  if (inner === undefined) throw new RangeError("parts nested too deep");
  return list(inner, { min: 2, max: MAX_PARTS });
}

function readPart(reader: CborReader, depth: number): Part {
  const count = reader.takeCount("array", MAX_FIELDS);
  if (count < 3) reader.fail("too-few-entries");
  const disposition = dispositionCodec.read(reader);
  const language = shortText.read(reader);
  const cardinality = uint(MAX_UINT32).read(reader);
  return { disposition, language, body: readBody(reader, cardinality, count - 3, depth) };
}

function readBody(reader: CborReader, cardinality: number, fields: number, depth: number): PartBody {
  const expectFields = (wanted: number): void => {
    if (fields !== wanted) reader.fail("wrong-field-count");
  };
  switch (cardinality) {
    case CARDINALITY.null:
      expectFields(0);
      return { kind: "null" };
    case CARDINALITY.single:
      expectFields(2);
      return { kind: "single", contentType: shortText.read(reader), content: content.read(reader) };
    case CARDINALITY.external: {
      expectFields(externalEntries.length);
      const read = externalEntries.map(([name, codec]) => [name, codec.read(reader)]);
      return { kind: "external", ...(Object.fromEntries(read) as ExternalFields) };
    }
    case CARDINALITY.multi: {
      expectFields(2);
      const semantics = SEMANTICS[uint(MAX_UINT32).read(reader)] ?? reader.fail("unknown-part-semantics");
      if (depth === 0) return reader.fail("too-deep");
      return { kind: "multi", semantics, parts: partsCodec(depth).read(reader) };
    }
    default:
      return { kind: "unknown", cardinality, fields: Array.from({ length: fields }, () => anyField.read(reader)) };
  }
}
