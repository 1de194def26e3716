/**
 * A device among forks (spec/fork-rule.md, section 6): what it commits, applies, leaves, and helps to its slots. It owns no
 * clock and no network: an input goes in with the time and fresh randomness, the next state and effects come out.
 *
 * FR12 The device stands where the decision stands, as far as that is settled; a clock delays moves, and never chooses.
 * FR13 It makes one commit an epoch, after catching up, and none where one is known.
 * FR14 A winner is settled with its certificate, with one further on, or after its time.
 * FR15 A Welcome goes out with a certificate, or after the long patience.
 * FR16 Winners are offered to every slot that is not known to be taken.
 * FR17 Nothing is sealed for who was removed on a branch that was left, until that is done again.
 */
import { decideTree, isCertified, type Decision, type ForkVerdict } from "./decide.ts";
import { levelOf, type Candidate, type ForkEvidence, type ForkFacts, type Hex, type SlotReceipt } from "./facts.ts";
import { admit, closeUpTo, finalEpochs } from "./retain.ts";
import {
  ALONE_PATIENCE,
  COMMIT_SPREAD,
  HELP_INTERVAL,
  MAX_FINAL_NAMES,
  MAX_HASHES_OF_SLOT,
  MAX_INTENTS,
  OUTAGE_PATIENCE,
  PUBLISH_AFTER,
  SETTLE_PATIENCE,
  type ForkEffect,
  type ForkEnvironment,
  type ForkInput,
  type ForkSession,
  type ForkStep,
  type Intent,
  type OwnCommit,
  type UndoneRemoval,
} from "./session-state.ts";
import { ancestry, buildTree, type ForkTree } from "./tree.ts";

/** The one decision function: takes the input, then does whatever has become due. */
export function forkStep(session: ForkSession, input: ForkInput, environment: ForkEnvironment): ForkStep {
  if (session.standing !== "member") return { session, effects: [], wakeAt: null };
  const draft: Draft = { session, effects: [], wakeAt: Infinity, environment };
  takeInputMutable(draft, input);
  withdrawMutable(draft);
  const { tree, decision } = weighed(draft.session.facts);
  reportMutable(draft, decision);
  moveMutable(draft, tree, decision);
  if (draft.session.standing === "member") {
    holdMutable(draft, tree);
    settleOwnMutable(draft, tree);
    helpMutable(draft, tree, decision);
    commitMutable(draft, tree, decision);
    closeMutable(draft, tree);
  }
  return { session: draft.session, effects: draft.effects, wakeAt: draft.wakeAt === Infinity ? null : draft.wakeAt };
}

interface Weighed {
  readonly tree: ForkTree;
  readonly decision: Decision;
}

/** Most inputs change no fact; what follows from the same facts is the same. */
const known = new WeakMap<ForkFacts, Weighed>();

function weighed(facts: ForkFacts): Weighed {
  const before = known.get(facts);
  if (before !== undefined) return before;
  const tree = buildTree(facts);
  const made = { tree, decision: decideTree(tree) };
  known.set(facts, made);
  return made;
}

interface Draft {
  session: ForkSession;
  readonly effects: ForkEffect[];
  wakeAt: number;
  readonly environment: ForkEnvironment;
}

const setMutable = (draft: Draft, change: Partial<ForkSession>): void => {
  draft.session = { ...draft.session, ...change };
};

/** True when `at` has come; else the session wakes then. */
function isDue(draft: Draft, at: number): boolean {
  if (at <= draft.environment.now) return true;
  draft.wakeAt = Math.min(draft.wakeAt, at);
  return false;
}

// ---- inputs

function takeInputMutable(draft: Draft, input: ForkInput): void {
  switch (input.kind) {
    case "candidate":
      return takeCandidateMutable(draft, input.candidate);
    case "made":
      return takeMadeMutable(draft, input);
    case "receipt":
      return takeReceiptMutable(draft, input.receipt);
    case "want":
      return wantMutable(draft, { id: input.intent, isDecree: input.isDecree, tries: 0 });
    case "give-up": {
      const { intents, making, makingIn } = draft.session;
      const isMaking = making?.id === input.intent;
      return setMutable(draft, {
        intents: intents.filter(({ id }) => id !== input.intent),
        making: isMaking ? null : making,
        makingIn: isMaking ? null : makingIn,
      });
    }
    case "head":
      return takeHeadMutable(draft, input);
    case "author-forked": {
      const { facts } = draft.session;
      if (facts.forkedAuthors.includes(input.author)) return;
      return setMutable(draft, { facts: { ...facts, forkedAuthors: [...facts.forkedAuthors, input.author] } });
    }
    case "tick":
  }
}

