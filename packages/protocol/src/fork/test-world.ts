/**
 * People, home nodes and attackers around real fork sessions, on a virtual clock: nodes that go down, collude, withhold;
 * devices that are away for hours or days. For tests only.
 */
import type { SlotReceipt, Hex } from "./facts.ts";
import { levelOf } from "./facts.ts";
import { startFork, type ForkEffect, type ForkInput, type ForkSession } from "./session-state.ts";
import { ancestry } from "./tree.ts";
import { forkStep } from "./session.ts";
import { carryOver } from "./undone.ts";
import {
  accountOf,
  mixed,
  ModelNode,
  modelCommit,
  seededRandom,
  type Change,
  type ModelCommit,
  type ModelEpoch,
  type Random,
} from "./test-model.ts";

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface Person {
  /** Changes when they rejoin. */
  leaf: Hex;
  session: ForkSession;
  isOnline: boolean;
  events: number;
  /** Their external commit, as long as it is not certified. */
  knocking: ModelCommit | null;
  /** Leaves whose removal this person has applied, on any branch, and the account that did it. */
  readonly removed: Map<Hex, Hex>;
  readonly told: ForkEffect[];
}

export class HomeNode extends ModelNode {
  isUp = true;
  /** Answers nobody but its friends. */
  isWithholding = false;
  /** Ordinary envelopes by epoch. */
  readonly copies = new Map<Hex, Set<Hex>>();
}

export class ForkWorld {
  readonly random: Random;
  readonly nodes: readonly HomeNode[];
  readonly commits = new Map<Hex, ModelCommit>();
  readonly epochs = new Map<Hex, ModelEpoch>();
  readonly people: Person[] = [];
  now = 1_700_000_000_000;
  /** Directly sent commits, with the time of their arrival. */
  flights: { readonly at: number; readonly to: Person; readonly id: Hex }[] = [];
  private wants = 0;
  private doors = 0;

  constructor(seed: number, root: ModelEpoch, honest: readonly Hex[]) {
    this.random = seededRandom(seed);
    this.nodes = root.homeNodes.map((name) => new HomeNode(name));
    this.epochs.set(root.id, root);
    for (const leaf of honest) this.enter(leaf, root);
  }

  enter(leaf: Hex, epoch: ModelEpoch): Person {
    const known = this.people.find((person) => person.leaf === leaf);
    const session = startFork(leaf, epoch, known === undefined ? undefined : carryOver(known.session));
    if (known !== undefined) {
      known.session = session;
      // As with every session: nothing is sealed before its first step.
      this.tell(known, { kind: "tick" });
      return known;
    }
    const person = { leaf, session, isOnline: true, events: 0, knocking: null, removed: new Map<Hex, Hex>(), told: [] };
    this.people.push(person);
    return person;
  }

  headOf(person: Person): ModelEpoch {
    return this.epochs.get(person.session.head) as ModelEpoch;
  }

  // ---- what a person does

  want(person: Person, change: Change): void {
    const isDecree = change.kind === "removal" || change.kind === "role" || change.kind === "nodes";
    this.tell(person, { kind: "want", intent: JSON.stringify([this.wants++, change]), isDecree });
  }

  tell(person: Person, input: ForkInput): void {
    const environment = {
      now: this.now,
      random: this.random.next(),
      members: (epoch: Hex) => membersOf(this.epochs.get(epoch)),
    };
    const { session, effects } = forkStep(person.session, input, environment);
    person.session = session;
    for (const effect of effects) this.perform(person, effect);
  }

  private perform(person: Person, effect: ForkEffect): void {
    switch (effect.kind) {
      case "make-commit":
        return this.make(person, effect.intent, effect.epoch);
      case "offer-slot":
        for (const node of this.reachable(effect.nodes)) this.offer(node, effect.epoch, effect.candidate);
        return;
      case "publish":
        return this.publish(effect.candidate);
      case "send-welcome":
        return this.welcome(effect.candidate);
      case "apply":
      case "replay":
        for (const id of effect.path) this.noteRemovals(person, this.commits.get(id) as ModelCommit);
        person.told.push(effect);
        return;
      default:
        person.told.push(effect);
    }
  }

