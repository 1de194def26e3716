/** What a device holds in memory of a conversation's forks: the session, and of each epoch in the tree what is small. */
import { ancestry, type Candidate, type EpochPolicy, type ForkSession, type Hex } from "@xchat/protocol";
import type { MailboxKey, NodeHint } from "../ports.ts";

export interface ForkMember {
  readonly leaf: Hex;
  readonly account: Hex;
}

/** Keys of an epoch for delivery, and by which number and name it goes. */
export interface EpochPlace {
  /** MLS counts epochs; two branches have the same numbers. */
  readonly number: number;
  /** What its members call it among each other; the commit that led to it is not known to all of them. */
  readonly name: Hex;
  readonly wrapKey: Uint8Array;
  readonly nodes: readonly { readonly hint: NodeHint; readonly mailbox: MailboxKey }[];
}

/** The oldest epoch that is kept. */
export interface ForkRoot extends EpochPolicy {
  readonly id: Hex;
  readonly place: EpochPlace;
  readonly members: readonly ForkMember[];
}

export interface TreeCommit {
  readonly candidate: Candidate;
  /** `null` where it removes this device, and for an own commit that this device does not know. */
  readonly place: EpochPlace | null;
  readonly adds: readonly ForkMember[];
  /** What nodes sign for its envelopes. */
  readonly hash: Hex;
}

/** An external commit of this device that nobody is known to have applied yet. */
export interface Knock {
  /** Offered to these slots, which are those of the epoch that it ends. */
  readonly envelopes: readonly Uint8Array[];
  readonly nodes: EpochPlace["nodes"];
  readonly hash: Hex;
  /** Nodes at which another commit has the slot. */
  readonly taken: readonly Hex[];
  /** Of the last epoch that this device knew before it fell out: by it answers are judged, should this one fail. */
  readonly known: EpochPolicy;
}

export interface ForkState {
  readonly conversation: Hex;
  readonly ownAccount: Hex;
  readonly session: ForkSession;
  readonly root: ForkRoot;
  /** By id. Those that were taken back stay until the epoch that they end has gone: somebody may have seen them. */
  readonly commits: ReadonlyMap<Hex, TreeCommit>;
  /** Of `session.facts.receipts`: the signed bytes. By `receiptName`. */
  readonly receipts: ReadonlyMap<string, Uint8Array>;
  /** Leaves that the person has decided to write to all the same (FR17). */
  readonly allowed: readonly Hex[];
  readonly knock: Knock | null;
}

export const receiptName = (receipt: { readonly epoch: Hex; readonly node: Hex; readonly hash: Hex }): string =>
  `${receipt.epoch}/${receipt.node}/${receipt.hash}`;

/** `null` for an epoch that is not in the tree, or whose secrets this device does not have. */
export function placeOf({ root, commits }: ForkState, epoch: Hex): EpochPlace | null {
  return epoch === root.id ? root.place : (commits.get(epoch)?.place ?? null);
}

/** Who has a leaf in an epoch of the tree. */
export function membersOf({ root, commits }: ForkState, epoch: Hex): readonly ForkMember[] {
  const line: TreeCommit[] = [];
  for (let at = commits.get(epoch); at !== undefined && at.candidate.id !== root.id;) {
    line.push(at);
    at = commits.get(at.candidate.parent);
  }
  let members = root.members;
  for (const { candidate, adds } of line.toReversed()) {
    const gone = new Set(candidate.removes.map(({ leaf }) => leaf));
    members = [...members.filter(({ leaf }) => !gone.has(leaf)), ...adds];
  }
  return members;
}

export interface EpochMailboxes {
  readonly epoch: Hex;
  readonly place: EpochPlace;
  /** Messages of it can be opened: this device stands there or has been there. */
  readonly isEntered: boolean;
}

/** A state is asked for them with each message. */
const mailboxesOf = new WeakMap<ForkState, readonly EpochMailboxes[]>();

/** FR18: the mailboxes of every epoch in the tree that this device is a member of. */
export function mailboxes(state: ForkState): readonly EpochMailboxes[] {
  const known = mailboxesOf.get(state) ?? findMailboxes(state);
  mailboxesOf.set(state, known);
  return known;
}

function findMailboxes(state: ForkState): readonly EpochMailboxes[] {
  const { facts, head } = state.session;
  const candidates = new Map(facts.candidates.map((one) => [one.id, one]));
  const line = new Set(ancestry({ candidates }, head));
  return [facts.root.id, ...candidates.keys()].flatMap((epoch) => {
    const place = placeOf(state, epoch);
    return place === null ? [] : [{ epoch, place, isEntered: line.has(epoch) }];
  });
}
