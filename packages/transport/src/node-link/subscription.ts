/**
 * A subscription as the client sees it: one, however many exchanges carry it one after the other.
 *
 * LU1 An exchange lives 10 to 60 minutes at random; the next one is caught up before the last one is let go, and what both
 *     bring is handed out once.
 * LU2 It ends by a failure or by its signal, never by age, nor by what only the link was behind with, once (X12).
 */
import type { CryptoProvider } from "@xchat/crypto";
import type {
  Clock,
  ExchangeContext,
  MailboxKey,
  NodeFailure,
  NodeOutcome,
  StoredEnvelope,
  Timer,
} from "@xchat/client/ports";
import {
  contentHash,
  isEnvelopeSize,
  MAX_SUBSCRIBED,
  MAX_SUBSCRIBED_AT_ONCE,
  type RequestPlace,
} from "@xchat/protocol";
import type { ExchangeEnd, LinkExchange } from "./exchange.ts";
import { randomLife } from "./life.ts";

export interface SubscribeInput {
  readonly context: ExchangeContext;
  readonly mailboxes: readonly { readonly key: MailboxKey; readonly after: number }[];
  readonly onEnvelopes: (envelopes: readonly StoredEnvelope[]) => void;
  readonly onCaughtUp: () => void;
  readonly signal: AbortSignal;
}

export interface FollowDeps {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly open: () => Promise<NodeOutcome<{ readonly exchange: LinkExchange }>>;
  readonly failureOf: (end: ExchangeEnd) => NodeFailure;
  /** Whether the link itself was behind; then it learns the descriptor anew with the next `open`. */
  readonly isStale: (end: ExchangeEnd) => boolean;
  readonly sign: (key: MailboxKey, place: RequestPlace, content: Uint8Array) => Promise<Uint8Array>;
}

interface Followed {
  readonly key: MailboxKey;
  /** Handed out up to here. */
  cursor: number;
}

/** Handed out together at most. */
const MAX_BATCH = 256;
/** Milliseconds. What a node has kept is handed out together: whoever takes it saves once for all of it. */
const GATHERING = 200;

export async function follow(deps: FollowDeps, input: SubscribeInput): Promise<NodeOutcome<void>> {
  if (input.mailboxes.length > MAX_SUBSCRIBED) {
    return { ok: false, error: { kind: "refused", reason: "too-many-mailboxes" } };
  }
  const followed = input.mailboxes.map(({ key, after }): Followed => ({ key, cursor: after }));
  const gathered = new Gathered(deps.clock, input);
  let previous: Carrier | null = null;
  let isFirst = true;
  let mayTryAgain = true;
  for (;;) {
    if (input.signal.aborted) {
      previous?.stop();
      return { ok: true, value: undefined };
    }
    const opened = await deps.open();
    if (!opened.ok) {
      previous?.stop();
      return opened;
    }
    if (input.signal.aborted) {
      previous?.stop();
      opened.value.exchange.close();
      return { ok: true, value: undefined };
    }
    const carrier = new Carrier(deps, input, { followed, gathered }, opened.value.exchange);
    const isCaughtUp = await carrier.caughtUp;
    previous?.stop();
    previous = carrier;
    if (isCaughtUp) mayTryAgain = true;
    if (isCaughtUp && isFirst) {
      isFirst = false;
      input.onCaughtUp();
    }
    const ended = await carrier.done;
    if (ended === "aged") continue;
    carrier.stop();
    if (input.signal.aborted || ended === "stopped") return { ok: true, value: undefined };
    // Only the link knows that an exchange had its age: for the shell the subscription goes on.
    const isAged = ended.kind === "reset" && ended.reason === "exchange-over" && isCaughtUp;
    const isToTryAgain = isAged || (mayTryAgain && deps.isStale(ended));
    if (!isToTryAgain) return { ok: false, error: deps.failureOf(ended) };
    mayTryAgain = false;
    previous = null;
  }
}

/**
 * What has come and is not handed out yet, of all exchanges of a subscription: around a change of exchanges, one must not
 * hand out what lies behind something that the other one still keeps (R1).
 */
