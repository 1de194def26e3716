/** Who came in on a branch that lost is told (spec/rejoin.md, RJ13 and RJ15), input by input. */
import { beforeEach, expect, test } from "vitest";
import type { Candidate, Hex } from "./facts.ts";
import { isSure } from "./left-behind.ts";
import { OUTAGE_PATIENCE, SETTLE_PATIENCE, startFork, type ForkEffect, type ForkInput } from "./session-state.ts";
import { forkStep } from "./session.ts";
import { accountOf, modelCommit, type Change, type ModelCommit, type ModelEpoch } from "./test-model.ts";
import { rootEpoch } from "./test-world.ts";

const SELF = "anna/1";
const ROOT = rootEpoch(["olga/1", SELF, "bob/1"], new Map([["olga", "owner"]]));
const LATER = 2 * SETTLE_PATIENCE;
const ADD: Change = { kind: "addition", leaf: "newcomer/1" };

let session = startFork(SELF, ROOT);
let now = 1_000_000;
let epochs = new Map<Hex, ModelEpoch>();

beforeEach(() => {
  session = startFork(SELF, ROOT);
  now = 1_000_000;
  epochs = new Map([[ROOT.id, ROOT]]);
});

function tell(input: ForkInput, after = 0): readonly ForkEffect[] {
  now += after;
  const step = forkStep(session, input, {
    now,
    random: 0,
    members: (epoch) => (epochs.get(epoch)?.leaves ?? []).map((leaf) => ({ leaf, account: accountOf(leaf) })),
  });
  session = step.session;
  return step.effects;
}

function commit(parent: ModelEpoch, author: Hex, change: Change, salt = 0): ModelCommit {
  const made = modelCommit({ parent, author, change, events: 0, salt });
  if (made === null) throw new Error("not allowed");
  epochs.set(made.id, made.after);
  return made;
}

const see = (candidate: Candidate): readonly ForkEffect[] => tell({ kind: "candidate", candidate });
const sign = ({ id, parent }: Candidate): readonly ForkEffect[] =>
  ["n1", "n2"].flatMap((node) => tell({ kind: "receipt", receipt: { node, epoch: parent, hash: id, candidate: id } }));
const wait = (milliseconds: number): readonly ForkEffect[] => tell({ kind: "tick" }, milliseconds);
const words = (effects: readonly ForkEffect[]): readonly Hex[] =>
  effects.flatMap((effect) => (effect.kind === "tell-left-behind" ? [effect.epoch] : []));

/** An own commit that has let somebody in while nodes were down. */
function letIn(): ModelCommit {
  tell({ kind: "want", intent: "wish", isDecree: true });
  const made = commit(ROOT, SELF, ADD);
  tell({ kind: "made", candidate: made, hasWelcome: true });
  wait(OUTAGE_PATIENCE);
  expect(session.head).toBe(made.id);
  return made;
}

test("[RJ15] who has let somebody in on a branch that loses tells them at once, and once", () => {
  const lost = letIn();
  const other = commit(ROOT, "bob/1", { kind: "update" });
  see(other);
  expect(words(sign(other))).toEqual([lost.id]);
  expect(words(wait(LATER))).toEqual([]);
});

test("[RJ15] also whom the branch that won has let in with the same leaf: they follow the word that came first", () => {
  const lost = letIn();
  const other = commit(ROOT, "bob/1", ADD);
  see(other);
  expect(words(sign(other))).toEqual([lost.id]);
});

test("[RJ15] the others only where nobody has, after a minute or two", () => {
  const lost = commit(ROOT, "bob/1", ADD);
  const other = commit(ROOT, "olga/1", { kind: "update" });
  see(lost);
  see(other);
  expect(words(sign(other))).toEqual([]);
  const before = { session, now };
  expect(words(wait(LATER))).toEqual([lost.id]);
  ({ session, now } = before);
  tell({ kind: "told", epoch: lost.id });
  expect(words(wait(LATER))).toEqual([]);
});

test("[RJ15] who has stood there since tells, though somebody had: whoever came in meanwhile was answered from there", () => {
  tell({ kind: "want", intent: "wish", isDecree: true });
  const lost = commit(ROOT, SELF, ADD);
  tell({ kind: "made", candidate: lost, hasWelcome: true });
  const other = commit(ROOT, "bob/1", { kind: "update" });
  tell({ kind: "told", epoch: lost.id });
  wait(OUTAGE_PATIENCE);
  expect(session.head).toBe(lost.id);
  see(other);
  expect(words(sign(other))).toEqual([lost.id]);
  expect(words(wait(LATER))).toEqual([]);
});

test("[RJ15] nobody is told while a certificate could still make that branch win", () => {
  const lost = commit(ROOT, "bob/1", ADD);
  const other = commit(ROOT, "olga/1", { kind: "name", name: "Choir" });
  see(lost);
  see(other);
  wait(OUTAGE_PATIENCE);
  expect(session.head).toBe(other.id);
  expect(isSure(session)).toBe(false);
  expect(words(wait(LATER))).toEqual([]);
  sign(other);
  expect(isSure(session)).toBe(true);
  expect(words(wait(LATER))).toEqual([lost.id]);
});

test("[RJ15] also where the commit that let them in did weightier things besides", () => {
  const lost: Candidate = { ...commit(ROOT, "bob/1", ADD), kind: "policy" };
  const other = commit(ROOT, "olga/1", { kind: "name", name: "Choir" });
  see(lost);
  see(other);
  sign(other);
  expect(words(wait(LATER))).toEqual([lost.id]);
});

test("[RJ15] a branch that let nobody in is told nothing", () => {
  const other = commit(ROOT, "olga/1", { kind: "update" });
  see(commit(ROOT, "bob/1", { kind: "update" }));
  see(other);
  sign(other);
  expect(words(wait(LATER))).toEqual([]);
});

test("[RJ15] who is removed on another branch takes leave of whom they had let in", () => {
  const lost = letIn();
  const decree = commit(ROOT, "olga/1", { kind: "removal", leaves: [SELF] });
  see(decree);
  const effects = sign(decree);
  expect(words(effects)).toEqual([lost.id]);
  expect(effects.at(-1)).toEqual({ kind: "removed", by: decree.id });
});

test("[RJ13] a decree is as sure as a certificate; a device that is out is sure of nothing", () => {
  expect(isSure(session)).toBe(true);
  see(commit(ROOT, "olga/1", { kind: "removal", leaves: ["bob/1"] }));
  expect(isSure(session)).toBe(false);
  wait(SETTLE_PATIENCE);
  expect(isSure(session)).toBe(true);
  session = { ...session, standing: "outside" };
  expect(isSure(session)).toBe(false);
});
