/**
 * The epoch part of a saved group: what only a commit changes. Version 2 names every member and every policy once, however
 * many past epochs had it; version 1, which repeated them, is still read.
 */
import { bool, bytes, bytesToHex, decode, encode, list, literal, struct, uint, type CodecType } from "@xchat/codec";
import type { Member } from "@xchat/protocol";
import { decodeGroupState, encodeGroupState, type ClientConfig, type ClientState } from "ts-mls";
import { decodeGroupContext, encodeGroupContext } from "ts-mls/groupContext.js";
import { groupExtensions, policyOfExtensions } from "./extensions.ts";
import {
  fixedPartOf,
  MAX_PAST_EPOCHS,
  MAX_SPENT_EPOCHS,
  type EpochView,
  type FixedPart,
  type PastEpoch,
} from "./mls-group.ts";
import { damaged, MAX_MEMBERS, MAX_STATE_BYTES, savedSecret, UINT32 } from "./saved-limits.ts";

const MAX_CREDENTIAL_BYTES = 2 ** 16;

const memberCodec = struct({
  leaf: uint(MAX_MEMBERS),
  credential: bytes({ max: MAX_CREDENTIAL_BYTES }),
  signatureKey: bytes({ length: 32 }),
});

const epochPartCodec = struct({
  version: literal(2),
  isRemoved: bool,
  state: bytes({ max: MAX_STATE_BYTES }),
  /** Members of past epochs who are not in the present one as they were. */
  members: list(memberCodec, { max: MAX_MEMBERS }),
  policies: list(bytes({ max: MAX_STATE_BYTES }), { max: MAX_PAST_EPOCHS }),
  past: list(
    struct({
      epoch: uint(),
      endedAt: uint(),
      ownLeaf: uint(MAX_MEMBERS),
      treeHash: savedSecret,
      confirmedTranscriptHash: savedSecret,
      /** Index into `policies`. */
      policy: uint(MAX_PAST_EPOCHS),
      senderDataSecret: savedSecret,
      /** Even: twice the leaf of a present member. Odd: twice the index into `members`, and one. */
      members: list(uint(MAX_MEMBERS * 2), { max: MAX_MEMBERS }),
    }),
    { max: MAX_PAST_EPOCHS },
  ),
  spent: list(struct({ id: bytes({ length: 16 }), generation: uint(UINT32), endedAt: uint() }), {
    max: MAX_SPENT_EPOCHS,
  }),
});
type EpochPart = CodecType<typeof epochPartCodec>;

const epochPartCodec1 = struct({
  version: literal(1),
  isRemoved: bool,
  state: bytes({ max: MAX_STATE_BYTES }),
  members: list(memberCodec, { max: MAX_MEMBERS }),
  past: list(
    struct({
      epoch: uint(),
      endedAt: uint(),
      ownLeaf: uint(MAX_MEMBERS),
      context: bytes({ max: MAX_STATE_BYTES }),
      senderDataSecret: savedSecret,
      /** Indices into `members`. */
      members: list(uint(MAX_MEMBERS), { max: MAX_MEMBERS }),
    }),
    { max: MAX_PAST_EPOCHS },
  ),
});

export function encodeEpochPart({ state, present, past, isRemoved, spent }: FixedPart): Uint8Array {
  const members = memberTable(present);
  const policies: Uint8Array[] = [];
  const policyIndices = new Map<string, number>();
  const indexOfPolicy = (policy: Uint8Array): number => {
    const id = bytesToHex(policy);
    const index = policyIndices.get(id) ?? policies.push(policy) - 1;
    policyIndices.set(id, index);
    return index;
  };
  const epochs = past.map(({ view, endedAt }) => {
    const context = decodeGroupContext(view.context, 0)?.[0];
    const policy = context === undefined ? null : policyOfExtensions(context.extensions);
    if (context === undefined || policy === null) throw new TypeError("a past epoch of no group of ours");
    return {
      epoch: view.epoch,
      endedAt,
      ownLeaf: view.ownLeaf,
      treeHash: context.treeHash,
      confirmedTranscriptHash: context.confirmedTranscriptHash,
      policy: indexOfPolicy(policy),
      senderDataSecret: view.senderDataSecret,
      members: [...view.members.values()].map(members.indexOf),
    };
  });
  return encode(epochPartCodec, {
    version: 2 as const,
    isRemoved,
    state: encodeGroupState(state),
    members: members.others,
    policies,
    past: epochs,
    spent,
  });
}