function takeCandidateMutable(draft: Draft, candidate: Candidate): void {
  const { facts, own, head, seenAt } = draft.session;
  const isKnown = candidate.parent === facts.root.id || facts.candidates.some(({ id }) => id === candidate.parent);
  if (!isKnown || seenAt.has(candidate.id)) return;
  const line = new Set(ancestry({ candidates: new Map(facts.candidates.map((one) => [one.id, one])) }, head));
  const admitted = admit(facts, candidate, (id) => own.has(id) || line.has(id));
  const present = new Set(admitted.candidates.map(({ id }) => id));
  const seen = new Map([...seenAt].filter(([id]) => present.has(id)));
  if (present.has(candidate.id)) seen.set(candidate.id, draft.environment.now);
  const dropped = facts.candidates.filter(({ id }) => !present.has(id)).map(({ id }) => id);
  if (dropped.length > 0) draft.effects.push({ kind: "forget", epochs: dropped, candidates: dropped });
  setMutable(draft, { facts: admitted, seenAt: seen });
}

function takeMadeMutable(draft: Draft, { candidate, hasWelcome }: Extract<ForkInput, { kind: "made" }>): void {
  const { making, makingIn } = draft.session;
  if (making === null || makingIn !== candidate.parent) return;
  const commit = { id: candidate.id, intent: making, hasWelcome, isWelcomeSent: false, isPublished: false };
  setMutable(draft, { making: null, makingIn: null, own: new Map(draft.session.own).set(candidate.id, commit) });
  takeCandidateMutable(draft, candidate);
}

function takeReceiptMutable(draft: Draft, receipt: SlotReceipt): void {
  const { facts } = draft.session;
  const ofSlot = facts.receipts.filter(({ node, epoch }) => node === receipt.node && epoch === receipt.epoch);
  const same = ofSlot.find(({ hash }) => hash === receipt.hash);
  if (same !== undefined && (same.candidate !== null || receipt.candidate === null)) return;
  // Garbage must not keep out what is said for a candidate: who saw the garbage first would decide otherwise.
  const alike = ofSlot.filter(({ candidate }) => candidate === receipt.candidate);
  if (alike.length >= MAX_HASHES_OF_SLOT) return;
  setMutable(draft, { facts: { ...facts, receipts: [...facts.receipts.filter((one) => one !== same), receipt] } });
}

function takeHeadMutable(draft: Draft, { member, account, epoch }: Extract<ForkInput, { kind: "head" }>): void {
  const { head, heads } = draft.session;
  const present = draft.environment.members(head);
  if (!present.includes(member)) return;
  const kept = [...heads].filter(([leaf]) => present.includes(leaf));
  setMutable(draft, { heads: new Map(kept).set(member, { account, epoch, at: draft.environment.now }) });
}

function wantMutable(draft: Draft, wanted: Omit<Intent, "dueAt">): void {
  const { intents } = draft.session;
  if (intents.length >= MAX_INTENTS || intents.some(({ id }) => id === wanted.id)) return;
  const wait = wanted.isDecree ? 0 : draft.environment.random * COMMIT_SPREAD;
  setMutable(draft, { intents: [...intents, { ...wanted, dueAt: draft.environment.now + wait }] });
}

// ---- moving

function reportMutable(draft: Draft, { evidence }: Decision): void {
  const reported = new Set(draft.session.reported);
  for (const one of evidence) {
    const name = nameOf(one);
    if (reported.has(name)) continue;
    reported.add(name);
    draft.effects.push({ kind: "evidence", evidence: one });
  }
  if (reported.size > draft.session.reported.size) setMutable(draft, { reported });
}

/** One of a kind is enough to act on: a flood of proofs is no other news. */
const nameOf = (one: ForkEvidence): string =>
  one.kind === "node-signed-twice" ? `${one.kind} ${one.node} ${one.epoch}` : `${one.kind} ${one.author}`;

function moveMutable(draft: Draft, tree: ForkTree, decision: Decision): void {
  if (hasBeenAlone(draft, tree)) return leaveMutable(draft, "alone");
  const { head, self, own } = draft.session;
  const line = ancestry(tree, head);
  const settled = settledPath(draft, tree, decision, new Set(line));
  const path = settled.filter((id) => !line.includes(id));
  const [first] = path;
  if (first === undefined) return;
  const from = tree.candidates.get(first)?.parent as Hex;
  const steps = path.map((id) => tree.candidates.get(id) as Candidate);
  const removal = steps.find(({ removes }) => removes.some(({ leaf }) => leaf === self));
  if (removal !== undefined) {
    setMutable(draft, { standing: "removed" });
    draft.effects.push({ kind: "removed", by: removal.id });
    return;
  }
  if (!line.includes(from)) return leaveMutable(draft, "snapshot-gone");
  if (steps.some(({ author, id }) => author === self && !own.has(id))) return leaveMutable(draft, "own-commit-unknown");
  const left = line.slice(0, line.indexOf(from)).toReversed();
  draft.effects.push(left.length === 0 ? { kind: "apply", path } : { kind: "replay", from, path, left });
  for (const verdict of decision.verdicts.filter(({ winner, by }) => path.includes(winner) && by !== "alone")) {
    draft.effects.push({ kind: "healed", epoch: verdict.epoch, winner: verdict.winner, by: verdict.by });
  }
  setMutable(draft, { head: path.at(-1) as Hex, makingIn: null });
  requeueMutable(draft, tree);
  const behind = left.map((id) => tree.candidates.get(id) as Candidate);
  setMutable(draft, { undone: remembered(draft.session.undone, behind, steps) });
}