class Gathered {
  readonly #clock: Clock;
  readonly #input: SubscribeInput;
  #batch: StoredEnvelope[] = [];
  #timer: Timer | null = null;

  constructor(clock: Clock, input: SubscribeInput) {
    this.#clock = clock;
    this.#input = input;
  }

  add(envelope: StoredEnvelope): void {
    this.#batch.push(envelope);
    if (this.#batch.length >= MAX_BATCH) this.handOut();
    else this.#timer ??= this.#clock.after(GATHERING, () => this.handOut());
  }

  handOut(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0 && !this.#input.signal.aborted) this.#input.onEnvelopes(batch);
  }
}

/** One exchange that carries the subscription for a while. */
class Carrier {
  readonly caughtUp: Promise<boolean>;
  readonly done: Promise<"aged" | "stopped" | ExchangeEnd>;
  readonly #input: SubscribeInput;
  readonly #exchange: LinkExchange;
  readonly #onAbort = (): void => this.stop();
  readonly #timer: Timer;
  #resolveCaughtUp: (value: boolean) => void = () => {};
  #resolveDone: (value: "aged" | "stopped" | ExchangeEnd) => void = () => {};
  #left: number;
  readonly #gathered: Gathered;
  #isStopped = false;

  constructor(
    deps: FollowDeps,
    input: SubscribeInput,
    { followed, gathered }: { readonly followed: readonly Followed[]; readonly gathered: Gathered },
    exchange: LinkExchange,
  ) {
    this.#gathered = gathered;
    this.#input = input;
    this.#exchange = exchange;
    this.caughtUp = new Promise((resolve) => {
      this.#resolveCaughtUp = resolve;
    });
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve;
    });
    this.#timer = deps.clock.after(randomLife(deps.provider), () => this.#resolveDone("aged"));
    input.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#left = Math.ceil(followed.length / MAX_SUBSCRIBED_AT_ONCE);
    for (let at = 0; at < followed.length; at += MAX_SUBSCRIBED_AT_ONCE) {
      this.#request(deps, followed.slice(at, at + MAX_SUBSCRIBED_AT_ONCE));
    }
    if (this.#left === 0) this.#resolveCaughtUp(true);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timer.cancel();
    this.#input.signal.removeEventListener("abort", this.#onAbort);
    this.#exchange.close();
    this.#resolveCaughtUp(false);
    this.#resolveDone("stopped");
  }

  #request(deps: FollowDeps, followed: readonly Followed[]): void {
    this.#exchange.request({
      bodies: [],
      build: async (place) => ({
        kind: "subscribe",
        mailboxes: await Promise.all(
          followed.map(async ({ key, cursor }) => ({
            mailbox: key.publicKey,
            after: cursor,
            signature: await deps.sign(key, place, contentHash.subscribe(deps.provider, cursor)),
          })),
        ),
      }),
      onEnd: (end) => this.#ended(end),
      onAnswer: (answer, body) => {
        switch (answer.kind) {
          case "envelope": {
            const from = followed[answer.index];
            if (from === undefined || !isEnvelopeSize(body.length)) return "bad";
            this.#take(from, answer.cursor, body);
            return "more";
          }
          case "caughtUp":
            this.#gathered.handOut();
            if (--this.#left === 0) this.#resolveCaughtUp(true);
            return "more";
          case "refused":
            this.#ended({ kind: "misbehaved", detail: `subscribe: ${answer.reason}` });
            return "done";
          case "tryLater":
            this.#ended({ kind: "reset", reason: "try-later", afterSeconds: answer.afterSeconds });
            return "done";
          default:
            return "bad";
        }
      },
    });
  }

  #take(from: Followed, cursor: number, envelope: Uint8Array): void {
    // Both exchanges bring it around a change of exchanges.
    if (cursor > from.cursor) {
      from.cursor = cursor;
      this.#gathered.add({ mailbox: from.key.publicKey, cursor, envelope });
    }
    const isLive = this.#left === 0;
    if (isLive && !this.#exchange.hasUnopened) this.#gathered.handOut();
  }

  #ended(end: ExchangeEnd): void {
    this.#gathered.handOut();
    this.#resolveCaughtUp(false);
    this.#resolveDone(end);
  }
}
