/** What of coming back lies in the store (spec/rejoin.md): what this device asks for, and whom it has answered. */
import {
  bytes,
  decode,
  encode,
  expectOk,
  hexBytes,
  list,
  literal,
  struct,
  uint,
  word,
  type CodecType,
} from "@xchat/codec";
import { accountIdCodec, type AccountId, type AnsweredRejoins, type Hex } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

/** Answers to earlier requests are good as well: who answers and who asks need not be awake at one time. */
export const MAX_OPEN_REQUESTS = 4;
const MAX_REMEMBERED = 1_024;

const hash = hexBytes(32);

const requestCodec = struct({
  hash: bytes({ length: 32 }),
  /** Opens the answers. */
  secretKey: bytes({ max: 64 }),
  request: bytes({ max: 40_000 }),
  /** Used up by the external commit. */
  keyPackage: bytes({ max: 40_000 }),
  privatePart: bytes({ max: 65_536 }),
});
export type OpenRequest = CodecType<typeof requestCodec>;

const askingCodec = struct({
  version: literal(1, "newer-version"),
  /**
   * `away`: for longer than mailboxes keep; `doubt`: somebody says that the others are elsewhere. It may be in its place
   * still.
   */
  reason: word("fallen-out", "away", "recovered", "doubt"),
  since: uint(),
  attempt: uint(255),
  nextAt: uint(),
  /** Newest last. */
  requests: list(requestCodec, { max: MAX_OPEN_REQUESTS }),
});
export type AskingState = Omit<CodecType<typeof askingCodec>, "version">;
export type AskingReason = AskingState["reason"];

const answeredCodec = struct({
  version: literal(1, "newer-version"),
  given: list(struct({ account: accountIdCodec, request: hash, at: uint() }), { max: MAX_REMEMBERED }),
});

const broughtByCodec = struct({ version: literal(1, "newer-version"), account: accountIdCodec });

const KINDS = { asking: "rejoin-asking", answered: "rejoin-answered", broughtBy: "rejoin-brought-by" } as const;
export const REJOIN_KINDS = Object.values(KINDS);

export const askingPartId = (conversation: Hex): string => `${conversation}/${KINDS.asking}`;
const answeredPartId = (conversation: Hex): string => `${conversation}/${KINDS.answered}`;

export const askingChange = (conversation: Hex, state: AskingState | null, now: number): StoreChange =>
  state === null
    ? { delete: "part", key: askingPartId(conversation) }
    : put(conversation, KINDS.asking, encode(askingCodec, { version: 1, ...state }), now);

export const answeredChange = (conversation: Hex, { given }: AnsweredRejoins, now: number): StoreChange =>
  put(conversation, KINDS.answered, encode(answeredCodec, { version: 1, given }), now);

/** @throws Error when what this device has written itself cannot be read. */
export function askingOf(conversation: Hex, parts: readonly PartRecord[]): AskingState | null {
  const part = parts.find(({ id }) => id === askingPartId(conversation));
  if (part === undefined) return null;
  const { version: _, ...state } = expectOk(decode(askingCodec, part.value), "rejoin");
  return state;
}

/** @throws Error when what this device has written itself cannot be read. */
export function answeredOf(conversation: Hex, parts: readonly PartRecord[]): AnsweredRejoins {
  const part = parts.find(({ id }) => id === answeredPartId(conversation));
  return part === undefined ? { given: [] } : { given: expectOk(decode(answeredCodec, part.value), "answers").given };
}

/** By whose word this device stands where it stands (RJ14); null: by its own. */
export const broughtByChange = (conversation: Hex, by: AccountId | null, now: number): StoreChange =>
  by === null
    ? { delete: "part", key: `${conversation}/${KINDS.broughtBy}` }
    : put(conversation, KINDS.broughtBy, encode(broughtByCodec, { version: 1, account: by }), now);

/** @throws Error when what this device has written itself cannot be read. */
export function broughtByOf(conversation: Hex, parts: readonly PartRecord[]): AccountId | null {
  const part = parts.find(({ id }) => id === `${conversation}/${KINDS.broughtBy}`);
  return part === undefined ? null : expectOk(decode(broughtByCodec, part.value), "brought by").account;
}

const put = (conversation: Hex, kind: string, value: Uint8Array, now: number): StoreChange => ({
  put: "part",
  record: { id: `${conversation}/${kind}`, conversationId: conversation, kind, value, createdAt: now },
});