/**
 * FR20. What others follow cannot always be followed here, nor the reverse: where one side has deleted what the other
 * weighs. Then the higher level decides which side is alone, and the number among equals.
 */
function hasBeenAlone(draft: Draft, tree: ForkTree): boolean {
  const { now, random } = draft.environment;
  const until = isAlone(draft, tree) ? (draft.session.aloneUntil ?? now + ALONE_PATIENCE * (1 + random)) : null;
  setMutable(draft, { aloneUntil: until });
  return until !== null && isDue(draft, until);
}

function isAlone({ session, environment }: Draft, tree: ForkTree): boolean {
  const { head, heads, final } = session;
  const policy = tree.policy(head);
  const line = new Set([...ancestry(tree, head), ...final]);
  const present = new Set(environment.members(head));
  const balance = new Map<number, number>();
  for (const [member, { account, epoch, at }] of heads) {
    // Whoever has left this branch is not heard here any more, and must not keep this device on it.
    if (!present.has(member) || environment.now - at > ALONE_PATIENCE) continue;
    const isHere = line.has(epoch) || ancestry(tree, epoch).includes(head);
    const level = levelOf(policy, account);
    balance.set(level, (balance.get(level) ?? 0) + (isHere ? 1 : -1));
  }
  const decisive = [...balance].filter(([, count]) => count !== 0).toSorted(([a], [b]) => b - a)[0];
  return decisive !== undefined && decisive[1] < 0;
}

function leaveMutable(draft: Draft, reason: Extract<ForkEffect, { kind: "rejoin" }>["reason"]): void {
  setMutable(draft, { standing: "outside" });
  draft.effects.push({ kind: "rejoin", reason });
}

/** FR12: up to the first winner that is neither applied nor settled. */
function settledPath(draft: Draft, tree: ForkTree, decision: Decision, line: ReadonlySet<Hex>): readonly Hex[] {
  const path: Hex[] = [];
  for (const verdict of decision.verdicts) {
    if (!line.has(verdict.winner) && !isSettled(draft, tree, decision, verdict)) break;
    path.push(verdict.winner);
  }
  return path;
}

/** FR14. */
function isSettled(draft: Draft, tree: ForkTree, decision: Decision, verdict: ForkVerdict): boolean {
  const winner = tree.candidates.get(verdict.winner) as Candidate;
  const further = decision.path.slice(decision.path.indexOf(winner.id));
  if (further.some((id) => isCertified(tree, tree.candidates.get(id) as Candidate))) return true;
  const isQuick = winner.isDecree || verdict.by === "authority" || !canBeCertified(tree, winner);
  const seen = draft.session.seenAt.get(winner.id) ?? draft.environment.now;
  return isDue(draft, seen + (isQuick ? SETTLE_PATIENCE : OUTAGE_PATIENCE));
}

/** False where the slots that others have, garbage among them, are too many. */
function canBeCertified(tree: ForkTree, { id, parent }: Candidate): boolean {
  const { homeNodes } = tree.policy(parent);
  const receipts = tree.receipts(parent);
  const open = homeNodes.filter((node) => {
    const signed = receipts.filter((receipt) => receipt.node === node);
    return signed.length === 0 || signed.some(({ candidate }) => candidate === id);
  });
  return open.length * 2 > homeNodes.length;
}

