/**
 * Where the material of a conversation's forks lies: small pieces by kind and name, each written once (spec/fork-rule.md,
 * section 7). One step reads and writes through an overlay, and hands the changes to the transaction of the step.
 */
import type { Hex } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

/**
 * In the store each has `fork-` in front.
 *
 * `session`   everything of the session that the others do not hold; small
 * `history`   names of final epochs, and removals in them
 * `root`      the oldest epoch that is kept: its policy, keys and members
 * `candidate` by id: what the rule knows of a commit, and the keys of the epoch that it leads to
 * `head`      by leaf: where a member was heard
 * `receipt`   by epoch, node and hash: with its signed bytes
 * `knock`     the external commit that nobody is known to have applied
 * `proof`     by name: the bytes behind what was proved against a node or an author
 * `sealed`    by id: the envelopes of a commit
 * `own`       by id: what an own commit leads to, and its Welcome
 * `epoch`     by epoch: the snapshot
 */
export type PartKind =
  | "session"
  | "history"
  | "root"
  | "candidate"
  | "head"
  | "receipt"
  | "knock"
  | "proof"
  | "sealed"
  | "own"
  | "epoch";

/** Read at the start; the others are read when they are needed. */
export const LIVE_KINDS: readonly PartKind[] = ["session", "history", "root", "candidate", "head", "receipt", "knock"];

/** Of a session that ends; proofs stay. */
export const SESSION_KINDS: readonly PartKind[] = [...LIVE_KINDS, "sealed", "own", "epoch"];

export interface PartReader {
  get(table: "part", id: string): Promise<PartRecord | null>;
}

export class Parts {
  readonly conversation: Hex;
  readonly #reader: PartReader;
  readonly #now: () => number;
  readonly #written = new Map<string, { readonly kind: PartKind; readonly value: Uint8Array | null }>();

  constructor(conversation: Hex, reader: PartReader, now: () => number) {
    this.conversation = conversation;
    this.#reader = reader;
    this.#now = now;
  }

  async read(kind: PartKind, name = ""): Promise<Uint8Array | null> {
    const id = partId(this.conversation, kind, name);
    const written = this.#written.get(id);
    if (written !== undefined) return written.value;
    return (await this.#reader.get("part", id))?.value ?? null;
  }

  /** `null` deletes. */
  write(kind: PartKind, name: string, value: Uint8Array | null): void {
    this.#written.set(partId(this.conversation, kind, name), { kind, value });
  }

  changes(): readonly StoreChange[] {
    const createdAt = this.#now();
    return [...this.#written].map(([id, { kind, value }]) =>
      value === null
        ? { delete: "part", key: id }
        : { put: "part", record: { id, conversationId: this.conversation, kind: recordKind(kind), value, createdAt } },
    );
  }
}

/** Other parts of a conversation lie in the same table. */
export const recordKind = (kind: PartKind): string => `fork-${kind}`;

export const partId = (conversation: Hex, kind: PartKind, name: string): string =>
  `${conversation}/${recordKind(kind)}/${name}`;
