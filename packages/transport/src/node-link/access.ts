/**
 * `NodeAccess` over one WebSocket, or streams through a relay: connects on demand, learns and verifies the descriptor, keeps an exchange for each
 * context, solves stamps, verifies receipts. It never retries on its own, but for what only the link knows of: a key of
 * the day that was turned, a clock that is off, an exchange that has reached its age.
 */
import { bytesToHex } from "@xchat/codec";
import { solveStamp, type CryptoProvider } from "@xchat/crypto";
import type {
  Clock,
  ExchangeContext,
  MailboxKey,
  NodeAccess,
  NodeFailure,
  NodeHint,
  NodeOutcome,
  Receipt,
} from "@xchat/client/ports";
import {
  contentHash,
  hourOf,
  isEnvelopeSize,
  MAX_BLOB_BYTES,
  MAX_COMMIT_ENVELOPES,
  signedBytes,
  stampChallenge,
  strangerSubject,
  type MailboxAnswer,
  type MailboxRequest,
  type RequestPlace,
  type Stamp,
  type StampPurpose,
} from "@xchat/protocol";
import { hostOfAddress } from "./address.ts";
import type { SocketConstructor } from "./connection.ts";
import { LinkExchange, type ExchangeEnd } from "./exchange.ts";
import { MAX_REQUESTS, randomLife } from "./life.ts";
import { NodeSession, type Path, type Session } from "./session.ts";
import { isFairPrice } from "./price.ts";
import { follow, type SubscribeInput } from "./subscription.ts";

export interface AccessDeps {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly WebSocket: SocketConstructor;
}

/** What one request is answered with, all its chunks together. */
export interface Answered {
  readonly answer: MailboxAnswer;
  readonly body: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

export interface RequestPlan {
  /** `null`: an exchange of its own. */
  readonly context: ExchangeContext | null;
  readonly build: (place: RequestPlace, session: Session) => Promise<MailboxRequest>;
  readonly bodies: readonly Uint8Array[];
}

/** How long a request may stay unanswered. A big commit on a slow line takes its time. */
const ANSWER_MILLISECONDS = 60_000;

const fail = (error: NodeFailure): { readonly ok: false; readonly error: NodeFailure } => ({ ok: false, error });
const misbehaved = (detail: string): { readonly ok: false; readonly error: NodeFailure } =>
  fail({ kind: "misbehaved", detail });

interface SharedExchange {
  readonly exchange: LinkExchange;
  readonly session: Session;
  readonly renewAt: number;
}

export class LinkedNode implements NodeAccess {
  readonly hint: NodeHint;
  readonly #deps: AccessDeps;
  readonly #session: NodeSession;
  readonly #exchanges = new Map<ExchangeContext, SharedExchange>();
  readonly #openings = new Map<string, Promise<NodeOutcome<void>>>();
  readonly #onClosed: () => void;

  constructor(deps: AccessDeps, hint: NodeHint, paths: () => readonly Path[], onClosed: () => void) {
    this.#deps = deps;
    this.hint = hint;
    this.#session = new NodeSession(deps, hint, paths);
    this.#onClosed = onClosed;
  }

  get state(): NodeAccess["state"] {
    return this.#session.state;
  }

  get via(): NodeHint | null {
    return this.#session.via;
  }

  onStateChange(listener: () => void): () => void {
    return this.#session.onStateChange(listener);
  }

  reroute(): void {
    this.#session.reroute();
  }

  get clockAhead(): number | null {
    return this.#session.aheadMilliseconds;
  }

  async hearClock(): Promise<void> {
    this.#session.forgetDescriptor();
    await this.#session.ready();
  }

  async deposit(input: {
    readonly context: ExchangeContext;
    readonly mailbox: MailboxKey;
    readonly envelope: Uint8Array;
  }): Promise<NodeOutcome<Receipt>> {
    expectEnvelopes([input.envelope]);
    const { provider } = this.#deps;
    const { context, mailbox, envelope } = input;
    const hash = contentHash.deposit(provider, envelope);
    const attempt = (): Promise<NodeOutcome<Receipt>> =>
      this.#forReceipt(
        {
          context,
          bodies: [envelope],
          build: async (place) => ({
            kind: "deposit",
            mailbox: mailbox.publicKey,
            signature: await this.#sign(mailbox, place, "deposit", hash),
          }),
        },
        { mailbox: mailbox.publicKey, hash, kind: "envelope" },
      );
    return this.#openingIfUnknown(context, mailbox, attempt);
  }