/** What one's own commits that lost were for is wanted again; the shell drops what has been done meanwhile. */
function requeueMutable(draft: Draft, tree: ForkTree): void {
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
function withdrawMutable(draft: Draft): void {
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

/** FR17: what was removed on the way that was left and is not on the new one. */
function remembered(
  undone: readonly UndoneRemoval[],
  left: readonly Candidate[],
  entered: readonly Candidate[],
): readonly UndoneRemoval[] {
  let kept = [...undone, ...left.flatMap(removalsOf)];
  for (const { kind, removes, author } of entered) {
    const gone = new Set(removes.map(({ leaf }) => leaf));
    // Who is to be out does not come back in by a new leaf.
    kept = kept.flatMap((one) => (!gone.has(one.leaf) ? [one] : kind === "external" ? [{ ...one, leaf: author }] : []));
  }
  return kept.filter((one, i) => kept.findIndex(({ leaf, by }) => leaf === one.leaf && by === one.by) === i);
}

const removalsOf = ({ kind, removes, account }: Candidate): readonly UndoneRemoval[] =>
  kind === "removal" ? removes.map((one) => ({ ...one, by: account })) : [];

/** For the session that follows when this device has to rejoin: every removal that it has applied, and what it wanted. */
export function carryOver(session: ForkSession): Pick<ForkSession, "undone" | "intents"> {
  const { facts, head, undone, own, making, intents } = session;
  const { tree } = weighed(facts);
  const line = ancestry(tree, head);
  const applied = line.flatMap((id) => tree.candidates.get(id) ?? []);
  // What was applied here need not be so where this device goes: the shell drops what is.
  const open = [...own.values()].flatMap(({ intent }) => intent ?? []);
  const wanted = [...intents, ...(making === null ? [] : [making]), ...open];
  return { undone: remembered(undone, applied, []), intents: wanted.slice(0, MAX_INTENTS) };
}

/** FR17: only while whoever removed them could do it again, and they are there. */
function holdMutable(draft: Draft, tree: ForkTree): void {
  const { undone, held, head } = draft.session;
  const policy = tree.policy(head);
  const inForce = undone.filter(({ leaf, account, by }) => {
    const mayRemove = by === account || levelOf(policy, by) > levelOf(policy, account);
    return mayRemove && draft.environment.members(head).includes(leaf);
  });
  const now = [...new Set(inForce.map(({ leaf }) => leaf))].toSorted();
  if (now.join() === held.join()) return;
  setMutable(draft, { held: now });
  draft.effects.push(now.length > 0 ? { kind: "hold", leaves: now } : { kind: "release" });
}

// ---- own commits

/** FR13, FR15: own commits in the present epoch and before. */
function settleOwnMutable(draft: Draft, tree: ForkTree): void {
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

const changeOwnMutable = (draft: Draft, commit: OwnCommit): void =>
  setMutable(draft, { own: new Map(draft.session.own).set(commit.id, commit) });

const seenAtOf = ({ session, environment }: Draft, id: Hex): number => session.seenAt.get(id) ?? environment.now;

const mayWelcome = (draft: Draft, tree: ForkTree, candidate: Candidate): boolean =>
  isCertified(tree, candidate) || isDue(draft, seenAtOf(draft, candidate.id) + OUTAGE_PATIENCE);

function mayPublish(draft: Draft, tree: ForkTree, candidate: Candidate, intent: Intent | null): boolean {
  if (candidate.isDecree && (intent?.tries ?? 0) > 0) return true;
  if (isCertified(tree, candidate)) return false;
  return isDue(draft, seenAtOf(draft, candidate.id) + PUBLISH_AFTER);
}

/** FR16. */
function helpMutable(draft: Draft, tree: ForkTree, { verdicts }: Decision): void {
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
function commitMutable(draft: Draft, tree: ForkTree, decision: Decision): void {
  const { head, intents, makingIn, own } = draft.session;
  const [intent] = intents.toSorted((a, b) => Number(b.isDecree) - Number(a.isDecree) || a.dueAt - b.dueAt);
  if (intent === undefined || makingIn !== null || decision.head !== head) return;
  const hasOwn = [...own.values()].some(({ id }) => tree.candidates.get(id)?.parent === head);
  if (hasOwn || tree.children(head).length > 0 || !isDue(draft, intent.dueAt)) return;
  setMutable(draft, { intents: intents.filter((one) => one !== intent), making: intent, makingIn: head });
  draft.effects.push({ kind: "make-commit", intent: intent.id, epoch: head });
}

// ---- closing

/** FR18. */
function closeMutable(draft: Draft, tree: ForkTree): void {
  const { facts, seenAt, triedAt, own, head } = draft.session;
  const others = draft.environment.members(head).filter((member) => member !== draft.session.self);
  const root = finalEpochs(draft.session, tree, others, draft.environment.now).at(-1);
  if (root === undefined) return;
  const epochs = ancestry(tree, tree.candidates.get(root)?.parent as Hex);
  const { facts: rest, gone } = closeUpTo(facts, root);
  const isGone = new Set(gone);
  setMutable(draft, {
    facts: rest,
    final: [...draft.session.final, ...epochs.toReversed()].slice(-MAX_FINAL_NAMES),
    seenAt: new Map([...seenAt].filter(([id]) => !isGone.has(id))),
    triedAt: new Map([...triedAt].filter(([key]) => !epochs.includes(key.split(" ")[0] as Hex))),
    own: new Map([...own].filter(([id]) => !isGone.has(id) || id === head)),
  });
  draft.effects.push({ kind: "forget", epochs, candidates: gone });
}
