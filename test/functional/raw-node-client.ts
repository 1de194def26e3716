/** A client of a node that follows no rule by itself: frames, exchanges and signatures as a test wants them. */
import { WebSocket } from "ws";
import { solveStamp, type KeyPair } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  contentHash,
  decodeAnswer,
  decodeFrame,
  dayOf,
  encodeFrame,
  encodeRelayOpening,
  encodeRequest,
  nodeIdOf,
  openClientExchange,
  openDescriptor,
  signedBytes,
  stampChallenge,
  WIRE_SUBPROTOCOL,
  type ClientExchange,
  type Descriptor,
  type MailboxAnswer,
  type MailboxRequest,
  type RequestPlace,
  type ResetReason,
  type StreamKind,
  type WireFrame,
} from "@xchat/protocol";

export const provider = nodeCryptoProvider();
export const EMPTY = new Uint8Array(0);
export const newEnvelope = (size = 8_192): Uint8Array => provider.randomBytes(size);
export const newKey = async (): Promise<KeyPair> => provider.ed25519KeyPair(provider.randomBytes(32));

type Received = WireFrame | { readonly kind: "closed"; readonly code: number };

/** Queues what comes; a test takes it frame by frame. */
export class RawSocket {
  readonly socket: WebSocket;
  readonly #queue: Received[] = [];
  #waiting: ((received: Received) => void) | null = null;
  #nextStream = 0;
  bytes = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      this.bytes += data.length;
      const frame = decodeFrame(new Uint8Array(data));
      if (!frame.ok) throw new Error(`the node sent a malformed frame: ${frame.error.reason}`);
      this.#push(frame.value);
    });
    socket.on("close", (code) => this.#push({ kind: "closed", code }));
    socket.on("error", () => {});
  }

  /** `localAddress`: which address of this machine the other side sees. */
  static async connect(address: string, localAddress?: string): Promise<RawSocket> {
    const from = localAddress === undefined ? {} : { localAddress };
    const socket = new WebSocket(address, [WIRE_SUBPROTOCOL], { perMessageDeflate: false, ...from });
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return new RawSocket(socket);
  }

  send(frame: WireFrame): void {
    this.socket.send(encodeFrame(frame));
  }

  open(streamKind: StreamKind, payload: Uint8Array): number {
    const stream = ++this.#nextStream;
    this.send({ kind: "open", stream, streamKind, payload });
    return stream;
  }

  async next(): Promise<Received> {
    const ready = this.#queue.shift();
    if (ready !== undefined) return ready;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Passes over credit. */
  async nextOf<K extends Received["kind"]>(...kinds: K[]): Promise<Extract<Received, { kind: K }>> {
    for (;;) {
      const received = await this.next();
      if ((kinds as string[]).includes(received.kind)) return received as Extract<Received, { kind: K }>;
      if (received.kind !== "credit") throw new Error(`wanted ${kinds.join(" or ")}, got ${JSON.stringify(received)}`);
    }
  }

  close(): void {
    this.socket.terminate();
  }

  #push(received: Received): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#queue.push(received);
    else waiting(received);
  }
}

export interface KnownNode {
  readonly nodeId: Uint8Array;
  readonly descriptor: Descriptor;
}

export async function learnNode(address: string): Promise<KnownNode> {
  const socket = await RawSocket.connect(address);
  socket.open("descriptor", EMPTY);
  const { payload } = await socket.nextOf("data");
  const descriptor = await openDescriptor(provider, payload.subarray(4), Math.floor(Date.now() / 1_000));
  if (!descriptor.ok) throw new Error(descriptor.error.reason);
  socket.close();
  return { nodeId: nodeIdOf(provider, descriptor.value.identityKey), descriptor: descriptor.value };
}

export const sealTo = async (node: KnownNode, nowSeconds = Math.floor(Date.now() / 1_000)): Promise<ClientExchange> => {
  const dayKey = node.descriptor.keys[0] as Descriptor["keys"][0];
  const exchange = await openClientExchange({ provider, nodeId: node.nodeId, dayKey, nowSeconds });
  if (exchange === null) throw new Error("malformed key of the day");
  return exchange;
};

