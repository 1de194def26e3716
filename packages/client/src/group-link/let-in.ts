/** In steps of the group: somebody who asks by a link is wished in, and answered when they are (GL7, GL8). */
import {
  answerPlace,
  encodeIntroduction,
  encodePayload,
  judgeJoin,
  readLeaf,
  sealEnvelopes,
  standing,
  type Introduction,
  type WishedChange,
} from "@xchat/protocol";
import { ownAccount } from "../chat/authors.ts";
import type { EpochNode } from "../chat/epochs.ts";
import type { Step } from "../chat/step.ts";
import { isWaiting, MAX_WISHES, refusalOf, wish } from "../chat/wishes.ts";
import { partsOf } from "../group/introductions.ts";
import { deleteRequest, putRequest, type JoinRequest } from "./join-requests.ts";
import { mailboxOf } from "./link-keys.ts";

/** `later`: nothing was decided. `refused`: nothing will come of this request here. */
export type LettingIn = "wished" | "refused" | "later";

export async function letIn(step: Step, request: JoinRequest, onSaved: (now: JoinRequest) => void): Promise<LettingIn> {
  const { core, state } = step;
  const { wishes } = state.shared;
  const group = standing(state.side.state, state.side.leaves);
  const isBlocked = core.contacts.get(request.account)?.isBlocked === true;
  const refusal = judgeJoin(core.provider, group, ownAccount(core), { ...request, isBlocked }, core.clock.now());
  if (refusal !== null || !(await isTheirs(step, request))) return "refused";
  if (wishes.length >= MAX_WISHES || isWished(step, request)) return "later";
  const change: WishedChange = { kind: "add", account: request.account, keyPackages: [request.keyPackage] };
  if ((await refusalOf(step, change)) !== null) return "refused";
  wish(step, change);
  const answering: JoinRequest = { ...request, state: "answering" };
  step.changes.push(putRequest(answering));
  step.after.push(() => onSaved(answering));
  return "wished";
}

/** Their addition is wanted already, and nothing is waited for. */
const isWished = ({ state }: Step, { account }: JoinRequest): boolean =>
  state.shared.wishes.some((one) => one.change.kind === "add" && one.change.account === account && !isWaiting(one));

/** GL5: nobody asks for somebody else, nor for a device that has not signed. */
async function isTheirs({ core }: Step, { keyPackage, account, deviceKey }: JoinRequest): Promise<boolean> {
  const member = await core.cipher.inspectKeyPackage(keyPackage);
  const leaf = member.ok ? readLeaf(member.value) : null;
  return leaf !== null && leaf.account === account && leaf.deviceKey === deviceKey;
}

/**
 * Puts what a newcomer begins with into the mailboxes where they look for it. False when this commit has not added what they
 * have asked with: they are told as a contact would be.
 */
export async function answerByLink(
  step: Step,
  request: JoinRequest,
  introduction: Introduction,
  onSaved: () => void,
): Promise<boolean> {
  const { provider, cipher } = step.core;
  const welcome = await cutWelcome(cipher.welcomeFor(introduction.welcome, [request.keyPackage]));
  if (welcome === null) return false;
  const { homeNodes } = step.state.side.state;
  const nodes: EpochNode[] = [];
  for (const hint of homeNodes) {
    const { mailboxSeed } = answerPlace(provider, request.answerSeed, hint.keyHash);
    nodes.push({ hint, mailbox: await mailboxOf(provider, mailboxSeed) });
  }
  // The same at every node: what lies there is the same too.
  const { wrapKey } = answerPlace(provider, request.answerSeed, new Uint8Array(32));
  for (const item of partsOf(step, encodeIntroduction({ ...introduction, welcome }))) {
    const envelopes = await sealEnvelopes(provider, wrapKey, encodePayload([item]));
    step.enqueueTo(nodes, envelopes, { purpose: "answer", eventId: "" });
  }
  step.changes.push(deleteRequest(request));
  step.after.push(onSaved);
  return true;
}

/** Without the secrets of others who came in by the same commit. */
async function cutWelcome(cut: Promise<Uint8Array>): Promise<Uint8Array | null> {
  try {
    return await cut;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "not-committable") throw error;
    return null;
  }
}
