/**
 * One step of a conversation's forks (spec/fork-rule.md, section 6): the pure session between what came in and what the shell
 * must do. Nothing is sent here, and nothing is saved: the changes go into the transaction of the step, the actions are for
 * the shell once that is on the disk.
 *
 * FD1 The state in memory is that of the store: a step that is not saved is thrown away whole, with its group.
 * FD2 A commit that leaves the device, and a group that is gone on with, are among the changes of the step that says so.
 * FD3 Bytes of others never throw; what cannot be weighed is answered with a reason.
 */
import type { CryptoProvider } from "@xchat/crypto";
import {
  forkStep,
  type CommitFacts,
  type DecidedBy,
  type ForkEffect,
  type ForkEvidence,
  type ForkInput,
  type Group,
  type GroupCipher,
  type Hex,
} from "@xchat/protocol";
import type { StoreChange } from "../ports.ts";
import type { GroupCache } from "./groups.ts";
import { forgetParts, pruned, rooted } from "./keep.ts";
import { leftBehindOf } from "./left-behind.ts";
import { moveAlong, moveOut } from "./move.ts";
import { Parts, recordKind, SESSION_KINDS, type PartReader } from "./parts.ts";
import { keepProof } from "./proofs.ts";
import { saveFork } from "./saved.ts";
import { membersOf, type EpochPlace, type ForkState } from "./state.ts";
import { offerOf, publicationOf, welcomeOf } from "./own.ts";

export interface ForkDeps {
  readonly cipher: GroupCipher;
  readonly provider: CryptoProvider;
  readonly store: PartReader;
  /** Kept from step to step. */
  readonly cache: GroupCache;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A commit on the way that this device went. */
export interface AppliedCommit {
  readonly id: Hex;
  readonly parent: Hex;
  readonly isOwn: boolean;
  /** Of an own commit: what the shell gave with it. */
  readonly memo: Uint8Array | null;
  readonly facts: CommitFacts;
  /** The epoch that it ends, and the one that it leads to. */
  readonly before: Group;
  readonly after: Group;
}

export interface SlotTarget {
  readonly node: EpochPlace["nodes"][number];
  readonly epoch: Hex;
}

export type ForkAction =
  /** Read the slots of the epoch (`slotsToRead`), build it, and answer with `answerCommit`. */
  | { readonly kind: "make-commit"; readonly intent: string; readonly epoch: Hex }
  /** Into the slot at these nodes, and come back with `takeReceipt` or `takeSlot`. */
  | {
      readonly kind: "offer-slot";
      readonly candidate: Hex;
      readonly envelopes: readonly Uint8Array[];
      readonly targets: readonly SlotTarget[];
    }
  /** As ordinary envelopes, and directly: a commit in the epoch that it ends, a word to those left behind where they stand. */
  | {
      readonly kind: "publish";
      readonly candidate: Hex;
      readonly envelopes: readonly Uint8Array[];
      readonly place: EpochPlace;
    }
  | {
      readonly kind: "send-welcome";
      readonly candidate: Hex;
      readonly welcome: Uint8Array;
      readonly memo: Uint8Array;
    }
  /**
   * The group of the work has gone on. `left`: epochs of a branch that was given up; `undone`: what the shell gave with own
   * commits that led to them.
   */
  | {
      readonly kind: "moved";
      readonly left: readonly Hex[];
      readonly undone: readonly Uint8Array[];
      readonly commits: readonly AppliedCommit[];
    }
  | { readonly kind: "removed"; readonly commits: readonly AppliedCommit[] }
  /** Ask at the rejoin inbox (`judgeAnswer`, `answerToFollow`, `knock`). */
  | { readonly kind: "rejoin"; readonly reason: Extract<ForkEffect, { kind: "rejoin" }>["reason"] | "slots-taken" }
  | { readonly kind: "hold"; readonly leaves: readonly Hex[] }
  | { readonly kind: "release" }
  | { readonly kind: "evidence"; readonly evidence: ForkEvidence }
  | { readonly kind: "healed"; readonly epoch: Hex; readonly winner: Hex; readonly by: DecidedBy };

export class ForkWork {
  readonly deps: ForkDeps;
  readonly parts: Parts;
  readonly actions: ForkAction[] = [];
  state: ForkState;
  /** Where this device goes on. The shell saves it when it has changed, in the same transaction. */
  group: Group;
  /** When to come back with a tick, whatever happens. */
  wakeAt: number | null = null;
  readonly #before: ForkState | null;

  /** `before`: what lies in the store; `null` for a session that begins here. */
  constructor(deps: ForkDeps, state: ForkState, group: Group, before: ForkState | null) {
    this.deps = deps;
    this.parts = new Parts(state.conversation, deps.store, deps.now);
    this.state = state;
    this.group = group;
    this.#before = before;
  }

  async take(input: ForkInput): Promise<void> {
    const { session, effects, wakeAt } = forkStep(this.state.session, input, {
      now: this.deps.now(),
      random: this.deps.random(),
      members: (epoch) => membersOf(this.state, epoch),
    });
    const { head } = this.state.session;
    this.state = { ...this.state, session };
    this.wakeAt = wakeAt;
    for (const effect of effects) await this.#perform(effect, head);
    this.state = pruned(this.parts, rooted(this.state));
  }

  /** Everything that this step has changed. Called once, at its end. */
  changes(): readonly StoreChange[] {
    saveFork(this.parts, this.#before, this.state);
    const { conversation } = this.state;
    const begun: StoreChange[] =
      this.#before === null ? [{ forgetParts: conversation, kinds: SESSION_KINDS.map(recordKind) }] : [];
    return [...begun, ...this.parts.changes()];
  }

  async #perform(effect: ForkEffect, head: Hex): Promise<void> {
    switch (effect.kind) {
      case "offer-slot":
        return this.#act(await offerOf(this, effect));
      case "publish":
        return this.#act(await publicationOf(this, effect.candidate));
      case "send-welcome":
        return this.#act(await welcomeOf(this, effect.candidate));
      case "apply":
        return this.#act(await moveAlong(this, head, { path: effect.path, left: [] }));
      case "replay":
        return this.#act(await moveAlong(this, head, effect));
      case "tell-left-behind":
        return this.#act(await leftBehindOf(this, effect.epoch));
      case "removed":
        return this.#act(await moveOut(this, head, effect.by));
      case "evidence":
        await keepProof(this, effect.evidence);
        return this.#act(effect);
      case "forget":
        return forgetParts(this.parts, effect, this.state.session.facts.root.id);
      default:
        return this.#act(effect);
    }
  }

  #act(action: ForkAction | null): void {
    if (action !== null) this.actions.push(action);
  }
}
