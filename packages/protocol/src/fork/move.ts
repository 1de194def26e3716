/**
 * Where a device goes (spec/fork-rule.md, section 5): it applies, goes back, or leaves to come in again from outside.
 *
 * FR12 It stands where the decision stands, as far as that is settled; a clock delays moves, and never chooses.
 * FR14 A winner is settled with its certificate, with one further on, or after its time.
 * FR20 Who is alone finds out.
 */
import { isCertified, type Decision, type ForkVerdict } from "./decide.ts";
import { isDue, setMutable, type Draft } from "./draft.ts";
import { levelOf, type Candidate, type Hex } from "./facts.ts";
import { stoodThereMutable, takeLeaveMutable } from "./left-behind.ts";
import { requeueMutable } from "./own-commits.ts";
import { ALONE_PATIENCE, FIRST_ASKING, OUTAGE_PATIENCE, SETTLE_PATIENCE, type ForkEffect } from "./session-state.ts";
import { ancestry, type ForkTree } from "./tree.ts";
import { remembered } from "./undone.ts";

export function moveMutable(draft: Draft, tree: ForkTree, decision: Decision): void {
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
    takeLeaveMutable(draft, line.slice(0, Math.max(0, line.indexOf(from))), from);
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
  stoodThereMutable(draft, left);
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
  const present = new Set(environment.members(head).map(({ account }) => account));
  const balance = new Map<number, number>();
  for (const { account, epoch, at } of heads.values()) {
    // Whoever has left this branch is not heard here any more, and must not keep this device on it.
    if (!present.has(account) || environment.now - at > ALONE_PATIENCE) continue;
    const isHere = line.has(epoch) || ancestry(tree, epoch).includes(head);
    const level = levelOf(policy, account);
    balance.set(level, (balance.get(level) ?? 0) + (isHere ? 1 : -1));
  }
  const decisive = [...balance].filter(([, count]) => count !== 0).toSorted(([a], [b]) => b - a)[0];
  return decisive !== undefined && decisive[1] < 0;
}

export function leaveMutable(draft: Draft, reason: Extract<ForkEffect, { kind: "rejoin" }>["reason"]): void {
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
  if (!draft.session.own.has(winner.id)) wakeToAskMutable(draft, seen);
  return isDue(draft, seen + (isQuick ? SETTLE_PATIENCE : OUTAGE_PATIENCE));
}

/** FR14: its author may still be bringing it to the nodes. At fixed times, so that no other step puts them off. */
function wakeToAskMutable(draft: Draft, seen: number): void {
  let pause = FIRST_ASKING;
  while (seen + pause <= draft.environment.now) pause *= 2;
  if (pause < SETTLE_PATIENCE) draft.wakeAt = Math.min(draft.wakeAt, seen + pause);
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
