/**
 * One exchange at the node, from its opening to its end: chunks become requests, answers become chunks. It knows a way to
 * send messages, and no socket, so that a relay can stand in between.
 *
 * ES1 Credit for a request is given back when its answer is on its way: a client that does not read cannot ask for more.
 * ES2 Answers are sealed only when they can be sent.
 */
import {
  decodeRequest,
  encodeAnswer,
  hourOf,
  MAX_SUBSCRIBED,
  type Chunk,
  type MailboxAnswer,
  type MailboxRequest,
  type NodeExchange,
  type RequestPlace,
  type ResetReason,
} from "@xchat/protocol";
import type { NodeStore } from "@xchat/node-store";
import type { NodeClock } from "./clock.ts";
import type { NodeLimits } from "./limits.ts";
import { errorWord, type Log } from "./log.ts";
import type { MailboxService, ServiceAnswer } from "./mailbox-service.ts";
import { Subscription } from "./subscription.ts";
import type { SubscriptionHub } from "./subscriptions.ts";

export interface SessionDeps {
  readonly nodeId: Uint8Array;
  readonly service: MailboxService;
  readonly store: NodeStore;
  readonly hub: SubscriptionHub;
  readonly clock: NodeClock;
  readonly limits: NodeLimits;
  readonly log: Log;
  /** Bytes of commits that came in part, over all sessions. */
  readonly partial: { bytes: number };
}

/** How a session reaches its client. */
export interface SessionLink {
  /** Resolves when a message of this length may be sent; false when the stream is gone. */
  writable(length: number): boolean | Promise<boolean>;
  send(message: Uint8Array): void;
  release(cost: number): void;
  /** No more messages from this side, nor from the other. */
  end(): void;
  reset(reason: ResetReason, afterSeconds?: number): void;
}

/** What a stream is for, once it is open. */
export interface StreamSession {
  /** A further message of the client, in order. */
  receive(message: Uint8Array, cost: number): void;
  /** Whether it has outlived what is allowed. */
  isOver(now: number): boolean;
  close(): void;
}

interface Waiting {
  readonly answer: ServiceAnswer;
  readonly cost: number;
}

interface PartialCommit {
  readonly place: RequestPlace;
  readonly request: Extract<MailboxRequest, { kind: "commit" }>;
  readonly bodies: Uint8Array[];
  /** Its answer is given: what is still under way of it is let pass. */
  readonly isAnswered: boolean;
  seen: number;
}

/** Upper bound of what sealing adds: tag, and the nonce of the first answer. */
const SEALED_OVERHEAD = 48;
const LARGEST_MESSAGE = 66_560 + SEALED_OVERHEAD;

export class ExchangeSession implements StreamSession {
  readonly #deps: SessionDeps;
  readonly #exchange: NodeExchange;
  readonly #link: SessionLink;
  readonly #openedAt: number;
  #usedAt: number;
  #nextNumber = 0;
  #incoming: Promise<void> = Promise.resolve();
  /** Resolves when the last request was handed to the store. */
  #turn: Promise<void> = Promise.resolve();
  #partial: PartialCommit | null = null;
  #subscription: Subscription | null = null;
  readonly #answers: Waiting[] = [];
  #isPumping = false;
  #isClosed = false;

  constructor(deps: SessionDeps, exchange: NodeExchange, link: SessionLink) {
    this.#deps = deps;
    this.#exchange = exchange;
    this.#link = link;
    this.#openedAt = deps.clock.now();
    this.#usedAt = this.#openedAt;
  }

  /** What the opening carried. */
  begin(first: Chunk, cost: number): void {
    this.#inOrder(() => this.#acceptChunk(first, cost));
  }

