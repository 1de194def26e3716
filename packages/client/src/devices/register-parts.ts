/**
 * The registers of the person's devices as they lie in the store: one part of the self-conversation for each, so that a
 * draft does not write four thousand contacts anew. Beside each that a sibling has changed lies a mark until this device
 * has done with it what it means here: after a crash it is known which of the two is the newer, the register or what this
 * device holds.
 */
import { bytes, bytesToHex, decode, encode, expectOk, nullable, struct, text, uint } from "@xchat/codec";
import { EMPTY_SYNC, foldSync, type StampedWrite, type SyncOperation, type SyncState } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

const REGISTER_PART = "register";
const NEWS_PART = "register-news";

const operationFields = { tag: uint(0xffff), key: bytes({ max: 96 }), value: nullable(bytes({ max: 8_448 })) };
const registerCodec = struct({ ...operationFields, depth: uint(), author: text(64) });
const newsCodec = struct({ tag: operationFields.tag, key: operationFields.key });

export interface StoredRegisters {
  readonly state: SyncState;
  /** Which registers a sibling has changed, and this device has not taken over. */
  readonly news: readonly RegisterId[];
}

export type RegisterId = Pick<SyncOperation, "tag" | "key">;

/** @throws Error when what this device has written itself cannot be read. */
export function registersOfParts(parts: readonly PartRecord[]): StoredRegisters {
  const ofKind = (wanted: string): readonly Uint8Array[] =>
    parts.flatMap(({ kind, value }) => (kind === wanted ? [value] : []));
  const writes = ofKind(REGISTER_PART).map((value): StampedWrite => expectOk(decode(registerCodec, value), "register"));
  const news = ofKind(NEWS_PART).map((value): RegisterId => expectOk(decode(newsCodec, value), "register"));
  return { state: foldSync(EMPTY_SYNC, writes).state, news };
}

/**
 * What the store has to be told after a fold that these writes and changes came of. A write is told even where it changed
 * nothing: it may be one that could not be saved before.
 */
export function registerChanges(
  conversationId: string,
  state: SyncState,
  touched: readonly RegisterId[],
  now: number,
): readonly StoreChange[] {
  const ids = new Map(touched.map((one) => [partId(conversationId, REGISTER_PART, one), one]));
  return [...ids].map(([id, one]): StoreChange => {
    const kept = entryOf(state, one);
    if (kept === undefined) return { delete: "part", key: id };
    const value = encode(registerCodec, kept);
    return { put: "part", record: { id, conversationId, kind: REGISTER_PART, value, createdAt: now } };
  });
}

export const newsChange = (conversationId: string, { tag, key }: RegisterId, now: number): StoreChange => ({
  put: "part",
  record: {
    id: partId(conversationId, NEWS_PART, { tag, key }),
    conversationId,
    kind: NEWS_PART,
    value: encode(newsCodec, { tag, key }),
    createdAt: now,
  },
});

export const newsDone = (conversationId: string, one: RegisterId): StoreChange => ({
  delete: "part",
  key: partId(conversationId, NEWS_PART, one),
});

export const registerKey = ({ tag, key }: RegisterId): string => `${tag}/${bytesToHex(key)}`;

const partId = (conversationId: string, kind: string, one: RegisterId): string =>
  `${conversationId}/${kind}/${registerKey(one)}`;

/** Tables of kinds that this version does not know are shared: the tag is a part of their keys. */
function entryOf({ tables }: SyncState, { tag, key }: RegisterId): StampedWrite | undefined {
  const hex = bytesToHex(key);
  return tables.get(tag)?.get(hex) ?? tables.get(0x1_0000)?.get(`${tag.toString(16).padStart(4, "0")}${hex}`);
}
