/**
 * Coming in again from outside (spec/rejoin.md; FR12, FR20): an answer is judged, one is followed by an external commit, and
 * that is offered until somebody else is heard behind it.
 *
 * FD4 Nothing is sealed before that: nobody might ever be there to open it.
 */
import { bytesToHex, equalBytes, expectOk } from "@xchat/codec";
import {
  accountIdToBytes,
  ancestry,
  carryOver,
  chooseAnswer,
  decodeGroupState,
  epochRanks,
  leafToReplace,
  readLeaf,
  readLeaves,
  sealEnvelopes,
  standing,
  type Asker,
  type EpochPolicy,
  type Group,
  type GroupLeaf,
  type GroupPreview,
  type GroupState,
  type Hex,
  type KeyPackageBundle,
  type Member,
  type OfferedGroup,
  type RejoinOut,
  type RejoinWayIn,
} from "@xchat/protocol";
import { beginFork } from "./begin.ts";
import { commitHash } from "./groups.ts";
import { mailboxes, type EpochPlace, type ForkState } from "./state.ts";
import { forkMember } from "./weigh.ts";
import type { ForkDeps, ForkWork } from "./work.ts";

export interface JudgedAnswer {
  readonly answer: RejoinWayIn;
  readonly preview: GroupPreview;
  readonly state: GroupState;
  readonly leaves: readonly GroupLeaf[];
  readonly offer: OfferedGroup;
}

/** `null`: not of this conversation, not sound, or not signed by who signed the GroupInfo. Never throws. */
export async function judgeAnswer(
  { cipher }: Pick<ForkDeps, "cipher">,
  { conversation, ownAccount, wrapKeys }: Pick<Before, "conversation" | "ownAccount" | "wrapKeys">,
  answer: RejoinWayIn,
): Promise<JudgedAnswer | null> {
  const inspected = await cipher.inspectGroupInfo(answer.groupInfo);
  if (!inspected.ok) return null;
  const preview = inspected.value;
  const state = decodeGroupState(preview.policy);
  const leaves = readLeaves(preview.members);
  if (!state.ok || leaves === null || bytesToHex(preview.groupId) !== conversation) return null;
  if (!(await answer.isSignedBy(preview.signer.signatureKey))) return null;
  const offer: OfferedGroup = {
    signer: forkMember(preview.signer).account,
    epoch: preview.epoch,
    policy: epochRanks(standing(state.value, leaves)),
    hasAsker: preview.members.map(forkMember).some(({ account }) => account === ownAccount),
    isOwnPlace: wrapKeys.some((wrapKey) => equalBytes(wrapKey, answer.place.wrapKey)),
  };
  return { answer, preview, state: state.value, leaves, offer };
}

/** RJ14: whose word it is that this device is out; `null` where nobody has this leaf where it stands. */
export function judgeOut(
  leaves: readonly GroupLeaf[],
  { leafKey }: RejoinOut,
  known: EpochPolicy,
): OfferedGroup | null {
  const leaf = leaves.find((one) => one.leafKey === bytesToHex(leafKey));
  if (leaf === undefined) return null;
  const signer = bytesToHex(accountIdToBytes(leaf.account));
  return { signer, epoch: 0, policy: known, hasAsker: false, isOwnPlace: false };
}

/** Where a device comes from that wants to come in. */
export interface Before {
  readonly conversation: Hex;
  readonly ownAccount: Hex;
  /** Of the epochs that it knows. */
  readonly wrapKeys: readonly Uint8Array[];
  /** What it can read of the past. */
  readonly group: Group | null;
  /** Of the last epoch that it knew before it fell out; null where it has lost everything. */
  readonly known: EpochPolicy | null;
  /** `carryOver` of the session before. */
  readonly carried?: ReturnType<typeof carryOver>;
}

export const beforeOf = (state: ForkState, group: Group | null): Before => ({
  conversation: state.conversation,
  ownAccount: state.ownAccount,
  wrapKeys: mailboxes(state).map(({ place }) => place.wrapKey),
  group,
  known: lastKnown(state),
  carried: carryOver(state.session),
});

/** What of who asks the fork does not know. */
export type AskerFacts = Pick<Asker, "broughtBy" | "isInside" | "asks">;

