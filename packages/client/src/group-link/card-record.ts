/** How far the card of one link is at the nodes, as it lies in the store. */
import { bool, bytes, decode, encode, expectOk, hexBytes, list, struct, uint } from "@xchat/codec";
import { nodeHintCodec, type Hex, type NodeHint } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

export const LINK_CARD = "link-card";

export interface CardRecord {
  readonly chat: string;
  /** Of the link. */
  readonly hash: Hex;
  readonly seed: Hex;
  /** By the clock, so that devices of one person which know nothing of each other do not write the same. */
  readonly version: number;
  /** Hash of what the card says. */
  readonly fingerprint: Uint8Array;
  readonly expiresAt: number;
  /** Taken down, or to be. */
  readonly isDown: boolean;
  readonly nodes: readonly { readonly hint: NodeHint; readonly isDone: boolean }[];
}

const hash = hexBytes(32);
const codec = struct({
  hash,
  seed: hash,
  version: uint(),
  fingerprint: bytes({ max: 32 }),
  expiresAt: uint(),
  isDown: bool,
  nodes: list(struct({ hint: nodeHintCodec, isDone: bool }), { max: 3 }),
});

export const cardId = ({ chat, hash: link }: Pick<CardRecord, "chat" | "hash">): string =>
  `${chat}/${LINK_CARD}/${link}`;

export function putCard(card: CardRecord, now: number): StoreChange {
  const { chat, ...rest } = card;
  const value = encode(codec, rest);
  const record: PartRecord = { id: cardId(card), conversationId: chat, kind: LINK_CARD, value, createdAt: now };
  return { put: "part", record };
}

export const deleteCard = (card: CardRecord): StoreChange => ({ delete: "part", key: cardId(card) });

/** Null for another kind. */
export const cardOfPart = ({ kind, value, conversationId }: PartRecord): CardRecord | null =>
  kind === LINK_CARD ? { chat: conversationId, ...expectOk(decode(codec, value), "link card") } : null;
