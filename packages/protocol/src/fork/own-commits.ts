/**
 * Own commits, and what a device does for others' (spec/fork-rule.md, section 6).
 *
 * FR13 One commit an epoch, after catching up, and none where one is known.
 * FR15 A Welcome goes out with a certificate, or after the long patience.
 * FR16 Winners are offered to every slot that is not known to be taken.
 */
import { isCertified, type Decision } from "./decide.ts";
import { changeOwnMutable, isDue, seenAtOf, setMutable, wantMutable, weighed, type Draft } from "./draft.ts";
import type { Candidate } from "./facts.ts";
import {
  HELP_INTERVAL,
  OUTAGE_PATIENCE,
  PUBLISH_AFTER,
  SETTLE_PATIENCE,
  type Intent,
  type OwnCommit,
} from "./session-state.ts";
import { ancestry, type ForkTree } from "./tree.ts";

/** What one's own commits that lost were for is wanted again; the shell drops what has been done meanwhile. */
export function requeueMutable(draft: Draft, tree: ForkTree): void {
  const { own, head, making } = draft.session;
  const line = new Set(ancestry(tree, head));
  if (making !== null) {
    setMutable(draft, { making: null });
    wantMutable(draft, making);
  }
  for (const commit of own.values()) {
    const parent = tree.candidates.get(commit.id)?.parent;
    if (parent !== undefined && parent !== head && !line.has(commit.id)) wantAgainMutable(draft, commit);
  }
}

function wantAgainMutable(draft: Draft, commit: OwnCommit): void {
  if (commit.intent === null) return;
  changeOwnMutable(draft, { ...commit, intent: null });
  wantMutable(draft, { ...commit.intent, tries: commit.intent.tries + 1 });
}

/**
 * FR13: an own commit that lost the race for every slot is taken back before anybody has seen it, so that nobody has to
 * go back for it. Not a decree that has lost before: who loses every race may be meant to.
 */
export function withdrawMutable(draft: Draft): void {
  const { facts, own, head } = draft.session;
  const unseen = facts.candidates.filter(({ id, parent }) => parent === head && own.get(id)?.isPublished === false);
  if (unseen.length === 0) return;
  const { tree } = weighed(facts);
  for (const candidate of unseen) {
    const commit = own.get(candidate.id) as OwnCommit;
    if (commit.intent === null || (candidate.isDecree && commit.intent.tries > 0)) continue;
    if (facts.receipts.some((receipt) => receipt.candidate === commit.id)) continue;
    if (!tree.children(head).some((sibling) => sibling !== candidate && isCertified(tree, sibling))) continue;
    const seenAt = new Map(draft.session.seenAt);
    seenAt.delete(commit.id);
    setMutable(draft, { seenAt, facts: { ...facts, candidates: facts.candidates.filter((one) => one !== candidate) } });
    wantAgainMutable(draft, commit);
  }
}

/** FR13, FR15: own commits in the present epoch and before. */
export function settleOwnMutable(draft: Draft, tree: ForkTree): void {
  const line = new Set(ancestry(tree, draft.session.head));
  for (const commit of draft.session.own.values()) {
    const candidate = tree.candidates.get(commit.id);
    if (candidate === undefined) continue;
    const isApplied = line.has(commit.id);
    if (isApplied && commit.hasWelcome && !commit.isWelcomeSent && mayWelcome(draft, tree, candidate)) {
      draft.effects.push({ kind: "send-welcome", candidate: commit.id });
      changeOwnMutable(draft, { ...commit, isWelcomeSent: true });
    }
    const isOpen = isApplied || candidate.parent === draft.session.head;
    if (isOpen && !commit.isPublished && mayPublish(draft, tree, candidate, commit.intent)) {
      draft.effects.push({ kind: "publish", candidate: commit.id });
      changeOwnMutable(draft, { ...commit, isPublished: true });
    }
  }
}

const mayWelcome = (draft: Draft, tree: ForkTree, candidate: Candidate): boolean =>
  isCertified(tree, candidate) || isDue(draft, seenAtOf(draft, candidate.id) + OUTAGE_PATIENCE);

function mayPublish(draft: Draft, tree: ForkTree, candidate: Candidate, intent: Intent | null): boolean {
  if (candidate.isDecree && (intent?.tries ?? 0) > 0) return true;
  if (isCertified(tree, candidate)) return false;
  return isDue(draft, seenAtOf(draft, candidate.id) + PUBLISH_AFTER);
}

/** FR16. */
export function helpMutable(draft: Draft, tree: ForkTree, { verdicts }: Decision): void {
  const { now, random } = draft.environment;
  for (const { epoch, winner } of verdicts) {
    const isOwn = draft.session.own.has(winner);
    const signed = new Set(tree.receipts(epoch).map(({ node }) => node));
    const nodes = tree.policy(epoch).homeNodes.filter((node) => {
      if (signed.has(node)) return false;
      const tried = draft.session.triedAt.get(`${epoch} ${node}`);
      // The author offers at once; the others only where a slot stays free, and not all together.
      const first = seenAtOf(draft, winner) + (isOwn ? 0 : SETTLE_PATIENCE * (1 + random));
      return isDue(draft, tried === undefined ? first : tried + HELP_INTERVAL);
    });
    if (nodes.length === 0) continue;
    const triedAt = new Map(draft.session.triedAt);
    for (const node of nodes) {
      triedAt.set(`${epoch} ${node}`, now);
      draft.wakeAt = Math.min(draft.wakeAt, now + HELP_INTERVAL);
    }
    setMutable(draft, { triedAt });
    draft.effects.push({ kind: "offer-slot", epoch, candidate: winner, nodes });
  }
}

/** FR13. */
export function commitMutable(draft: Draft, tree: ForkTree, decision: Decision): void {
  const { head, intents, makingIn, own } = draft.session;
  const [intent] = intents.toSorted((a, b) => Number(b.isDecree) - Number(a.isDecree) || a.dueAt - b.dueAt);
  if (intent === undefined || makingIn !== null || decision.head !== head) return;
  const hasOwn = [...own.values()].some(({ id }) => tree.candidates.get(id)?.parent === head);
  if (hasOwn || tree.children(head).length > 0 || !isDue(draft, intent.dueAt)) return;
  setMutable(draft, { intents: intents.filter((one) => one !== intent), making: intent, makingIn: head });
  draft.effects.push({ kind: "make-commit", intent: intent.id, epoch: head });
}