export const OUTSIDER: AskerFacts = { broughtBy: null, isInside: false, asks: 0 };

/** RJ7, by the last epoch that this device knew before it fell out. `outs`: from `judgeOut`. */
export function answerToFollow(
  { known, ownAccount }: Pick<Before, "known" | "ownAccount">,
  judged: readonly JudgedAnswer[],
  outs: readonly OfferedGroup[] = [],
  facts: AskerFacts = OUTSIDER,
): JudgedAnswer | "removed" | null {
  const offers = [...judged.map(({ offer }) => offer), ...outs];
  const chosen = chooseAnswer({ known, account: ownAccount, ...facts }, offers);
  return typeof chosen === "number" ? (judged[chosen] as JudgedAnswer) : chosen;
}

export function lastKnown({ knock, session, commits, root }: ForkState): EpochPolicy {
  return knock?.known ?? commits.get(session.head)?.candidate.policy ?? root;
}

/**
 * Follows an answer: a work whose changes begin a new session and take away the old one. `bundle` is used up, whatever comes
 * of it. A word says why not: what the group refuses, or that it has no leaf which this device may replace.
 */
export async function knock(
  deps: ForkDeps,
  before: Before,
  followed: JudgedAnswer,
  bundle: KeyPackageBundle,
): Promise<ForkWork | string> {
  const { cipher, provider } = deps;
  const replaced = await leafOf(deps, followed, bundle);
  if (replaced === null) return "not-own-leaf";
  const { groupInfo, place } = followed.answer;
  const made = await cipher.externalRejoin({ groupInfo, keyPackage: bundle, replacedLeaf: replaced.leaf });
  if (!made.ok) return made.error.reason;
  const envelopes = await sealEnvelopes(provider, place.wrapKey, made.value.commit);
  const nodes: EpochPlace["nodes"][number][] = [];
  for (const { hint, seed } of place.nodes) {
    // What is no home node of the group is nobody's business.
    if (!followed.state.homeNodes.some(({ keyHash }) => equalBytes(keyHash, hint.keyHash))) continue;
    const { publicKey } = await provider.ed25519KeyPair(seed);
    nodes.push({ hint, mailbox: { seed, publicKey } });
  }
  if (nodes.length === 0) return "no-home-node";
  const group = before.group === null ? made.value.group : cipher.adopt(before.group, made.value.group);
  const known = before.known ?? followed.offer.policy;
  return beginFork(deps, group, {
    conversation: before.conversation,
    ...(before.carried !== undefined && { carried: before.carried }),
    knock: { envelopes, nodes, taken: [], hash: commitHash(provider, envelopes), known },
  });
}

async function leafOf(
  { cipher }: ForkDeps,
  { state, leaves, preview }: JudgedAnswer,
  { keyPackage }: KeyPackageBundle,
): Promise<Member | null> {
  const own = expectOk(await cipher.inspectKeyPackage(keyPackage), "own key package");
  const newcomer = readLeaf(own);
  const old = newcomer === null ? null : leafToReplace(state, leaves, newcomer);
  const found = preview.members.find(({ signatureKey }) => bytesToHex(signatureKey) === old?.leafKey);
  return found ?? null;
}

/** Another commit has the slot at this node. With more than half of them so, this device asks anew. */
export function knockRefused(work: ForkWork, node: string): void {
  const { knock: own, session } = work.state;
  if (own === null || own.taken.includes(node)) return;
  const taken = [...own.taken, node];
  work.state = { ...work.state, knock: { ...own, taken } };
  if (taken.length * 2 <= own.nodes.length) return;
  work.state = { ...work.state, session: { ...session, standing: "outside" } };
  work.actions.push({ kind: "rejoin", reason: "slots-taken" });
}

/** Somebody else is heard in an epoch of the tree: they have applied the external commit. */
export function letIn(work: ForkWork, epoch: string): void {
  const { knock: own, session, root } = work.state;
  if (own === null || session.standing !== "member") return;
  const candidates = new Map(session.facts.candidates.map((one) => [one.id, one]));
  if (ancestry({ candidates }, epoch).includes(root.id)) work.state = { ...work.state, knock: null };
}