  private noteRemovals(person: Person, { kind, removes, account, parent, after }: ModelCommit): void {
    const isNew = (leaf: Hex): boolean => this.epochs.get(parent)?.leaves.includes(leaf) === false;
    if (kind === "removal") for (const { leaf } of removes) person.removed.set(leaf, account);
    // A real leaf key is fresh each time; here somebody who is invited again has the old name.
    if (kind === "addition") for (const leaf of after.leaves) if (isNew(leaf)) person.removed.delete(leaf);
  }

  private make(person: Person, intent: string, epoch: Hex): void {
    const parent = this.epochs.get(epoch) as ModelEpoch;
    const change = changeOf(intent, parent);
    const made = modelCommit({ parent, author: person.leaf, events: (person.events += this.random.below(2)), change });
    if (made === null) return this.tell(person, { kind: "give-up", intent });
    this.keep(made);
    this.tell(person, { kind: "made", candidate: made, hasWelcome: change.kind === "addition" });
  }

  private welcome(candidate: Hex): void {
    const { after, parent } = this.commits.get(candidate) as ModelCommit;
    const before = this.epochs.get(parent) as ModelEpoch;
    for (const leaf of after.leaves) if (!before.leaves.includes(leaf)) this.enter(leaf, after);
  }

  keep(made: ModelCommit): void {
    this.commits.set(made.id, made);
    this.epochs.set(made.id, made.after);
  }

  // ---- nodes and network

  reachable(names: readonly Hex[]): readonly HomeNode[] {
    return this.nodes.filter(({ name, isUp, isWithholding }) => names.includes(name) && isUp && !isWithholding);
  }

  offer(node: HomeNode, epoch: Hex, candidate: Hex | null): SlotReceipt | null {
    return node.sign(epoch, candidate);
  }

  publish(id: Hex): void {
    const { parent } = this.commits.get(id) as ModelCommit;
    for (const node of this.nodes.filter(({ isUp }) => isUp)) {
      node.copies.set(parent, (node.copies.get(parent) ?? new Set()).add(id));
    }
    for (const to of this.people) {
      if (to.isOnline && this.random.chance(0.8))
        this.flights.push({ at: this.now + this.random.next() * 5 * MINUTE, to, id });
    }
  }

  /** Everything that the nodes have for the epochs that this person knows and was in. */
  private poll(person: Person): void {
    const { facts } = person.session;
    for (const epoch of [facts.root.id, ...facts.candidates.map(({ id }) => id)]) {
      const { leaves, homeNodes } = this.epochs.get(epoch) as ModelEpoch;
      if (!leaves.includes(person.leaf)) continue;
      for (const node of this.random.shuffle(this.reachable(homeNodes))) {
        const slot = node.slots.get(epoch);
        const ids = [...(node.copies.get(epoch) ?? []), ...(slot?.candidate ? [slot.candidate] : [])];
        for (const id of this.random.shuffle(ids)) this.show(person, id);
        // A colluding node says what it likes, to whoever it likes: all of it comes out in the end.
        for (const receipt of node.given(epoch)) this.showReceipt(person, receipt);
      }
    }
  }

  private show(person: Person, id: Hex): void {
    const commit = this.commits.get(id) as ModelCommit;
    const { facts } = person.session;
    if (facts.candidates.some((one) => one.id === id) || person.session.standing !== "member") return;
    // Only who was in an epoch can open and judge a commit that ends it.
    if (this.epochs.get(commit.parent)?.leaves.includes(person.leaf) !== true) return;
    this.tell(person, { kind: "candidate", candidate: commit });
  }

  private showReceipt(person: Person, receipt: SlotReceipt): void {
    const { receipts } = person.session.facts;
    if (receipts.some((one) => one.node === receipt.node && one.epoch === receipt.epoch && one.hash === receipt.hash))
      return;
    if (receipt.candidate !== null) this.show(person, receipt.candidate);
    this.tell(person, { kind: "receipt", receipt });
  }

  // ---- time

