/** A group that this device has asked to come into, as it lies in the store: one part for each. */
import {
  bool,
  bytes,
  decode,
  encode,
  expectOk,
  hexBytes,
  list,
  literal,
  struct,
  text,
  uint,
  word,
  type CodecType,
} from "@xchat/codec";
import { accountIdCodec, MAX_NODE_HINTS, nodeHintCodec, type Hex } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

export const JOINING = "joining";
/** This one, the one before, and one in reserve. */
export const MAX_ATTEMPTS = 3;

const hash = hexBytes(32);
const nodes = list(nodeHintCodec, { min: 1, max: MAX_NODE_HINTS });

const attempt = struct({
  answerSeed: bytes({ length: 32 }),
  /** Hash of the own key package. */
  keyPackage: hash,
  /** Sealed: asked again with the same within its time, it is the same request to whoever reads it. */
  request: bytes({ max: 65_536 }),
  inboxPublicKey: bytes({ length: 32 }),
  nodes,
  askedAt: uint(),
  isStored: bool,
});

const codec = struct({
  version: literal(1, "newer-version"),
  /** The code. */
  secret: bytes({ length: 32 }),
  accountIdHash: bytes({ length: 32 }),
  nodes,
  /** What the card said. */
  group: hash,
  name: text(256),
  by: accountIdCodec,
  byName: text(256),
  needsApproval: bool,
  greeting: text(1_000),
  state: word("asked", "over", "given-up"),
  /** Newest first. */
  attempts: list(attempt, { min: 1, max: MAX_ATTEMPTS }),
});

export type Attempt = CodecType<typeof attempt>;
export type Joining = CodecType<typeof codec>;

/** What the request, the part and the key packages belong to: no chat, so that deleting one does not take them away. */
export const joiningOwner = (group: Hex): string => `${JOINING}/${group}`;

export const isJoiningOwner = (conversationId: string): boolean => conversationId.startsWith(`${JOINING}/`);

export function putJoining(joining: Joining, now: number): StoreChange {
  const owner = joiningOwner(joining.group);
  const record: PartRecord = {
    id: owner,
    conversationId: owner,
    kind: JOINING,
    value: encode(codec, joining),
    createdAt: now,
  };
  return { put: "part", record };
}

/** With its key packages, and what of it has not gone out. */
export const deleteJoining = ({ group, attempts }: Joining): readonly StoreChange[] => [
  { forget: joiningOwner(group) },
  ...attempts.map(({ keyPackage }): StoreChange => ({ delete: "keyPackage", key: keyPackage })),
];

/** Null for another kind. */
export const joiningOfPart = ({ kind, value }: PartRecord): Joining | null =>
  kind === JOINING ? expectOk(decode(codec, value), "joining") : null;
