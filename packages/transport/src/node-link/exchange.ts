/**
 * One sealed exchange on a connection, at the client's end: requests go out in order, answers find their request.
 *
 * LE1 A request takes its number and is sealed in one turn of the lane, so that numbers and ciphertexts keep their order.
 * LE2 An answer that nobody asked for, or that does not open, ends the exchange as misbehaviour of the node.
 */
import type { CryptoProvider } from "@xchat/crypto";
import {
  decodeAnswer,
  encodeRequest,
  openClientExchange,
  type ClientExchange,
  type DayKey,
  type MailboxAnswer,
  type MailboxRequest,
  type RequestPlace,
} from "@xchat/protocol";
import type { LinkStream, NodeWay, StreamEnd } from "./connection.ts";

export type ExchangeEnd = StreamEnd | { readonly kind: "misbehaved"; readonly detail: string };

export interface RequestInput {
  /** Signs for this place. */
  readonly build: (place: RequestPlace) => Promise<MailboxRequest> | MailboxRequest;
  /** One chunk for each; none for a request without a body. */
  readonly bodies: readonly Uint8Array[];
  /** "more" keeps the request open; "bad" ends the exchange. */
  readonly onAnswer: (answer: MailboxAnswer, body: Uint8Array) => "done" | "more" | "bad";
  /** Called once if the exchange ends before the request is done. */
  readonly onEnd: (end: ExchangeEnd) => void;
}

export interface LinkExchangeOptions {
  readonly provider: CryptoProvider;
  readonly connection: NodeWay;
  readonly nodeId: Uint8Array;
  readonly dayKey: DayKey;
  /** By the node's clock. */
  readonly nowSeconds: () => number;
}

const EMPTY = new Uint8Array(0);

export class LinkExchange {
  readonly #options: LinkExchangeOptions;
  readonly #pending = new Map<number, RequestInput>();
  #sealing: Promise<void> = Promise.resolve();
  #opening: Promise<void> = Promise.resolve();
  #exchange: ClientExchange | null = null;
  #stream: LinkStream | null = null;
  #nextNumber = 0;
  #end: ExchangeEnd | null = null;
  /** Messages that have come and are not opened yet. */
  #unopened = 0;

  constructor(options: LinkExchangeOptions) {
    this.#options = options;
  }

  get end(): ExchangeEnd | null {
    return this.#end;
  }

  get requests(): number {
    return this.#nextNumber;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Whether more messages have come already: a reader may wait for them before it acts. */
  get hasUnopened(): boolean {
    return this.#unopened > 1;
  }

  request(input: RequestInput): void {
    this.#sealing = this.#sealing.then(
      () => this.#send(input),
      () => {},
    );
  }

  close(): void {
    this.#stream?.close();
    this.#finish({ kind: "ended" });
  }

  async #send(input: RequestInput): Promise<void> {
    if (this.#end !== null) return input.onEnd(this.#end);
    const { provider, nodeId, dayKey, nowSeconds } = this.#options;
    this.#exchange ??= await openClientExchange({ provider, nodeId, dayKey, nowSeconds: nowSeconds() });
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#finish({ kind: "misbehaved", detail: "malformed key of the day" });
      return input.onEnd(this.#end ?? { kind: "ended" });
    }
    const number = this.#nextNumber++;
    this.#pending.set(number, input);
    const request = await input.build({ nodeId, exchangeId: exchange.id, number });
    const [first = EMPTY, ...others] = input.bodies;
    await this.#sendMessage(await exchange.seal(encodeRequest(request), first));
    for (const body of others) await this.#sendMessage(await exchange.seal(EMPTY, body));
  }

  async #sendMessage(message: Uint8Array): Promise<void> {
    if (this.#end !== null) return;
    if (this.#stream !== null) {
      await this.#stream.send(message);
      return;
    }
    this.#stream = await this.#options.connection.open("exchange", message, {
      onMessage: (payload, cost) => this.#receive(payload, cost),
      onEnd: (end) => {
        // What came before the end is still heard.
        this.#opening = this.#opening.then(() => this.#finish(end));
      },
    });
    if (this.#stream === null) this.#finish({ kind: "lost" });
    else if (this.#end !== null) this.#stream.close();
  }

  #receive(payload: Uint8Array, cost: number): void {
    this.#unopened++;
    // Several at a time; what they say is heard in the order of their coming. Credit bounds how many.
    const opened = (this.#exchange as ClientExchange).open(payload);
    this.#opening = this.#opening.then(async () => {
      if (this.#end === null) this.#hear(await opened);
      this.#unopened--;
      this.#stream?.release(cost);
    });
  }

  #hear(chunk: Awaited<ReturnType<ClientExchange["open"]>>): void {
    if (!chunk.ok) return this.#misbehaved(chunk.error.reason);
    const answer = decodeAnswer(chunk.value.head);
    if (!answer.ok) return this.#misbehaved(`answer: ${answer.error.reason}`);
    const { number } = answer.value;
    const input = this.#pending.get(number);
    if (input === undefined) return this.#misbehaved("answer without a request");
    // The plaintext is this message's own: its body may be kept without a copy.
    const judged = input.onAnswer(answer.value, chunk.value.body);
    if (judged === "done") this.#pending.delete(number);
    if (judged === "bad") this.#misbehaved("answer does not fit its request");
  }

  #misbehaved(detail: string): void {
    this.#stream?.close();
    this.#finish({ kind: "misbehaved", detail });
  }

  #finish(end: ExchangeEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { onEnd } of pending) onEnd(end);
  }
}
