/**
 * Judges and carries out requests of mailboxes, inboxes and blobs (spec/mailbox.md). Knows nothing of sockets: a request
 * and its place in an exchange come in, an answer goes out.
 */
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import {
  contentHash,
  dayOf,
  hourOf,
  isEnvelopeSize,
  MAX_BLOB_BYTES,
  MAX_BLOB_HOURS,
  MAX_INBOX_HOURS,
  signedBytes,
  signReceipts,
  strangerSubject,
  type MailboxAnswer,
  type MailboxRefusal,
  type MailboxRequest,
  type RequestPlace,
  type Statement,
} from "@xchat/protocol";
import {
  GroupCommit,
  StoreUnavailable,
  type NodeStore,
  type StoreOperation,
  type StoreOutcome,
  type StoreRefusal,
} from "@xchat/node-store";
import type { NodeClock } from "./clock.ts";
import type { NodeLimits } from "./limits.ts";
import { errorWord, type Log } from "./log.ts";
import type { StampCheck } from "./stamp-check.ts";
import type { SubscriptionHub } from "./subscriptions.ts";

/** An answer and the bytes that go with it; `rest` gives further chunks, one when it is asked for. */
export interface ServiceAnswer {
  readonly head: MailboxAnswer;
  readonly body?: Uint8Array;
  readonly rest?: () => Promise<{ readonly head: MailboxAnswer; readonly body: Uint8Array } | null>;
}

/**
 * The place of a request among those of its exchange. Signatures are verified side by side, and may be done in any order;
 * what is stored keeps the order in which it was sent.
 */
export interface Turn {
  /** Resolves when everything before it was handed to the store, or refused. */
  readonly before: Promise<void>;
  readonly handedOver: () => void;
}

export interface MailboxServiceOptions {
  readonly provider: CryptoProvider;
  readonly identity: KeyPair;
  readonly nodeId: Uint8Array;
  readonly store: NodeStore;
  readonly stamps: StampCheck;
  readonly hub: SubscriptionHub;
  readonly clock: NodeClock;
  readonly limits: NodeLimits;
  readonly log: Log;
}

type Request<K extends MailboxRequest["kind"]> = Extract<MailboxRequest, { kind: K }>;
type Committed = { readonly outcome: StoreOutcome; readonly receipt: Uint8Array | null };

const RETRY_SECONDS = 5;
const FULL_RETRY_SECONDS = 600;
/** Under one signature; see MAX_RECEIPT_LEAVES. */
const BATCH_OPERATIONS = 512;
const NO_BYTES = new Uint8Array(0);

export class MailboxService {
  readonly #options: MailboxServiceOptions;
  readonly #commits: GroupCommit<StoreOperation, Committed>;

