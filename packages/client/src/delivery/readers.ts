/**
 * Keeps one subscription open for each conversation (or inbox) and node, from the cursors that are saved on.
 *
 * R1 A cursor moves only after what came before it is saved; a subscription that breaks starts again from there.
 * R2 Mailboxes of two conversations never share a subscription.
 */
import { bytesToHex } from "@xchat/codec";
import type { NodeHint } from "@xchat/protocol";
import type { MailboxKey, StoredEnvelope } from "../ports.ts";
import { nodeId, type NodePool } from "./nodes.ts";

export interface ReaderTarget {
  readonly hint: NodeHint;
  readonly mailboxes: readonly MailboxKey[];
}

export interface Delivered {
  readonly hint: NodeHint;
  readonly envelopes: readonly StoredEnvelope[];
  /** False for what was stored before this device came to read. */
  readonly isLive: boolean;
}

export const cursorId = (mailbox: Uint8Array, hint: NodeHint): string => `${bytesToHex(mailbox)}/${nodeId(hint)}`;

interface Running {
  readonly abort: AbortController;
  readonly fingerprint: string;
}

export class Readers {
  readonly #pool: NodePool;
  readonly #cursors: Map<string, number>;
  readonly #running = new Map<string, Map<string, Running>>();

  /** `cursors` is shared: whoever saves a cursor writes it there. */
  constructor(pool: NodePool, cursors: Map<string, number>) {
    this.#pool = pool;
    this.#cursors = cursors;
  }

  /** Reads exactly these mailboxes for this owner from now on. */
  set(owner: string, targets: readonly ReaderTarget[], onDelivered: (delivered: Delivered) => void): void {
    const wanted = new Map(targets.map((target) => [nodeId(target.hint), target]));
    const running = this.#running.get(owner) ?? new Map<string, Running>();
    this.#running.set(owner, running);
    for (const [id, { abort }] of running) {
      if (wanted.has(id)) continue;
      abort.abort();
      running.delete(id);
    }
    for (const [id, target] of wanted) {
      const fingerprint = target.mailboxes.map(({ publicKey }) => bytesToHex(publicKey)).join();
      const before = running.get(id);
      if (before?.fingerprint === fingerprint) continue;
      const abort = new AbortController();
      running.set(id, { abort, fingerprint });
      void this.#follow(owner, target, onDelivered, abort.signal);
      // The new one overlaps the old one: what comes twice is told apart by its hash.
      before?.abort.abort();
    }
  }

  remove(owner: string): void {
    for (const { abort } of this.#running.get(owner)?.values() ?? []) abort.abort();
    this.#running.delete(owner);
  }

  close(): void {
    for (const owner of this.#running.keys()) this.remove(owner);
  }

  async #follow(
    owner: string,
    target: ReaderTarget,
    onDelivered: (delivered: Delivered) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { hint } = target;
    while (!signal.aborted) {
      let isLive = false;
      const outcome = await this.#pool.access(hint).subscribe({
        context: owner,
        mailboxes: target.mailboxes.map((key) => ({
          key,
          after: this.#cursors.get(cursorId(key.publicKey, hint)) ?? 0,
        })),
        onEnvelopes: (envelopes) => {
          if (!signal.aborted) onDelivered({ hint, envelopes, isLive });
        },
        onCaughtUp: () => {
          isLive = true;
          this.#pool.report(hint, { ok: true, value: undefined });
        },
        signal,
      });
      if (signal.aborted) return;
      // A refusal of a subscription is a trouble of the node too: asking again at once would not help.
      this.#pool.report(
        hint,
        outcome.ok || outcome.error.kind !== "refused" ? outcome : { ok: false, error: { kind: "unreachable" } },
      );
      await this.#mayTry(hint, signal);
    }
  }

  async #mayTry(hint: NodeHint, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      const again = (): void => {
        if (this.#pool.mayTry(hint, again)) resolve();
      };
      again();
    });
  }
}