  async depositCommit(input: {
    readonly context: ExchangeContext;
    readonly mailbox: MailboxKey;
    readonly envelopes: readonly Uint8Array[];
  }): Promise<NodeOutcome<Receipt>> {
    expectEnvelopes(input.envelopes);
    const { provider } = this.#deps;
    const { context, mailbox, envelopes } = input;
    const hashes = envelopes.map((envelope) => contentHash.deposit(provider, envelope));
    const hash = contentHash.commit(provider, hashes);
    const attempt = (): Promise<NodeOutcome<Receipt>> =>
      this.#forReceipt(
        {
          context,
          bodies: envelopes,
          build: async (place) => ({
            kind: "commit",
            mailbox: mailbox.publicKey,
            hashes,
            signature: await this.#sign(mailbox, place, "commit", hash),
          }),
        },
        { mailbox: mailbox.publicKey, hash, kind: "commit" },
      );
    return this.#openingIfUnknown(context, mailbox, attempt);
  }

  async fetchSlot(input: {
    readonly context: ExchangeContext;
    readonly mailbox: MailboxKey;
  }): Promise<NodeOutcome<{ readonly envelopes: readonly Uint8Array[]; readonly receipt: Receipt } | null>> {
    const { provider } = this.#deps;
    const { mailbox } = input;
    const outcome = await this.#perform({
      context: input.context,
      bodies: [],
      build: async (place) => ({
        kind: "fetchSlot",
        mailbox: mailbox.publicKey,
        signature: await this.#sign(mailbox, place, "fetchSlot", contentHash.fetchSlot(provider)),
      }),
    });
    if (!outcome.ok) return outcome;
    const { answer, body, parts, session } = outcome.value;
    if (answer.kind === "none") return { ok: true, value: null };
    if (answer.kind !== "slot") return misbehaved("wrong answer");
    const envelopes = [body, ...parts];
    if (!envelopes.every((envelope) => isEnvelopeSize(envelope.length))) return misbehaved("slot is not whole");
    const hash = contentHash.commit(
      provider,
      envelopes.map((envelope) => contentHash.deposit(provider, envelope)),
    );
    const wrong = await session.receipts.judge(answer.receipt, { mailbox: mailbox.publicKey, hash, kind: "commit" });
    return wrong === null ? { ok: true, value: { envelopes, receipt: { bytes: answer.receipt } } } : misbehaved(wrong);
  }

  subscribe(input: SubscribeInput): Promise<NodeOutcome<void>> {
    return follow(
      {
        provider: this.#deps.provider,
        clock: this.#deps.clock,
        open: () => this.#openExchange(),
        failureOf: (end) => this.#failureOf(end),
        isStale: (end) => this.#isStale(end),
        sign: (key, place, content) => this.#sign(key, place, "subscribe", content),
      },
      input,
    );
  }

  async openInbox(input: { readonly inbox: MailboxKey; readonly expiresAt: number }): Promise<NodeOutcome<void>> {
    const { provider } = this.#deps;
    const { inbox } = input;
    const expiresHour = hourOf(input.expiresAt);
    const paid = await this.#pay("inbox", inbox.publicKey);
    if (!paid.ok) return paid;
    return this.#forDone({
      context: null,
      bodies: [],
      build: async (place) => ({
        kind: "openInbox",
        inbox: inbox.publicKey,
        expiresHour,
        stamp: paid.value,
        signature: await this.#sign(
          inbox,
          place,
          "openInbox",
          contentHash.openInbox(provider, expiresHour, paid.value),
        ),
      }),
    });
  }

  async depositInbox(input: {
    readonly inboxPublicKey: Uint8Array;
    readonly envelope: Uint8Array;
  }): Promise<NodeOutcome<Receipt>> {
    expectEnvelopes([input.envelope]);
    const { provider } = this.#deps;
    const hash = contentHash.deposit(provider, input.envelope);
    const paid = await this.#pay("envelope", strangerSubject(provider, input.inboxPublicKey, hash));
    if (!paid.ok) return paid;
    return this.#forReceipt(
      {
        context: null,
        bodies: [input.envelope],
        build: async () => ({ kind: "depositInbox", inbox: input.inboxPublicKey, stamp: paid.value }),
      },
      { mailbox: input.inboxPublicKey, hash, kind: "inbox" },
    );
  }

  async putBlob(input: {
    readonly place: Uint8Array;
    readonly owner: MailboxKey;
    readonly version: number;
    readonly blob: Uint8Array;
    readonly expiresAt: number;
  }): Promise<NodeOutcome<void>> {
    if (input.blob.length === 0 || input.blob.length > MAX_BLOB_BYTES)
      throw new RangeError("a blob has 1 to 65,536 bytes");
    const first = await this.#putBlob(input, null);
    if (first.ok || first.error.kind !== "refused" || first.error.reason !== "stamp-needed") return first;
    const paid = await this.#pay("blob", input.place);
    return paid.ok ? this.#putBlob(input, paid.value) : paid;
  }

  async removeBlob(input: {
    readonly place: Uint8Array;
    readonly owner: MailboxKey;
    readonly version: number;
  }): Promise<NodeOutcome<void>> {
    const { place: where, owner, version } = input;
    const content = contentHash.removeBlob(this.#deps.provider, where, version);
    return this.#forDone({
      context: null,
      bodies: [],
      build: async (place) => ({
        kind: "removeBlob",
        place: where,
        owner: owner.publicKey,
        version,
        signature: await this.#sign(owner, place, "removeBlob", content),
      }),
    });
  }

  async getBlob(input: {
    readonly place: Uint8Array;
  }): Promise<NodeOutcome<{ readonly blob: Uint8Array; readonly version: number } | null>> {
    const outcome = await this.#perform({
      context: null,
      bodies: [],
      build: async () => ({ kind: "getBlob", place: input.place }),
    });
    if (!outcome.ok) return outcome;
    const { answer, body } = outcome.value;
    if (answer.kind === "none") return { ok: true, value: null };
    return answer.kind === "blob"
      ? { ok: true, value: { blob: body, version: answer.version } }
      : misbehaved("wrong answer");
  }

  stunAddress(): string | null {
    const stun = this.#session.stun;
    if (stun === null) return null;
    return `stun:${stun.startsWith(":") ? hostOfAddress(this.#session.address) : ""}${stun}`;
  }

  close(): void {
    for (const { exchange } of this.#exchanges.values()) exchange.close();
    this.#exchanges.clear();
    this.#session.close();
    this.#onClosed();
  }

  // ---- requests

  async #putBlob(input: Parameters<NodeAccess["putBlob"]>[0], stamp: Stamp | null): Promise<NodeOutcome<void>> {
    const { place: where, owner, version, blob } = input;
    const expiresHour = hourOf(input.expiresAt);
    const content = contentHash.putBlob(this.#deps.provider, { place: where, version, expiresHour }, blob);
    return this.#forDone({
      context: null,
      bodies: [blob],
      build: async (place) => ({
        kind: "putBlob",
        place: where,
        owner: owner.publicKey,
        version,
        expiresHour,
        stamp,
        signature: await this.#sign(owner, place, "putBlob", content),
      }),
    });
  }

  /** Opens the mailbox when the node does not know it, once for all who wait for it, and tries again. */
  async #openingIfUnknown<T>(
    context: ExchangeContext,
    mailbox: MailboxKey,
    attempt: () => Promise<NodeOutcome<T>>,
  ): Promise<NodeOutcome<T>> {
    const first = await attempt();
    if (first.ok || first.error.kind !== "refused" || first.error.reason !== "mailbox-unknown") return first;
    const id = bytesToHex(mailbox.publicKey);
    const opening = this.#openings.get(id) ?? this.#openMailbox(context, mailbox);
    this.#openings.set(id, opening);
    const opened = await opening;
    this.#openings.delete(id);
    return opened.ok ? attempt() : opened;
  }

  async #openMailbox(context: ExchangeContext, mailbox: MailboxKey): Promise<NodeOutcome<void>> {
    const paid = await this.#pay("mailbox", mailbox.publicKey);
    if (!paid.ok) return paid;
    const content = contentHash.openMailbox(this.#deps.provider, paid.value);
    return this.#forDone({
      context,
      bodies: [],
      build: async (place) => ({
        kind: "openMailbox",
        mailbox: mailbox.publicKey,
        stamp: paid.value,
        signature: await this.#sign(mailbox, place, "openMailbox", content),
      }),
    });
  }

  async #pay(purpose: StampPurpose, subject: Uint8Array): Promise<NodeOutcome<Stamp>> {
    const ready = await this.#session.ready();
    if (!ready.ok) return ready;
    const { descriptor, nowSeconds } = ready.value;
    const price = descriptor.stamps[purpose];
    if (!isFairPrice(price)) return misbehaved("stamp price");
    const day = Math.floor(nowSeconds() / 86_400);
    const challenge = stampChallenge(purpose, this.hint.keyHash, subject, day);
    return { ok: true, value: { day, nonce: await solveStamp(this.#deps.provider, challenge, price) } };
  }

  async #forReceipt(
    plan: RequestPlan,
    wanted: { readonly mailbox: Uint8Array; readonly hash: Uint8Array; readonly kind: "envelope" | "commit" | "inbox" },
  ): Promise<NodeOutcome<Receipt>> {
    const outcome = await this.#perform(plan);
    if (!outcome.ok) return outcome;
    const { answer, session } = outcome.value;
    if (answer.kind !== "receipt") return misbehaved("wrong answer");
    const wrong = await session.receipts.judge(answer.receipt, wanted);
    return wrong === null ? { ok: true, value: { bytes: answer.receipt } } : misbehaved(wrong);
  }

  async #forDone(plan: RequestPlan): Promise<NodeOutcome<void>> {
    const outcome = await this.#perform(plan);
    if (!outcome.ok) return outcome;
    return outcome.value.answer.kind === "done" ? { ok: true, value: undefined } : misbehaved("wrong answer");
  }

  /** Sends a request once; once more with a fresh exchange where only the link's own knowledge was old. */
  async #perform(plan: RequestPlan): Promise<NodeOutcome<Answered & { readonly session: Session }>> {
    for (let attempt = 0; ; attempt++) {
      const opened = await this.#exchangeFor(plan.context);
      if (!opened.ok) return opened;
      const { exchange, session } = opened.value;
      const ended = await this.#ask(exchange, session, plan);
      if (plan.context === null) exchange.close();
      if (!("end" in ended)) return settle(ended, session);
      if (plan.context !== null && this.#exchanges.get(plan.context)?.exchange === exchange) {
        this.#exchanges.delete(plan.context);
      }
      if (attempt > 0 || !this.#isStale(ended.end)) return fail(this.#failureOf(ended.end));
    }
  }

  #ask(exchange: LinkExchange, session: Session, plan: RequestPlan): Promise<Answered | { readonly end: ExchangeEnd }> {
    return new Promise((resolve) => {
      const parts: Uint8Array[] = [];
      let first: Answered | null = null;
      // A node that says nothing at all is as good as gone.
      const timer = this.#deps.clock.after(ANSWER_MILLISECONDS, () => {
        resolve({ end: { kind: "lost" } });
        exchange.close();
      });
      exchange.request({
        bodies: plan.bodies,
        build: (place) => plan.build(place, session),
        onEnd: (end) => {
          timer.cancel();
          resolve({ end });
        },
        onAnswer: (answer, body) => {
          if (first === null) first = { answer, body, parts };
          else if (answer.kind === "slotPart") parts.push(body);
          else return "bad";
          const count = first.answer.kind === "slot" ? first.answer.count : 1;
          if (count === 0 || answer.kind === "envelope" || answer.kind === "caughtUp") return "bad";
          if (parts.length + 1 < count) return "more";
          timer.cancel();
          resolve(first);
          return "done";
        },
      });
    });
  }

  // ---- exchanges

  async #exchangeFor(
    context: ExchangeContext | null,
  ): Promise<NodeOutcome<{ exchange: LinkExchange; session: Session }>> {
    if (context === null) return this.#openExchange();
    const known = this.#exchanges.get(context);
    if (known !== undefined && this.#isUsable(known)) return { ok: true, value: known };
    const opened = await this.#openExchange();
    if (!opened.ok) return opened;
    // Another request of this context may have been faster.
    const meanwhile = this.#exchanges.get(context);
    if (meanwhile !== undefined && meanwhile !== known && this.#isUsable(meanwhile))
      return { ok: true, value: meanwhile };
    if (known?.exchange.pending === 0) known.exchange.close();
    const renewAt = this.#deps.clock.now() + randomLife(this.#deps.provider);
    this.#exchanges.set(context, { ...opened.value, renewAt });
    return opened;
  }

  async #openExchange(): Promise<NodeOutcome<{ exchange: LinkExchange; session: Session }>> {
    const ready = await this.#session.ready();
    if (!ready.ok) return ready;
    const session = ready.value;
    const { connection, dayKey, nowSeconds } = session;
    const { provider } = this.#deps;
    const exchange = new LinkExchange({ provider, connection, nodeId: this.hint.keyHash, dayKey, nowSeconds });
    return { ok: true, value: { exchange, session } };
  }

  #isUsable({ exchange, renewAt, session }: SharedExchange): boolean {
    const isYoung = this.#deps.clock.now() < renewAt && exchange.requests < MAX_REQUESTS;
    return exchange.end === null && isYoung && !session.connection.isClosed;
  }

  /** Whether the link itself was behind; makes it learn the descriptor again. */
  #isStale(end: ExchangeEnd): boolean {
    if (end.kind !== "reset") return false;
    const isStale = ["unknown-key", "clock-wrong", "replayed", "exchange-over"].includes(end.reason);
    if (isStale) this.#session.forgetDescriptor();
    return isStale;
  }

  #failureOf(end: ExchangeEnd): NodeFailure {
    if (end.kind === "misbehaved") return { kind: "misbehaved", detail: end.detail };
    if (end.kind !== "reset") return { kind: "unreachable" };
    switch (end.reason) {
      case "try-later":
        return { kind: "try-later", afterMilliseconds: end.afterSeconds * 1_000 };
      case "clock-wrong":
        return { kind: "clock-wrong", aheadMilliseconds: this.#session.aheadMilliseconds ?? 0 };
      case "unknown-key":
      case "exchange-over":
        this.#session.forgetDescriptor();
        return { kind: "unreachable" };
      case "malformed":
      case "unknown-kind":
        return { kind: "misbehaved", detail: end.reason };
      default:
        return { kind: "unreachable" };
    }
  }

  async #sign(
    key: MailboxKey,
    place: RequestPlace,
    operation: MailboxRequest["kind"],
    content: Uint8Array,
  ): Promise<Uint8Array> {
    return this.#deps.provider.ed25519Sign(key.seed, signedBytes(place, operation, key.publicKey, content));
  }
}

function settle(answered: Answered, session: Session): NodeOutcome<Answered & { readonly session: Session }> {
  const { answer } = answered;
  if (answer.kind === "refused") return fail({ kind: "refused", reason: answer.reason });
  if (answer.kind === "tryLater") return fail({ kind: "try-later", afterMilliseconds: answer.afterSeconds * 1_000 });
  return { ok: true, value: { ...answered, session } };
}

function expectEnvelopes(envelopes: readonly Uint8Array[]): void {
  const areSized = envelopes.every((envelope) => isEnvelopeSize(envelope.length));
  if (envelopes.length === 0 || envelopes.length > MAX_COMMIT_ENVELOPES || !areSized) {
    throw new RangeError("envelopes have 8,192 or 65,536 bytes, and a commit has 1 to 16 of them");
  }
}
