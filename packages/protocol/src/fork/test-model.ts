/**
 * A conversation without cryptography, for attacks on the fork rule: who is in which epoch, what they may commit there,
 * and nothing that a real group would refuse. For tests only.
 */
import type { Role } from "../conversation/policy.ts";
import type { CommitKind } from "../group/port.ts";
import { levelOf, type Candidate, type EpochPolicy, type Hex, type SlotReceipt } from "./facts.ts";

export interface Random {
  next(): number;
  below(count: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  shuffle<T>(from: readonly T[]): T[];
}

/** mulberry32: small, seeded, the same everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  const shuffle = <T>(from: readonly T[]): T[] => {
    const shuffled = [...from];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  };
  return {
    next,
    below,
    shuffle,
    chance: (p) => next() < p,
    pick: (from) => from[below(from.length)] as (typeof from)[number],
  };
}

/** No cryptographic hash: well mixed is enough for a model. */
export function mixed(text: string): Hex {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) ?? 0;
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** A leaf is called `account/device`. */
export const accountOf = (leaf: Hex): Hex => leaf.split("/")[0] as Hex;

export interface ModelEpoch extends EpochPolicy {
  readonly id: Hex;
  readonly leaves: readonly Hex[];
}

export type Change =
  | { readonly kind: "update" }
  | { readonly kind: "addition"; readonly leaf: Hex }
  | { readonly kind: "removal"; readonly leaves: readonly Hex[] }
  | { readonly kind: "role"; readonly account: Hex; readonly role: Role }
  | { readonly kind: "transfer"; readonly to: Hex }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "nodes"; readonly homeNodes: readonly Hex[] }
  /** Replaces the leaf by a new one of the same account. */
  | { readonly kind: "external"; readonly replaced: Hex };

export interface ModelCommit extends Candidate {
  readonly after: ModelEpoch;
}

/** `null` for what every receiver would refuse. `salt` makes another wire of the same. */
export function modelCommit(input: {
  readonly parent: ModelEpoch;
  readonly author: Hex;
  /** Events of the author so far. */
  readonly events: number;
  /** Another history of the same author. */
  readonly isForked?: boolean;
  readonly change: Change;
  readonly salt?: number;
}): ModelCommit | null {
  const { parent, author, events, isForked = false, change, salt = 0 } = input;
  const isInside = change.kind === "external" ? change.replaced !== author : parent.leaves.includes(author);
  if (!isInside) return null;
  const id = mixed(JSON.stringify([parent.id, author, events, isForked, change, salt]));
  const after = changed(parent, author, change, id);
  if (after === null) return null;
  const gone = parent.leaves.filter((leaf) => !after.leaves.includes(leaf));
  const removes = gone.map((leaf) => ({ leaf, account: accountOf(leaf) }));
  return {
    id,
    parent: parent.id,
    author,
    account: accountOf(author),
    kind: kindOf(change),
    isDecree: isDecree(parent, after, accountOf(author)),
    previous: events === 0 ? null : { sequence: events - 1, id: mixed(`event ${author} ${events} ${isForked}`) },
    rank: mixed(`rank ${parent.id} ${author}`),
    removes,
    policy: { homeNodes: after.homeNodes, roles: after.roles },
    after,
  };
}

const kindOf = ({ kind }: Change): CommitKind =>
  kind === "role" || kind === "transfer" || kind === "name" || kind === "nodes" ? "policy" : kind;

/** FR2. */
function isDecree(before: EpochPolicy & { readonly leaves: readonly Hex[] }, after: ModelEpoch, author: Hex): boolean {
  const others = before.leaves.filter((leaf) => accountOf(leaf) !== author);
  return (
    others.some(
      (leaf) => !after.leaves.includes(leaf) || levelOf(after, accountOf(leaf)) < levelOf(before, accountOf(leaf)),
    ) || before.homeNodes.some((node) => !after.homeNodes.includes(node))
  );
}

function changed(parent: ModelEpoch, author: Hex, change: Change, id: Hex): ModelEpoch | null {
  const account = accountOf(author);
  const own = levelOf(parent, account);
  const outranks = (other: Hex): boolean => own > levelOf(parent, other);
  switch (change.kind) {
    case "update":
      return { ...parent, id };
    case "addition":
      return parent.leaves.includes(change.leaf) ? null : { ...parent, id, leaves: [...parent.leaves, change.leaf] };
    case "removal": {
      const mayRemove = (leaf: Hex): boolean =>
        parent.leaves.includes(leaf) && leaf !== author && (accountOf(leaf) === account || outranks(accountOf(leaf)));
      if (change.leaves.length === 0 || !change.leaves.every(mayRemove)) return null;
      const leaves = parent.leaves.filter((leaf) => !change.leaves.includes(leaf));
      const present = new Set(leaves.map(accountOf));
      return { ...parent, id, leaves, roles: new Map([...parent.roles].filter(([one]) => present.has(one))) };
    }
    case "role":
      // Admins make admins, and the owner alone unmakes them.
      if (change.role === "owner" || !parent.leaves.some((leaf) => accountOf(leaf) === change.account)) return null;
      if (own < 1 || change.account === account || !outranks(change.account)) return null;
      return { ...parent, id, roles: new Map(parent.roles).set(change.account, change.role) };
    case "transfer":
      if (own < 2 || change.to === account || !parent.leaves.some((leaf) => accountOf(leaf) === change.to)) return null;
      return { ...parent, id, roles: new Map(parent.roles).set(account, "admin").set(change.to, "owner") };
    case "name":
      return own < 1 ? null : { ...parent, id };
    case "nodes":
      return own < 1 ? null : { ...parent, id, homeNodes: change.homeNodes };
    case "external": {
      if (!parent.leaves.includes(change.replaced) || accountOf(change.replaced) !== account) return null;
      return { ...parent, id, leaves: parent.leaves.map((leaf) => (leaf === change.replaced ? author : leaf)) };
    }
  }
}

/** A node signs for the first sealed commit that comes to the slot of an epoch; one that colludes, for any. */
export class ModelNode {
  readonly name: Hex;
  isColluding = false;
  readonly slots = new Map<Hex, { readonly hash: Hex; readonly candidate: Hex | null }>();

  constructor(name: Hex) {
    this.name = name;
  }

  private readonly receipts: SlotReceipt[] = [];

  sign(epoch: Hex, candidate: Hex | null, hash: Hex = `sealed ${candidate ?? "garbage"}`): SlotReceipt | null {
    const taken = this.slots.get(epoch);
    if (taken === undefined) this.slots.set(epoch, { hash, candidate });
    else if (taken.hash !== hash && !this.isColluding) return null;
    const receipt = { node: this.name, epoch, hash, candidate };
    if (!this.given(epoch).some((one) => one.hash === hash)) this.receipts.push(receipt);
    return receipt;
  }

  given(epoch: Hex): readonly SlotReceipt[] {
    return this.receipts.filter((receipt) => receipt.epoch === epoch);
  }
}
