/** What a device keeps of its conversation's forks, and what goes into and comes out of a step (spec/fork-rule.md, section 6). */
import type { DecidedBy } from "./decide.ts";
import type { Candidate, EpochPolicy, ForkEvidence, ForkFacts, Hex, SlotReceipt } from "./facts.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** FR14: how long a winner without a certificate waits while one can still be had. */
export const OUTAGE_PATIENCE = HOUR;
/** FR14: the same where none can be had any more, and for a decree. */
export const SETTLE_PATIENCE = MINUTE;
/** FR14: what has no certificate yet is looked for in its slots again after this, then after twice as long, and so on. */
export const FIRST_ASKING = SECOND / 2;
/** FR13: commits other than decrees wait a random part of this. */
export const COMMIT_SPREAD = 3 * SECOND;
/** FR13: an own commit that no node has taken is shown to the members after this. */
export const PUBLISH_AFTER = 30 * SECOND;
/** FR16: how often a free or silent slot is tried again for the winner. */
export const HELP_INTERVAL = 10 * MINUTE;
/** FR18: after this a winner with a certificate is final, whoever has not been heard of. */
export const FINALITY = 72 * HOUR;
/** FR18: the same without one; twice what mailboxes keep (MB16), so that what they can still bring can still be weighed. */
export const UNCERTIFIED_FINALITY = 672 * HOUR;
/** FR20: a device that is alone on its branch goes back in from outside after this, up to twice as long at random. */
export const ALONE_PATIENCE = 24 * HOUR;

// ---- limits, each with the attack that it stops

/** FR19: epochs that can be gone back to, each up to 1 MB: who commits without end only makes others rejoin instead. */
export const MAX_OPEN_EPOCHS = 128;
/** FR19: a flood of valid candidates: what goes first never changes who wins. */
export const MAX_CANDIDATES = 512;
/** FR19: of each candidate, and of what is none: two prove the guilt of a node. */
export const MAX_HASHES_OF_SLOT = 2;
export const MAX_INTENTS = 64;
/** Final epochs, by whose names who is merely behind is told from who is elsewhere; and removals in them. */
export const MAX_FINAL_NAMES = 1_024;

/** Something that the person (or the schedule) wants, named by the shell. */
export interface Intent {
  readonly id: string;
  readonly isDecree: boolean;
  readonly dueAt: number;
  /** How often a commit for it has lost. */
  readonly tries: number;
}

export interface OwnCommit {
  readonly id: Hex;
  /** `null` once it is wanted again. */
  readonly intent: Intent | null;
  readonly hasWelcome: boolean;
  readonly isWelcomeSent: boolean;
  readonly isPublished: boolean;
}

export interface UndoneRemoval {
  readonly leaf: Hex;
  readonly account: Hex;
  /** The account that had removed it. */
  readonly by: Hex;
}

export interface ForkSession {
  /** Own leaf key. */
  readonly self: Hex;
  readonly facts: ForkFacts;
  /** The epoch in which this device seals. */
  readonly head: Hex;
  /** By candidate: when this device first saw it. Decides when to move, never whereto. */
  readonly seenAt: ReadonlyMap<Hex, number>;
  /** By epoch and node: when the slot was last tried for the winner. */
  readonly triedAt: ReadonlyMap<string, number>;
  readonly own: ReadonlyMap<Hex, OwnCommit>;
  readonly intents: readonly Intent[];
  /** A commit was asked for and has not come back: the epoch it is for. */
  readonly makingIn: Hex | null;
  readonly making: Intent | null;
  /** By member: where they were last heard, known or not, and when. */
  readonly heads: ReadonlyMap<Hex, { readonly account: Hex; readonly epoch: Hex; readonly at: number }>;
  /** Epochs before the root, the newest last. */
  readonly final: readonly Hex[];
  /** When this device will have been alone for too long. */
  readonly aloneUntil: number | null;
  /** FR17: removals that were applied on a branch that this device has left, and not again since. */
  readonly undone: readonly UndoneRemoval[];
  /** Removals in final epochs, the newest last: they count should this device have to rejoin. */
  readonly removedBefore: readonly UndoneRemoval[];
  /** The undone ones for which nothing may be sealed now. */
  readonly held: readonly Hex[];
  readonly standing: "member" | "removed" | "outside";
  readonly reported: ReadonlySet<string>;
}

