/** A picture of a group as it lies in the store: the JPEG as a document, and a part that says how things stand with it. */
import { bool, decode, encode, expectOk, hexBytes, list, struct, uint } from "@xchat/codec";
import type { Hex } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

const PICTURE = "picture";
/** Home nodes change; those of before are forgotten. */
export const MAX_KEEPERS = 8;

export interface Keeper {
  /** Key hash of the node. */
  readonly node: Hex;
  /** Nothing is to be done there before. */
  readonly until: number;
  /** This device has put it there, and renews it. */
  readonly isOwn: boolean;
}

export interface PictureRecord {
  readonly chat: string;
  readonly blob: Hex;
  /** False: what lay there is no picture. It is not asked for again. */
  readonly isGood: boolean;
  /** This device has set it. */
  readonly isMine: boolean;
  readonly keepers: readonly Keeper[];
}

const hash = hexBytes(32);
const codec = struct({
  blob: hash,
  isGood: bool,
  isMine: bool,
  keepers: list(struct({ node: hash, until: uint(), isOwn: bool }), { max: MAX_KEEPERS }),
});

type Named = Pick<PictureRecord, "chat" | "blob">;
const partId = ({ chat, blob }: Named): string => `${chat}/${PICTURE}/${blob}`;
export const pictureDocument = ({ chat, blob }: Named): string => `${PICTURE}/${chat}/${blob}`;

export function putPicture(picture: PictureRecord, now: number): StoreChange {
  const { chat, ...rest } = picture;
  const value = encode(codec, rest);
  const record: PartRecord = { id: partId(picture), conversationId: chat, kind: PICTURE, value, createdAt: now };
  return { put: "part", record };
}

export const deletePicture = (picture: Named): readonly StoreChange[] => [
  { delete: "part", key: partId(picture) },
  { document: pictureDocument(picture), value: null },
];

/** Null for another kind. */
export const pictureOfPart = ({ kind, value, conversationId }: PartRecord): PictureRecord | null =>
  kind === PICTURE ? { chat: conversationId, ...expectOk(decode(codec, value), "picture") } : null;