/** One exchange on one socket of its own, a request at a time. */
export class RawExchange {
  readonly socket: RawSocket;
  readonly node: KnownNode;
  readonly exchange: ClientExchange;
  /** Where the node is, for the relay to which the socket leads. */
  readonly relayedTo: string | null;
  #stream = 0;
  #number = 0;

  constructor(socket: RawSocket, node: KnownNode, exchange: ClientExchange, relayedTo: string | null = null) {
    this.relayedTo = relayedTo;
    this.socket = socket;
    this.node = node;
    this.exchange = exchange;
  }

  static async connect(address: string, node: KnownNode): Promise<RawExchange> {
    return new RawExchange(await RawSocket.connect(address), node, await sealTo(node));
  }

  /** Where the next request will stand. */
  get place(): RequestPlace {
    return { nodeId: this.node.nodeId, exchangeId: this.exchange.id, number: this.#number };
  }

  async send(head: Uint8Array, body: Uint8Array = EMPTY): Promise<Uint8Array> {
    const message = await this.exchange.seal(head, body);
    this.#number++;
    if (this.#stream === 0) this.#stream = this.#open(message);
    else this.socket.send({ kind: "data", stream: this.#stream, payload: message });
    return message;
  }

  get stream(): number {
    return this.#stream;
  }

  #open(message: Uint8Array): number {
    if (this.relayedTo === null) return this.socket.open("exchange", message);
    const { nodeId } = this.node;
    return this.socket.open(
      "relay",
      encodeRelayOpening({ kind: "exchange", nodeId, address: this.relayedTo, message }),
    );
  }

  async answer(): Promise<{ readonly head: MailboxAnswer; readonly body: Uint8Array }> {
    const { payload } = await this.socket.nextOf("data");
    const chunk = await this.exchange.open(payload);
    if (!chunk.ok) throw new Error(chunk.error.reason);
    const head = decodeAnswer(chunk.value.head);
    if (!head.ok) throw new Error(head.error.reason);
    return { head: head.value, body: chunk.value.body };
  }

  async ask(request: MailboxRequest, body: Uint8Array = EMPTY): Promise<MailboxAnswer> {
    await this.send(encodeRequest(request), body);
    return (await this.answer()).head;
  }

  async reset(): Promise<ResetReason> {
    return (await this.socket.nextOf("reset")).reason;
  }

  sign(key: KeyPair, operation: MailboxRequest["kind"], content: Uint8Array, place = this.place): Promise<Uint8Array> {
    return Promise.resolve(provider.ed25519Sign(key.secretKey, signedBytes(place, operation, key.publicKey, content)));
  }

  async openMailbox(key: KeyPair): Promise<MailboxAnswer> {
    const day = dayOf(Date.now());
    const challenge = stampChallenge("mailbox", this.node.nodeId, key.publicKey, day);
    const stamp = { day, nonce: await solveStamp(provider, challenge, this.node.descriptor.stamps.mailbox) };
    const signature = await this.sign(key, "openMailbox", contentHash.openMailbox(provider, stamp));
    return this.ask({ kind: "openMailbox", mailbox: key.publicKey, stamp, signature });
  }

  async deposit(key: KeyPair, envelope: Uint8Array): Promise<MailboxAnswer> {
    const signature = await this.sign(key, "deposit", contentHash.deposit(provider, envelope));
    return this.ask({ kind: "deposit", mailbox: key.publicKey, signature }, envelope);
  }

  async subscribe(key: KeyPair, after = 0): Promise<void> {
    const signature = await this.sign(key, "subscribe", contentHash.subscribe(provider, after));
    await this.send(encodeRequest({ kind: "subscribe", mailboxes: [{ mailbox: key.publicKey, after, signature }] }));
  }

  close(): void {
    this.socket.close();
  }
}
