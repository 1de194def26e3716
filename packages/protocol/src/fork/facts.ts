/**
 * What the fork rule knows: commits of a conversation as a tree of epochs, receipts of home nodes, and proofs against
 * authors (spec/fork-rule.md, sections 1 to 3). Facts only: who verified them, and when they came, is not among them.
 *
 * An epoch is named by the commit that led to it; the one in which the retained tree begins (the root) likewise, or by
 * the group id where nothing was committed yet. Ids, keys and accounts are lower-case hex, so text order is byte order.
 */
import type { Role } from "../conversation/policy.ts";
import type { CommitKind } from "../group/port.ts";

export type Hex = string;

/** The policy of an epoch, as far as the rule needs it. */
export interface EpochPolicy {
  /** Key hashes of the home nodes that keep the mailbox, and so the commit slot, of this epoch. */
  readonly homeNodes: readonly Hex[];
  /** By account; who is not listed has the rank of a member. */
  readonly roles: ReadonlyMap<Hex, Role>;
}

/** FR1: a commit that has been opened, verified and judged against its parent epoch. */
export interface Candidate {
  /** SHA-256 of the MLSMessage. Also the name of the epoch that it leads to. */
  readonly id: Hex;
  /** The epoch that it ends. */
  readonly parent: Hex;
  /** Leaf key; of an external commit: the key of the new leaf. */
  readonly author: Hex;
  readonly account: Hex;
  readonly kind: CommitKind;
  /** FR2: it takes something from somebody else: removes a leaf of another account, lowers the role of one, or replaces a home node. */
  readonly isDecree: boolean;
  /** The author's newest event when the commit was made, as the commit itself says. */
  readonly previous: { readonly sequence: number; readonly id: Hex } | null;
  /** HMAC-SHA-256(exporter of the parent epoch, author): who may go first where nothing else decides. */
  readonly rank: Hex;
  /** What it removes; of an external commit: the leaf that the newcomer replaces. */
  readonly removes: readonly { readonly leaf: Hex; readonly account: Hex }[];
  /** The policy of the epoch that it leads to. */
  readonly policy: EpochPolicy;
}

/** FR3: a verified receipt of a home node for the commit slot of an epoch. */
export interface SlotReceipt {
  readonly node: Hex;
  readonly epoch: Hex;
  /** Of the sealed commit, as the node has signed it. */
  readonly hash: Hex;
  /** The candidate that these bytes hold; `null` where they hold none, or are not known. */
  readonly candidate: Hex | null;
}

/** Everything that a decision depends on. The order of the lists says nothing. */
export interface ForkFacts {
  readonly root: EpochPolicy & { readonly id: Hex };
  readonly candidates: readonly Candidate[];
  readonly receipts: readonly SlotReceipt[];
  /** Authors (leaf keys) of whom two events with one number are known, from the log (LG6). */
  readonly forkedAuthors: readonly Hex[];
}

/** Each can be shown to a third party: the signed bytes behind these names are kept with it. */
export type ForkEvidence =
  | {
      readonly kind: "node-signed-twice";
      readonly node: Hex;
      readonly epoch: Hex;
      readonly hashes: readonly [Hex, Hex];
    }
  /** Two commits name two events with one number. */
  | { readonly kind: "author-forked"; readonly author: Hex; readonly candidates: readonly [Hex, Hex] }
  /** Two commits of one epoch, made after the same event. */
  | { readonly kind: "author-committed-twice"; readonly author: Hex; readonly candidates: readonly [Hex, Hex] }
  /** `later` ends an epoch that its author had already left when making `earlier`, or had ended by it. */
  | { readonly kind: "author-went-back"; readonly author: Hex; readonly earlier: Hex; readonly later: Hex };

const LEVELS: Readonly<Record<Role, number>> = { member: 0, admin: 1, owner: 2 };

/** 0 member, 1 admin, 2 owner. */
export const levelOf = (policy: EpochPolicy, account: Hex): number => LEVELS[policy.roles.get(account) ?? "member"];

export const compareHex = (a: Hex, b: Hex): number => (a < b ? -1 : a > b ? 1 : 0);
