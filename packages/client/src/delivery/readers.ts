/**
 * Keeps one subscription open for each conversation (or inbox) and node, from the cursors that are saved on.
 *
 * R1 A cursor moves only after what came before it is saved; a subscription that breaks starts again from there.
 * R2 Mailboxes of two conversations never share a subscription.
 * R3 What is read `apart` (contact inboxes) is subscribed to at a random moment after all else, at the start and after
 *    each break, so that it is not seen to belong to what was asked for in the same breath (first-contact, FC21).
 */
import { bytesToHex } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { NodeHint } from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import type { Clock, MailboxKey, StoredEnvelope } from "../ports.ts";
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

/** Milliseconds. A person in front of the app sees a request within seconds. */
const APART = { least: 500, most: 4_000 };

export interface ReadOptions {
  /** R3. `not-at-first`: it has just been made, in the same breath. */
  readonly apart?: "always" | "not-at-first";
  /** A node has given all that it has. */
  readonly onCaughtUp?: () => void;
}

export interface ReadersDeps {
  readonly pool: NodePool;
  /** Shared: whoever saves a cursor writes it there. */
  readonly cursors: Map<string, number>;
  readonly clock: Clock;
  readonly provider: CryptoProvider;
}

export const cursorId = (mailbox: Uint8Array, hint: NodeHint): string => `${bytesToHex(mailbox)}/${nodeId(hint)}`;

interface Running {
  readonly abort: AbortController;
  readonly fingerprint: string;
}

export class Readers {
  readonly #deps: ReadersDeps;
  readonly #running = new Map<string, Map<string, Running>>();

  constructor(deps: ReadersDeps) {
    this.#deps = deps;
  }

  /** Reads exactly these mailboxes for this owner from now on. */
  set(
    owner: string,
    targets: readonly ReaderTarget[],
    onDelivered: (delivered: Delivered) => void,
    options: ReadOptions = {},
  ): void {
    const wanted = new Map(targets.map((target) => [nodeId(target.hint), target]));
    const running = this.#running.get(owner) ?? new Map<string, Running>();
    this.#running.set(owner, running);
    for (const [id, { abort }] of running) {
      if (wanted.has(id)) continue;
      abort.abort();
      running.delete(id);
    }
    for (const [id, target] of wanted) {
      const fingerprint = target.mailboxes
        .map(({ publicKey }) => bytesToHex(publicKey))
        .toSorted()
        .join();
      const before = running.get(id);
      if (before?.fingerprint === fingerprint) continue;
      const abort = new AbortController();
      running.set(id, { abort, fingerprint });
      void this.#follow(owner, target, onDelivered, abort.signal, options);
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
    { apart, onCaughtUp }: ReadOptions,
  ): Promise<void> {
    const { hint } = target;
    const { pool, cursors } = this.#deps;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      if (apart === "always" || (apart === "not-at-first" && !isFirst)) await this.#aWhile(signal);
      if (signal.aborted) return;
      let isLive = false;
      const outcome = await pool.access(hint).subscribe({
        context: owner,
        mailboxes: target.mailboxes.map((key) => ({
          key,
          after: cursors.get(cursorId(key.publicKey, hint)) ?? 0,
        })),
        onEnvelopes: (envelopes) => {
          if (!signal.aborted) onDelivered({ hint, envelopes, isLive });
        },
        onCaughtUp: () => {
          isLive = true;
          if (!signal.aborted) onCaughtUp?.();
          pool.report(hint, { ok: true, value: undefined });
        },
        signal,
      });
      if (signal.aborted) return;
      // A refusal of a subscription is a trouble of the node too: asking again at once would not help.
      pool.report(
        hint,
        outcome.ok || outcome.error.kind !== "refused" ? outcome : { ok: false, error: { kind: "unreachable" } },
      );
      await this.#mayTry(hint, signal);
    }
  }

  async #mayTry(hint: NodeHint, signal: AbortSignal): Promise<void> {
    await unlessAborted(signal, (resolve) => {
      const again = (): void => {
        if (this.#deps.pool.mayTry(hint, again)) resolve();
      };
      again();
      return () => {};
    });
  }

  async #aWhile(signal: AbortSignal): Promise<void> {
    const { clock, provider } = this.#deps;
    const wait = Math.round(APART.least + (APART.most - APART.least) * randomFraction(provider));
    await unlessAborted(signal, (resolve) => {
      const timer = clock.after(wait, resolve);
      return () => timer.cancel();
    });
  }
}

/**
 * Resolves when what `start` begins does, or is stopped by the signal. A subscription that breaks for weeks comes here
 * thousands of times with one signal: nothing of a time before is left there.
 */
function unlessAborted(signal: AbortSignal, start: (resolve: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    let stop: (() => void) | null = null;
    const end = (): void => {
      signal.removeEventListener("abort", end);
      stop?.();
      resolve();
    };
    signal.addEventListener("abort", end);
    stop = start(end);
  });
}