/** Members come as other objects in each epoch, mostly with the same content. */
function memberTable(present: EpochView): { readonly others: Member[]; readonly indexOf: (member: Member) => number } {
  const idOf = ({ leaf, signatureKey }: Member): string => `${leaf} ${bytesToHex(signatureKey)}`;
  const others: Member[] = [];
  const indices = new Map<string, number>();
  const indexOf = (member: Member): number => {
    const now = present.members.get(member.leaf);
    if (now !== undefined && isSameMember(now, member)) return member.leaf * 2;
    const id = `${idOf(member)} ${bytesToHex(member.credential)}`;
    const index = indices.get(id) ?? others.push(member) - 1;
    indices.set(id, index);
    return index * 2 + 1;
  };
  return { others, indexOf };
}

const isSameMember = (a: Member, b: Member): boolean =>
  a === b ||
  (bytesToHex(a.signatureKey) === bytesToHex(b.signatureKey) && bytesToHex(a.credential) === bytesToHex(b.credential));

/** @throws Error with code "store-damaged". */
export function decodeEpochPart(encoded: Uint8Array, config: ClientConfig): FixedPart {
  const part = decode(epochPartCodec, encoded);
  if (part.ok) return fixedPartOfSaved(part.value, config);
  const older = decode(epochPartCodec1, encoded);
  if (!older.ok) throw damaged(part.error.reason);
  const { isRemoved, state: savedState, members, past } = older.value;
  const state = readState(savedState, config);
  const views = past.map(({ endedAt, members: indices, ...rest }): PastEpoch => {
    const entries = indices.map((index) => found(members[index], "member table"));
    return { endedAt, view: viewOf(state, rest, entries) };
  });
  return fixedPartOf(state, { past: views, isRemoved });
}

function fixedPartOfSaved(part: EpochPart, config: ClientConfig): FixedPart {
  const state = readState(part.state, config);
  const { isRemoved, spent } = part;
  const bare = fixedPartOf(state, { isRemoved, spent });
  const past = part.past.map(({ endedAt, ...entry }): PastEpoch => {
    const members = entry.members.map((index) =>
      found(index % 2 === 0 ? bare.present.members.get(index / 2) : part.members[(index - 1) / 2], "member table"),
    );
    const context = encodeGroupContext({
      ...state.groupContext,
      epoch: BigInt(entry.epoch),
      treeHash: entry.treeHash,
      confirmedTranscriptHash: entry.confirmedTranscriptHash,
      extensions: groupExtensions(found(part.policies[entry.policy], "policy table")),
    });
    const { epoch, ownLeaf, senderDataSecret } = entry;
    return { endedAt, view: viewOf(state, { epoch, ownLeaf, senderDataSecret, context }, members) };
  });
  return { ...bare, past };
}

function readState(encoded: Uint8Array, clientConfig: ClientConfig): ClientState {
  const decoded = decodeGroupState(encoded, 0);
  if (decoded === undefined) throw damaged("group state");
  return { ...decoded[0], clientConfig };
}

const viewOf = (
  { groupContext: { groupId } }: ClientState,
  entry: Omit<EpochView, "groupId" | "members">,
  members: readonly Member[],
): EpochView => ({ ...entry, groupId, members: new Map(members.map((one) => [one.leaf, one])) });

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw damaged(what);
  return value;
}