  pass(milliseconds: number): void {
    this.now += milliseconds;
    const landed = this.flights.filter(({ at }) => at <= this.now);
    this.flights = this.flights.filter(({ at }) => at > this.now);
    for (const { to, id } of this.random.shuffle(landed)) if (to.isOnline) this.show(to, id);
    for (const person of this.random.shuffle(this.people.filter(({ isOnline }) => isOnline))) this.wake(person);
  }

  private wake(person: Person): void {
    if (person.session.standing === "outside") this.knock(person);
    if (person.knocking !== null) this.repeatKnock(person);
    if (person.session.standing !== "member") return;
    this.poll(person);
    for (const other of this.people) {
      const isHeard =
        other !== person && other.isOnline && other.session.standing === "member" && other.knocking === null;
      if (isHeard)
        this.tell(person, {
          kind: "head",
          member: other.leaf,
          account: accountOf(other.leaf),
          epoch: other.session.head,
        });
    }
    this.tell(person, { kind: "tick" });
  }

  /** Asks at the rejoin inbox; whoever ranks highest of those who answer says where the group is. */
  private knock(person: Person): void {
    const account = accountOf(person.leaf);
    const answers = this.people.filter((other) => {
      const isThere =
        other !== person && other.isOnline && other.session.standing === "member" && other.knocking === null;
      return isThere && this.headOf(other).leaves.some((leaf) => accountOf(leaf) === account);
    });
    const [best] = this.random
      .shuffle(answers)
      .toSorted((a, b) => levelOf(this.headOf(b), accountOf(b.leaf)) - levelOf(this.headOf(a), accountOf(a.leaf)));
    if (best === undefined) return;
    const author = `${account}/r${this.doors++}`;
    const parent = this.headOf(best);
    // An earlier attempt may have left another leaf there than the one before it.
    const replaced = parent.leaves.find((leaf) => accountOf(leaf) === account);
    if (replaced === undefined) {
      person.session = { ...person.session, standing: "removed" };
      return;
    }
    const made = modelCommit({ parent, author, events: 0, change: { kind: "external", replaced } });
    if (made === null) return;
    this.keep(made);
    person.leaf = author;
    person.knocking = made;
    person.session = startFork(author, { id: made.id, ...made.policy }, carryOver(person.session));
  }

  private repeatKnock(person: Person): void {
    const made = person.knocking as ModelCommit;
    const receipts = this.reachable((this.epochs.get(made.parent) as ModelEpoch).homeNodes).map((node) =>
      this.offer(node, made.parent, made.id),
    );
    this.publish(made.id);
    const isIn = this.people.some((other) => other !== person && isPast(other.session, made.id));
    if (isIn) person.knocking = null;
    // Somebody else was first: the next attempt starts from where they are.
    else if (receipts.filter((receipt) => receipt === null).length > 1) {
      const back = this.epochs.get(made.parent) as ModelEpoch;
      person.leaf = back.leaves.find((leaf) => made.removes.some((gone) => gone.leaf === leaf)) as Hex;
      person.knocking = null;
      person.session = { ...startFork(person.leaf, back, carryOver(person.session)), standing: "outside" };
    }
  }
}

/** A wish to remove names accounts: who rejoined meanwhile has another leaf. */
function changeOf(intent: string, parent: ModelEpoch): Change {
  const [, change] = JSON.parse(intent) as [number, Change];
  if (change.kind !== "removal") return change;
  const accounts = new Set(change.leaves.map(accountOf));
  return { kind: "removal", leaves: parent.leaves.filter((leaf) => accounts.has(accountOf(leaf))) };
}

const membersOf = (epoch: ModelEpoch | undefined): readonly { readonly leaf: Hex; readonly account: Hex }[] =>
  (epoch?.leaves ?? []).map((leaf) => ({ leaf, account: accountOf(leaf) }));

const isPast = ({ facts, head }: ForkSession, id: Hex): boolean =>
  ancestry({ candidates: new Map(facts.candidates.map((one) => [one.id, one])) }, head).includes(id);

export const rootEpoch = (leaves: readonly Hex[], roles: ModelEpoch["roles"]): ModelEpoch => ({
  id: mixed("root"),
  homeNodes: ["n1", "n2", "n3"],
  leaves,
  roles,
});
