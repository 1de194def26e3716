/**
 * A commit that came, weighed against the epoch that it ends (FR1): opened, verified and judged there, by nothing but that
 * epoch and its bytes.
 */
import { bytesToHex, err, expectOk, hexToBytes, ok, type Result } from "@xchat/codec";
import {
  accountIdToBytes,
  decodeGroupState,
  epochRanks,
  isDecree,
  judgeChange,
  judgeNote,
  readLeaf,
  readLeaves,
  standing,
  type Candidate,
  type Commit,
  type CommitChange,
  type CommitNote,
  type EpochPolicy,
  type Group,
  type GroupCipher,
  type GroupState,
  type Hex,
  type Member,
} from "@xchat/protocol";
import { encodePieces } from "./codec.ts";
import { commitHash, deriveEpochPlace, groupAt, messageOf } from "./groups.ts";
import { placeOf, type ForkMember, type TreeCommit } from "./state.ts";
import type { ForkWork } from "./work.ts";

export type Weighed =
  | { readonly kind: "candidate"; readonly id: Hex }
  /** Its epoch is not known here (yet): it must come again. */
  | { readonly kind: "held" }
  /** In the name of this device, which has not made it: a copy has, or it is forged. */
  | { readonly kind: "own-unknown"; readonly id: Hex }
  | { readonly kind: "refused"; readonly reason: string };

const RANK_LABEL = "xchat fork rank v1";
const NOTHING = new Uint8Array(0);

/** The epoch is the one whose wrap key opened the envelopes. */
export async function weigh(work: ForkWork, epoch: Hex, envelopes: readonly Uint8Array[]): Promise<Weighed> {
  const { provider, cipher } = work.deps;
  const place = placeOf(work.state, epoch);
  if (place === null) return { kind: "held" };
  const message = await messageOf(provider, place.wrapKey, envelopes);
  if (message === null) return { kind: "refused", reason: "no-commit" };
  const id = bytesToHex(provider.sha256(message));
  const known = work.state.commits.get(id);
  if (known !== undefined) {
    // An own one that was taken back has been seen after all.
    await work.take({ kind: "candidate", candidate: known.candidate });
    return known.candidate.parent === epoch ? { kind: "candidate", id } : { kind: "refused", reason: "another-epoch" };
  }
  const before = await groupAt(work, epoch);
  if (before === null) return { kind: "held" };
  const evaluated = await cipher.evaluate(before, message);
  if (!evaluated.ok) {
    const { reason } = evaluated.error;
    return reason === "own-message" ? { kind: "own-unknown", id } : { kind: "refused", reason };
  }
  const hash = commitHash(provider, envelopes);
  const made = await treeCommitOf(work, { id, parent: epoch, hash, before, commit: evaluated.value });
  if (!made.ok) return { kind: "refused", reason: made.error.reason };
  work.deps.cache.putWeighed(id, evaluated.value);
  work.state = { ...work.state, commits: new Map(work.state.commits).set(id, made.value) };
  work.parts.write("sealed", id, encodePieces(envelopes));
  await work.take({ kind: "candidate", candidate: made.value.candidate });
  return { kind: "candidate", id };
}

export interface CommitInTree {
  readonly id: Hex;
  readonly parent: Hex;
  readonly hash: Hex;
  readonly before: Group;
  readonly commit: Commit;
}

/** What the fork rule wants to know of a commit that MLS and the rules of the conversation have found good. */
export async function treeCommitOf(
  work: ForkWork,
  { id, parent, hash, before, commit }: CommitInTree,
): Promise<Result<TreeCommit, { readonly reason: string }>> {
  const { cipher } = work.deps;
  const judged = judgeCommitInEpoch(cipher, before, commit);
  if (!judged.ok) return judged;
  const { note, isDecree: decree, policy, after } = judged.value;
  const removes = commit.change.removed.map(forkMember);
  const author = bytesToHex(commit.change.committer.signatureKey);
  const candidate: Candidate = {
    id,
    parent,
    author,
    account: forkMember(commit.change.committer).account,
    kind: commit.commitKind,
    isDecree: decree,
    previous: note.place?.previous ?? null,
    rank: await rankOfAuthor(work, before, author),
    removes,
    policy,
  };
  const isOut = removes.some(({ leaf }) => leaf === work.state.session.self);
  const place = isOut ? null : await deriveEpochPlace(work.deps, commit.group, after.homeNodes);
  const { added, committer, isExternal } = commit.change;
  return ok({ candidate, place, adds: (isExternal ? [committer] : added).map(forkMember), hash });
}

async function rankOfAuthor({ deps: { cipher, provider } }: ForkWork, before: Group, author: Hex): Promise<Hex> {
  const key = await cipher.exportSecret(before, RANK_LABEL, NOTHING, 32);
  return bytesToHex(provider.hmacSha256(key, expectOk(hexToBytes(author), "leaf key")));
}

interface JudgedInEpoch {
  readonly note: CommitNote;
  readonly isDecree: boolean;
  /** Of the epoch that it leads to. */
  readonly policy: EpochPolicy;
  readonly after: GroupState;
}

function judgeCommitInEpoch(
  cipher: GroupCipher,
  group: Group,
  { change, authenticatedData }: Commit,
): Result<JudgedInEpoch, { readonly reason: string }> {
  const before = { members: cipher.members(group), policy: cipher.policy(group) };
  const judged = judgeChange(before, change);
  if (!judged.ok) return judged;
  const state = decodeGroupState(before.policy);
  const leaves = readLeaves(before.members);
  const described = describe(change);
  if (!state.ok || leaves === null || described === null) return err({ reason: "credential-unreadable" });
  const { after, leaves: leavesAfter } = judged.value;
  const note = judgeNote(
    { state: state.value, leaves },
    { state: after, leaves: leavesAfter },
    { isExternal: change.isExternal, authenticatedData },
  );
  if (!note.ok) return note;
  return ok({
    note: note.value,
    isDecree: isDecree(standing(state.value, leaves), judged.value, described),
    policy: epochRanks(standing(after, leavesAfter)),
    after,
  });
}

function describe({ committer, added, removed, policy, isExternal }: CommitChange) {
  const by = readLeaf(committer);
  const [came, went] = [readLeaves(added), readLeaves(removed)];
  return by === null || came === null || went === null
    ? null
    : { committer: by, added: came, removed: went, state: policy, isExternal };
}

/** @throws TypeError for a credential that cannot be read: it was verified before. */
export function forkMember(member: Member): ForkMember {
  const leaf = readLeaf(member);
  if (leaf === null) throw new TypeError("a leaf without an account");
  return { leaf: leaf.leafKey, account: bytesToHex(accountIdToBytes(leaf.account)) };
}
