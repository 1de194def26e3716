/**
 * A device among forks (spec/fork-rule.md, section 6): what it commits, applies, leaves, and helps to its slots. It owns no
 * clock and no network: an input goes in with the time and fresh randomness, the next state and effects come out.
 */
import type { Decision } from "./decide.ts";
import { setMutable, wantMutable, weighed, type Draft } from "./draft.ts";
import type { Candidate, ForkEvidence, Hex, SlotReceipt } from "./facts.ts";
import { tellLeftBehindMutable, toldMutable } from "./left-behind.ts";
import { leaveMutable, moveMutable } from "./move.ts";
import { commitMutable, helpMutable, settleOwnMutable, withdrawMutable } from "./own-commits.ts";
import { admit, closeUpTo, finalEpochs } from "./retain.ts";
import {
  MAX_FINAL_NAMES,
  MAX_HASHES_OF_SLOT,
  type ForkEnvironment,
  type ForkInput,
  type ForkSession,
  type ForkStep,
} from "./session-state.ts";
import { ancestry, type ForkTree } from "./tree.ts";
import { holdMutable, removalsOf } from "./undone.ts";

/** The one decision function: takes the input, then does whatever has become due. */
export function forkStep(session: ForkSession, input: ForkInput, environment: ForkEnvironment): ForkStep {
  if (session.standing !== "member") return { session, effects: [], wakeAt: null };
  const draft: Draft = { session, effects: [], wakeAt: Infinity, environment };
  takeInputMutable(draft, input);
  if (draft.session.standing !== "member") return { session: draft.session, effects: draft.effects, wakeAt: null };
  withdrawMutable(draft);
  const { tree, decision } = weighed(draft.session.facts);
  reportMutable(draft, decision);
  moveMutable(draft, tree, decision);
  if (draft.session.standing === "member") {
    holdMutable(draft, tree);
    settleOwnMutable(draft, tree);
    helpMutable(draft, tree, decision);
    tellLeftBehindMutable(draft, tree, decision);
    commitMutable(draft, tree, decision);
    closeMutable(draft, tree);
  }
  return { session: draft.session, effects: draft.effects, wakeAt: draft.wakeAt === Infinity ? null : draft.wakeAt };
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
    case "copied":
      return leaveMutable(draft, "copied");
    case "told":
      return toldMutable(draft, input.epoch);
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
  if (!present.some((one) => one.account === account)) return;
  const kept = [...heads].filter(([, other]) => present.some((one) => one.account === other.account));
  setMutable(draft, { heads: new Map(kept).set(member, { account, epoch, at: draft.environment.now }) });
}

// ---- evidence

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

// ---- closing

/** FR18. */
function closeMutable(draft: Draft, tree: ForkTree): void {
  const { facts, seenAt, triedAt, own, head } = draft.session;
  const others = draft.environment.members(head).flatMap(({ leaf }) => (leaf === draft.session.self ? [] : [leaf]));
  const root = finalEpochs(draft.session, tree, others, draft.environment.now).at(-1);
  if (root === undefined) return;
  const epochs = ancestry(tree, tree.candidates.get(root)?.parent as Hex);
  const { facts: rest, gone } = closeUpTo(facts, root);
  const isGone = new Set(gone);
  const isPast = new Set([...epochs, ...gone]);
  setMutable(draft, {
    facts: rest,
    final: [...draft.session.final, ...epochs.toReversed()].slice(-MAX_FINAL_NAMES),
    seenAt: new Map([...seenAt].filter(([id]) => !isGone.has(id))),
    triedAt: new Map([...triedAt].filter(([key]) => !isPast.has(key.split(" ")[0] as Hex))),
    own: new Map([...own].filter(([id]) => !isGone.has(id) || id === head)),
  });
  const passed = [...epochs, root].flatMap((id) => tree.candidates.get(id) ?? []);
  const removedBefore = [...draft.session.removedBefore, ...passed.flatMap(removalsOf)].slice(-MAX_FINAL_NAMES);
  setMutable(draft, { removedBefore });
  draft.effects.push({ kind: "forget", epochs, candidates: gone });
}