  receive(message: Uint8Array, cost: number): void {
    this.#inOrder(async () => {
      const chunk = await this.#exchange.open(message);
      if (!chunk.ok) return this.#fail("malformed");
      await this.#acceptChunk(chunk.value, cost);
    });
  }

  /** Whether it has outlived what is allowed (spec/exchange.md, section 6). */
  isOver(now: number): boolean {
    const { exchangeSeconds, exchangeIdleSeconds } = this.#deps.limits;
    if (now - this.#openedAt > exchangeSeconds * 1_000) return true;
    return this.#subscription === null && now - this.#usedAt > exchangeIdleSeconds * 1_000;
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription?.close();
    this.#dropPartial();
    this.#answers.length = 0;
  }

  #inOrder(step: () => Promise<void>): void {
    this.#incoming = this.#incoming.then(async () => {
      if (this.#isClosed) return;
      try {
        await step();
      } catch (error) {
        this.#deps.log.warn("exchange-failed", { reason: errorWord(error) });
        this.#fail("cancelled");
      }
    });
  }

  async #acceptChunk(chunk: Chunk, cost: number): Promise<void> {
    this.#usedAt = this.#deps.clock.now();
    if (this.#partial !== null) return this.#acceptPart(this.#partial, chunk, cost);
    // Before the head is read: what is malformed counts too.
    if (this.#nextNumber >= this.#deps.limits.requestsPerExchange) return this.#fail("exchange-over");
    const decoded = decodeRequest(chunk.head);
    const place = { nodeId: this.#deps.nodeId, exchangeId: this.#exchange.id, number: this.#nextNumber++ };
    if (!decoded.ok) return this.#refuse(place, "malformed", cost);
    const request = decoded.value;
    if (request.kind === "subscribe") return this.#subscribe(place, request, cost);
    if (request.kind === "commit" && request.hashes.length > 1) return this.#beginCommit(place, request, chunk, cost);
    if (request.kind === "commit") {
      const refusal = await this.#deps.service.mayCommit(place, request);
      if (refusal !== null) return this.#refuse(place, refusal, cost);
    }
    // Not awaited: later requests of this exchange go into the same write to the disk.
    void this.#run(place, request, [chunk.body], cost);
  }

  async #run(place: RequestPlace, request: MailboxRequest, bodies: readonly Uint8Array[], cost: number): Promise<void> {
    const before = this.#turn;
    let handedOver = (): void => {};
    this.#turn = new Promise((resolve) => {
      handedOver = resolve;
    });
    try {
      this.#queue(await this.#deps.service.handle(place, request, bodies, { before, handedOver }), cost);
    } catch (error) {
      this.#deps.log.warn("request-failed", { request: request.kind, reason: errorWord(error) });
      this.#queue({ head: { kind: "tryLater", number: place.number, afterSeconds: 5 } }, cost);
    }
  }

  async #beginCommit(
    place: RequestPlace,
    request: Extract<MailboxRequest, { kind: "commit" }>,
    chunk: Chunk,
    cost: number,
  ): Promise<void> {
    const refusal = await this.#deps.service.mayCommit(place, request);
    const { partial, limits } = this.#deps;
    const isAnswered = refusal !== null || partial.bytes > limits.partialBytes;
    this.#partial = { place, request, bodies: [], isAnswered, seen: 0 };
    if (refusal !== null) this.#refuse(place, refusal, 0);
    else if (isAnswered) this.#queue({ head: { kind: "tryLater", number: place.number, afterSeconds: 5 } }, 0);
    await this.#acceptPart(this.#partial, { head: new Uint8Array(0), body: chunk.body }, cost);
  }

  async #acceptPart(commit: PartialCommit, chunk: Chunk, cost: number): Promise<void> {
    if (chunk.head.length > 0) return this.#fail("malformed");
    commit.seen++;
    if (!commit.isAnswered) {
      commit.bodies.push(chunk.body);
      this.#deps.partial.bytes += chunk.body.length;
    }
    const isLast = commit.seen === commit.request.hashes.length;
    if (!isLast || commit.isAnswered) {
      // A commit may be larger than the credit of its stream: what holds it is counted on its own.
      this.#link.release(cost);
      if (isLast) this.#partial = null;
      return;
    }
    const { place, request, bodies } = commit;
    this.#dropPartial();
    void this.#run(place, request, bodies, cost);
  }

  #dropPartial(): void {
    for (const body of this.#partial?.bodies ?? []) this.#deps.partial.bytes -= body.length;
    this.#partial = null;
  }

  async #subscribe(
    place: RequestPlace,
    request: Extract<MailboxRequest, { kind: "subscribe" }>,
    cost: number,
  ): Promise<void> {
    if ((this.#subscription?.size ?? 0) + request.mailboxes.length > MAX_SUBSCRIBED) {
      return this.#refuse(place, "too-many-mailboxes", cost);
    }
    const refusal = await this.#deps.service.maySubscribe(place, request);
    if (refusal !== null) return this.#refuse(place, refusal, cost);
    if (this.#isClosed) return;
    const { store, hub, clock } = this.#deps;
    this.#subscription ??= new Subscription(
      store,
      hub,
      () => hourOf(clock.now()),
      () => this.#pump(),
    );
    this.#subscription.add(place.number, request.mailboxes);
    this.#link.release(cost);
  }

  #refuse(place: RequestPlace, reason: string, cost: number): void {
    this.#queue({ head: { kind: "refused", number: place.number, reason } }, cost);
  }

  #queue(answer: ServiceAnswer, cost: number): void {
    if (this.#isClosed) return;
    this.#answers.push({ answer, cost });
    this.#pump();
  }

  #fail(reason: ResetReason): void {
    if (this.#isClosed) return;
    this.close();
    this.#link.reset(reason);
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    this.#drain().then(
      (isMore) => {
        this.#isPumping = false;
        if (isMore) this.#pump();
      },
      (error: unknown) => {
        this.#isPumping = false;
        this.#deps.log.warn("exchange-failed", { reason: errorWord(error) });
        this.#fail("cancelled");
      },
    );
  }

  /** True when something came in the meantime. */
  async #drain(): Promise<boolean> {
    while (!this.#isClosed) {
      const waiting = this.#answers.shift();
      if (waiting !== undefined) {
        await this.#sendAnswer(waiting);
        continue;
      }
      if (this.#subscription === null) return false;
      // Room for the largest message before a row is read: rows are not kept for a reader that does not read.
      if (!(await this.#link.writable(LARGEST_MESSAGE))) return false;
      const next = await this.#subscription.next();
      if (next !== null) await this.#send(next.head, next.body);
      else if (this.#answers.length === 0) return this.#subscription.isDue;
    }
    return false;
  }

  async #sendAnswer({ answer, cost }: Waiting): Promise<void> {
    await this.#send(answer.head, answer.body);
    for (let part = await answer.rest?.(); part !== undefined && part !== null; part = await answer.rest?.()) {
      if (this.#isClosed) return;
      await this.#send(part.head, part.body);
    }
    this.#link.release(cost);
  }

  async #send(head: MailboxAnswer, body?: Uint8Array): Promise<void> {
    const encoded = encodeAnswer(head);
    const writable = this.#link.writable(messageLength(encoded.length + (body?.length ?? 0)));
    if (writable !== true && !(await writable)) return;
    if (this.#isClosed) return;
    this.#link.send(await this.#exchange.seal(encoded, body));
  }
}

const messageLength = (content: number): number =>
  (content + 6 <= 1_024 ? 1_024 : content + 6 <= 9_216 ? 9_216 : 66_560) + SEALED_OVERHEAD;
