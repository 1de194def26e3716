/**
 * One exchange's subscription: which mailboxes it reads, how far it is, and what comes next. It is asked for the next
 * envelope when there is room to send it, so a slow reader holds a few rows and no more.
 */
import type { MailboxAnswer } from "@xchat/protocol";
import type { NodeStore, StoredRow } from "@xchat/node-store";
import type { SubscriptionHub } from "./subscriptions.ts";

/** Rows read ahead at once. */
const READ_AHEAD = 4;

interface Followed {
  readonly mailbox: Uint8Array;
  readonly number: number;
  readonly index: number;
  cursor: number;
  /** There may be rows behind the cursor. */
  isDue: boolean;
  readonly stop: () => void;
}

interface Pending {
  readonly number: number;
  /** Mailboxes of this request that have not been read to their end yet. */
  readonly left: Set<Followed>;
}

export class Subscription {
  readonly #store: NodeStore;
  readonly #hub: SubscriptionHub;
  readonly #hourNow: () => number;
  readonly #wake: () => void;
  readonly #followed: Followed[] = [];
  readonly #pending: Pending[] = [];
  #rows: { readonly from: Followed; readonly rows: StoredRow[] } | null = null;
  #turn = 0;

  constructor(store: NodeStore, hub: SubscriptionHub, hourNow: () => number, wake: () => void) {
    this.#store = store;
    this.#hub = hub;
    this.#hourNow = hourNow;
    this.#wake = wake;
  }

  get size(): number {
    return this.#followed.length;
  }

  /** Whether `next` has something to look at. */
  get isDue(): boolean {
    return this.#followed.some(({ isDue }) => isDue);
  }

  add(number: number, mailboxes: readonly { readonly mailbox: Uint8Array; readonly after: number }[]): void {
    const added = mailboxes.map(({ mailbox, after }, index) => {
      const followed: Followed = {
        mailbox,
        number,
        index,
        cursor: after,
        isDue: true,
        stop: this.#hub.add(mailbox, () => {
          followed.isDue = true;
          this.#wake();
        }),
      };
      return followed;
    });
    this.#followed.push(...added);
    this.#pending.push({ number, left: new Set(added) });
    this.#wake();
  }

  /** `null` until `wake` is called. */
  async next(): Promise<{ readonly head: MailboxAnswer; readonly body?: Uint8Array } | null> {
    for (;;) {
      const row = this.#rows?.rows.shift();
      if (this.#rows !== null && row !== undefined) {
        const { from } = this.#rows;
        from.cursor = row.cursor;
        return {
          head: { kind: "envelope", number: from.number, index: from.index, cursor: row.cursor },
          body: row.envelope,
        };
      }
      const caughtUp = this.#takeCaughtUp();
      if (caughtUp !== null) return { head: { kind: "caughtUp", number: caughtUp } };
      const due = this.#nextDue();
      if (due === undefined) return null;
      // Before the read: what comes while it runs makes it due again.
      due.isDue = false;
      const rows = [...(await this.#store.read(due.mailbox, due.cursor, READ_AHEAD, this.#hourNow()))];
      if (rows.length === READ_AHEAD) due.isDue = true;
      else for (const pending of this.#pending) pending.left.delete(due);
      this.#rows = { from: due, rows };
    }
  }

  close(): void {
    for (const { stop } of this.#followed) stop();
    this.#followed.length = 0;
  }

  #takeCaughtUp(): number | null {
    const at = this.#pending.findIndex(({ left }) => left.size === 0);
    return at === -1 ? null : (this.#pending.splice(at, 1)[0] as Pending).number;
  }

  /** In turn, so that one busy mailbox does not starve the others. */
  #nextDue(): Followed | undefined {
    for (let step = 0; step < this.#followed.length; step++) {
      const candidate = this.#followed[(this.#turn + step) % this.#followed.length] as Followed;
      if (!candidate.isDue) continue;
      this.#turn = (this.#turn + step + 1) % this.#followed.length;
      return candidate;
    }
    return undefined;
  }
}