export type ForkInput =
  /** Opened, verified, judged by its parent, which is in the tree. */
  | { readonly kind: "candidate"; readonly candidate: Candidate }
  /** The answer to `make-commit`; the state that it leads to is saved. */
  | { readonly kind: "made"; readonly candidate: Candidate; readonly hasWelcome: boolean }
  /** A verified receipt: own, or what a slot was read with. */
  | { readonly kind: "receipt"; readonly receipt: SlotReceipt }
  | { readonly kind: "want"; readonly intent: string; readonly isDecree: boolean }
  /** The other answer to `make-commit`, or at any time: it is done already, or not allowed any more. */
  | { readonly kind: "give-up"; readonly intent: string }
  /**
   * Somebody with a certified leaf was heard in this epoch. By account: who rejoined elsewhere has another leaf there. Whose
   * account is not in the own head's epoch says nothing.
   */
  | { readonly kind: "head"; readonly member: Hex; readonly account: Hex; readonly epoch: Hex }
  /** The log holds two events of this author with one number. */
  | { readonly kind: "author-forked"; readonly author: Hex }
  /** A message of the own leaf, with its signature, that this device has not sealed (GE17). */
  | { readonly kind: "copied" }
  /** Somebody has told those who were left behind in this epoch (spec/rejoin.md, RJ15). */
  | { readonly kind: "told"; readonly epoch: Hex }
  | { readonly kind: "tick" };

export type ForkEffect =
  /** Make a commit in this epoch, save what it leads to, answer with `made`. */
  | { readonly kind: "make-commit"; readonly intent: string; readonly epoch: Hex }
  /** Put these very sealed bytes into the slot of the epoch at these nodes. */
  | { readonly kind: "offer-slot"; readonly epoch: Hex; readonly candidate: Hex; readonly nodes: readonly Hex[] }
  /** Send to every member: as an ordinary envelope of the epoch that it ends, and directly. */
  | { readonly kind: "publish"; readonly candidate: Hex }
  | { readonly kind: "send-welcome"; readonly candidate: Hex }
  /** Go on from the present epoch. */
  | { readonly kind: "apply"; readonly path: readonly Hex[] }
  /** Go back to the snapshot of `from` and on along `path`; what was read on `left` stays readable and shown. */
  | { readonly kind: "replay"; readonly from: Hex; readonly path: readonly Hex[]; readonly left: readonly Hex[] }
  /** Only a fresh leaf by an external commit leads to where the others are. */
  | { readonly kind: "rejoin"; readonly reason: "snapshot-gone" | "own-commit-unknown" | "copied" | "alone" }
  | { readonly kind: "removed"; readonly by: Hex }
  /** A word into the mailbox of an epoch beside the line, for those who came in there (spec/rejoin.md, RJ15). */
  | { readonly kind: "tell-left-behind"; readonly epoch: Hex }
  /** Seal nothing while these leaves are in the group. */
  | { readonly kind: "hold"; readonly leaves: readonly Hex[] }
  | { readonly kind: "release" }
  /** For the record of the group: what was proved, and which commit lost to which by what rule. */
  | { readonly kind: "evidence"; readonly evidence: ForkEvidence }
  | { readonly kind: "healed"; readonly epoch: Hex; readonly winner: Hex; readonly by: DecidedBy }
  /** Snapshots, candidate bytes and results of own commits that nothing needs any more. */
  | { readonly kind: "forget"; readonly epochs: readonly Hex[]; readonly candidates: readonly Hex[] };

export interface ForkEnvironment {
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
  /** Leaves of an epoch in which this device is or may go on. */
  readonly members: (epoch: Hex) => readonly { readonly leaf: Hex; readonly account: Hex }[];
}

export interface ForkStep {
  readonly session: ForkSession;
  readonly effects: readonly ForkEffect[];
  readonly wakeAt: number | null;
}

/**
 * At the epoch in which this device came in, by creating, by a Welcome, or by an external commit.
 *
 * @param carried from the session before, where this device was in the conversation already: `carryOver`.
 */
export const startFork = (
  self: Hex,
  root: EpochPolicy & { readonly id: Hex },
  carried: Pick<ForkSession, "undone" | "intents"> = { undone: [], intents: [] },
): ForkSession => ({
  self,
  facts: { root, candidates: [], receipts: [], forkedAuthors: [] },
  head: root.id,
  seenAt: new Map(),
  triedAt: new Map(),
  own: new Map(),
  intents: carried.intents,
  makingIn: null,
  making: null,
  heads: new Map(),
  final: [],
  aloneUntil: null,
  undone: carried.undone,
  removedBefore: [],
  held: [],
  standing: "member",
  reported: new Set(),
});