  constructor(options: MailboxServiceOptions) {
    this.#options = options;
    this.#commits = new GroupCommit({
      apply: (batch) => this.#commit(batch),
      sizeOf: operationBytes,
      maxCount: BATCH_OPERATIONS,
      maxWaitingBytes: options.limits.waitingBytes,
    });
  }

  /**
   * Everything but `subscribe`. `bodies` has one entry for a request of one chunk, n for a commit of n envelopes. The
   * bytes are kept until the answer.
   */
  async handle(
    place: RequestPlace,
    request: MailboxRequest,
    bodies: readonly Uint8Array[],
    turn: Turn,
  ): Promise<ServiceAnswer> {
    try {
      const judged = await this.#judge(place, request, bodies);
      if ("head" in judged) return judged;
      await turn.before;
      const answer = this.#submit(place, judged);
      turn.handedOver();
      return await answer;
    } finally {
      // One that was refused at once must not let those behind it pass those before it.
      void turn.before.then(turn.handedOver);
    }
  }

  settle(): Promise<void> {
    return this.#commits.settle();
  }

  /** An answer, or what the store is to do. */
  async #judge(
    place: RequestPlace,
    request: MailboxRequest,
    bodies: readonly Uint8Array[],
  ): Promise<ServiceAnswer | StoreOperation> {
    const body = bodies[0] ?? NO_BYTES;
    switch (request.kind) {
      case "deposit":
        return this.#deposit(place, request, body);
      case "commit":
        return this.#depositCommit(place, request, bodies);
      case "fetchSlot":
        return this.#fetchSlot(place, request);
      case "openMailbox":
        return this.#openMailbox(place, request);
      case "openInbox":
        return this.#openInbox(place, request);
      case "depositInbox":
        return this.#depositInbox(place, request, body);
      case "putBlob":
        return this.#putBlob(place, request, body);
      case "removeBlob":
        return this.#removeBlob(place, request);
      case "getBlob":
        return this.#getBlob(place, request);
      case "subscribe":
        return refuse(place, "malformed");
    }
  }

  /** Whether a commit may send its envelopes: judged by its head alone, so that strangers cannot make the node hold them. */
  async mayCommit(place: RequestPlace, request: Request<"commit">): Promise<MailboxRefusal | null> {
    const { provider, store, clock } = this.#options;
    const isSigned = await this.#isSigned(
      place,
      "commit",
      request.mailbox,
      contentHash.commit(provider, request.hashes),
      request.signature,
    );
    if (!isSigned) return "signature-invalid";
    return store.mailbox(request.mailbox, hourOf(clock.now()))?.kind === "mailbox" ? null : "mailbox-unknown";
  }

  /** Whether each mailbox of a subscription may be read. One that is not open yet may be waited for: that costs nothing. */
  async maySubscribe(place: RequestPlace, request: Request<"subscribe">): Promise<MailboxRefusal | null> {
    const { provider } = this.#options;
    const signed = request.mailboxes.map(({ mailbox, after, signature }) =>
      this.#isSigned(place, "subscribe", mailbox, contentHash.subscribe(provider, after), signature),
    );
    return (await Promise.all(signed)).every(Boolean) ? null : "signature-invalid";
  }

  async #deposit(
    place: RequestPlace,
    request: Request<"deposit">,
    envelope: Uint8Array,
  ): Promise<ServiceAnswer | StoreOperation> {
    if (!isEnvelopeSize(envelope.length)) return refuse(place, "wrong-size");
    const { provider, clock } = this.#options;
    const hash = contentHash.deposit(provider, envelope);
    if (!(await this.#isSigned(place, "deposit", request.mailbox, hash, request.signature))) {
      return refuse(place, "signature-invalid");
    }
    const hour = hourOf(clock.now());
    return { kind: "deposit", to: "mailbox", mailbox: request.mailbox, envelope, hash, hour };
  }

  /** `mayCommit` has been asked before. */
  async #depositCommit(
    place: RequestPlace,
    request: Request<"commit">,
    envelopes: readonly Uint8Array[],
  ): Promise<ServiceAnswer | StoreOperation> {
    const { provider, clock } = this.#options;
    if (!envelopes.every((envelope) => isEnvelopeSize(envelope.length))) return refuse(place, "wrong-size");
    const isAsSigned = envelopes.every((envelope, i) =>
      provider.equalSecrets(provider.sha256(envelope), request.hashes[i] as Uint8Array),
    );
    if (!isAsSigned) return refuse(place, "signature-invalid");
    const commitHash = contentHash.commit(provider, request.hashes);
    const hour = hourOf(clock.now());
    const { mailbox, hashes } = request;
    return { kind: "commit", mailbox, envelopes, hashes, commitHash, hour };
  }

  async #fetchSlot(place: RequestPlace, request: Request<"fetchSlot">): Promise<ServiceAnswer> {
    const { provider, store, clock, identity, nodeId } = this.#options;
    const { number } = place;
    const content = contentHash.fetchSlot(provider);
    if (!(await this.#isSigned(place, "fetchSlot", request.mailbox, content, request.signature))) {
      return refuse(place, "signature-invalid");
    }
    const hour = hourOf(clock.now());
    const slot = store.slot(request.mailbox, hour);
    const first = slot === null ? null : await slot.envelope(0);
    if (slot === null || first === null) return { head: { kind: "none", number } };
    const statement = statementOf(nodeId, request.mailbox, slot.commitHash, "commit", slot.hour, slot.expiresHour);
    const [receipt] = await signReceipts(provider, identity, nodeId, [statement]);
    let part = 1;
    return {
      head: { kind: "slot", number, count: slot.count, receipt: receipt as Uint8Array },
      body: first,
      rest: async () => {
        if (part >= slot.count) return null;
        const body = await slot.envelope(part++);
        return { head: { kind: "slotPart", number }, body: body ?? NO_BYTES };
      },
    };
  }

  async #openMailbox(place: RequestPlace, request: Request<"openMailbox">): Promise<ServiceAnswer | StoreOperation> {
    const { provider, clock } = this.#options;
    const { mailbox, stamp } = request;
    const content = contentHash.openMailbox(provider, stamp);
    if (!(await this.#isSigned(place, "openMailbox", mailbox, content, request.signature))) {
      return refuse(place, "signature-invalid");
    }
    const operation: StoreOperation = { kind: "open-mailbox", mailbox, hour: hourOf(clock.now()) };
    return this.#paid(place, "mailbox", mailbox, stamp, operation);
  }

  async #openInbox(place: RequestPlace, request: Request<"openInbox">): Promise<ServiceAnswer | StoreOperation> {
    const { provider, clock } = this.#options;
    const { inbox, stamp, expiresHour } = request;
    const content = contentHash.openInbox(provider, expiresHour, stamp);
    if (!(await this.#isSigned(place, "openInbox", inbox, content, request.signature))) {
      return refuse(place, "signature-invalid");
    }
    const hour = hourOf(clock.now());
    if (expiresHour > hour + MAX_INBOX_HOURS) return refuse(place, "expires-too-late");
    const operation: StoreOperation = { kind: "open-inbox", mailbox: inbox, expiresHour, hour };
    return this.#paid(place, "inbox", inbox, stamp, operation);
  }

  async #depositInbox(
    place: RequestPlace,
    request: Request<"depositInbox">,
    envelope: Uint8Array,
  ): Promise<ServiceAnswer | StoreOperation> {
    if (!isEnvelopeSize(envelope.length)) return refuse(place, "wrong-size");
    const { provider, clock } = this.#options;
    const { inbox, stamp } = request;
    const hour = hourOf(clock.now());
    const hash = contentHash.deposit(provider, envelope);
    const operation: StoreOperation = { kind: "deposit", to: "inbox", mailbox: inbox, envelope, hash, hour };
    return this.#paid(place, "envelope", strangerSubject(provider, inbox, hash), stamp, operation);
  }

  async #putBlob(
    place: RequestPlace,
    request: Request<"putBlob">,
    blob: Uint8Array,
  ): Promise<ServiceAnswer | StoreOperation> {
    if (blob.length === 0 || blob.length > MAX_BLOB_BYTES) return refuse(place, "wrong-size");
    const { provider, store, clock } = this.#options;
    const { place: where, owner, version, expiresHour, stamp } = request;
    const content = contentHash.putBlob(provider, request, blob);
    if (!(await this.#isSigned(place, "putBlob", owner, content, request.signature))) {
      return refuse(place, "signature-invalid");
    }
    const hour = hourOf(clock.now());
    if (expiresHour > hour + MAX_BLOB_HOURS) return refuse(place, "expires-too-late");
    const isNew = !store.isPlaceTaken(where, hour);
    if (isNew && stamp === null) return refuse(place, "stamp-needed");
    const kind = "put-blob";
    const operation: StoreOperation = {
      kind,
      place: where,
      owner,
      version,
      blob,
      expiresHour,
      mayTakePlace: isNew,
      hour,
    };
    return isNew && stamp !== null ? this.#paid(place, "blob", where, stamp, operation) : operation;
  }

  async #removeBlob(place: RequestPlace, request: Request<"removeBlob">): Promise<ServiceAnswer | StoreOperation> {
    const { provider, clock } = this.#options;
    const { place: where, owner, version } = request;
    const content = contentHash.removeBlob(provider, where, version);
    if (!(await this.#isSigned(place, "removeBlob", owner, content, request.signature))) {
      return refuse(place, "signature-invalid");
    }
    const hour = hourOf(clock.now());
    return { kind: "remove-blob", place: where, owner, version, hour };
  }

  #getBlob(place: RequestPlace, request: Request<"getBlob">): ServiceAnswer {
    const { number } = place;
    const found = this.#options.store.blob(request.place, hourOf(this.#options.clock.now()));
    if (found === null) return { head: { kind: "none", number } };
    return { head: { kind: "blob", number, version: found.version }, body: found.blob };
  }

  async #isSigned(
    place: RequestPlace,
    operation: MailboxRequest["kind"],
    key: Uint8Array,
    content: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean> {
    return this.#options.provider.ed25519Verify(key, signedBytes(place, operation, key, content), signature);
  }

  /** MB10 The operation when its stamp holds. What the store would refuse anyway is refused before that costs anything. */
  async #paid(
    place: RequestPlace,
    purpose: Parameters<StampCheck["check"]>[0],
    subject: Uint8Array,
    stamp: Parameters<StampCheck["check"]>[2],
    operation: StoreOperation,
  ): Promise<ServiceAnswer | StoreOperation> {
    const { store, stamps, clock } = this.#options;
    const foreseen = store.foresee(operation);
    if (foreseen.kind === "refused") return refuseFor(place, foreseen.reason);
    const checked = await stamps.check(purpose, subject, stamp, dayOf(clock.now()));
    if (checked === "valid") return operation;
    return checked === "invalid" ? refuse(place, "stamp-invalid") : tryLater(place, RETRY_SECONDS);
  }

  async #submit(place: RequestPlace, operation: StoreOperation): Promise<ServiceAnswer> {
    const submitted = this.#commits.submit(operation);
    if (submitted === null) return tryLater(place, RETRY_SECONDS);
    try {
      const { outcome, receipt } = await submitted;
      const { number } = place;
      if (outcome.kind === "done") return { head: { kind: "done", number } };
      if (outcome.kind === "stored") return { head: { kind: "receipt", number, receipt: receipt as Uint8Array } };
      return refuseFor(place, outcome.reason);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      return tryLater(place, error.code === "store-full" ? FULL_RETRY_SECONDS : RETRY_SECONDS);
    }
  }

  async #commit(batch: readonly StoreOperation[]): Promise<readonly Committed[]> {
    const { store, provider, identity, nodeId, hub, log } = this.#options;
    let outcomes: readonly StoreOutcome[];
    try {
      outcomes = await store.apply(batch);
    } catch (error) {
      log.warn("store-refused", { reason: errorWord(error), count: batch.length });
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable("store-failed", error);
    }
    const statements: Statement[] = [];
    const receiptAt: (number | null)[] = outcomes.map((outcome, i) => {
      const operation = batch[i] as StoreOperation;
      if (outcome.kind !== "stored" || (operation.kind !== "deposit" && operation.kind !== "commit")) return null;
      const hash = operation.kind === "deposit" ? operation.hash : operation.commitHash;
      const kind = operation.kind === "commit" ? "commit" : operation.to === "inbox" ? "inbox" : "envelope";
      return statements.push(statementOf(nodeId, operation.mailbox, hash, kind, outcome.hour, outcome.expiresHour)) - 1;
    });
    const receipts = statements.length === 0 ? [] : await signReceipts(provider, identity, nodeId, statements);
    outcomes.forEach((outcome, i) => {
      const operation = batch[i] as StoreOperation;
      if (outcome.kind === "stored" && outcome.isNew && "mailbox" in operation) hub.notify(operation.mailbox);
    });
    return outcomes.map((outcome, i) => {
      const at = receiptAt[i] ?? null;
      return { outcome, receipt: at === null ? null : (receipts[at] as Uint8Array) };
    });
  }
}

const refuse = (place: RequestPlace, reason: MailboxRefusal): ServiceAnswer => ({
  head: { kind: "refused", number: place.number, reason },
});

const tryLater = (place: RequestPlace, afterSeconds: number): ServiceAnswer => ({
  head: { kind: "tryLater", number: place.number, afterSeconds },
});

const refuseFor = (place: RequestPlace, reason: StoreRefusal): ServiceAnswer =>
  reason === "node-full" ? tryLater(place, FULL_RETRY_SECONDS) : refuse(place, reason);

const statementOf = (
  nodeId: Uint8Array,
  mailbox: Uint8Array,
  hash: Uint8Array,
  kind: Statement["kind"],
  hour: number,
  expiresHour: number,
): Statement => ({ nodeId, mailbox, hash, kind, hour, expiresHour });

function operationBytes(operation: StoreOperation): number {
  const overhead = 512;
  switch (operation.kind) {
    case "deposit":
      return overhead + operation.envelope.length;
    case "commit":
      return overhead + operation.envelopes.reduce((sum, envelope) => sum + envelope.length, 0);
    case "put-blob":
      return overhead + operation.blob.length;
    default:
      return overhead;
  }
}
