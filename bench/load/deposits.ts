/**
 * The clients of `bench/node.ts`, in a process of their own: seals everything beforehand, then sends as fast as credit
 * allows and checks each receipt. Prints one line of JSON.
 */
import { WebSocket } from "ws";
import { solveStamp, type KeyPair } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  contentHash,
  decodeAnswer,
  encodeRequest,
  isStatementFor,
  Multiplexer,
  nodeIdOf,
  openClientExchange,
  openDescriptor,
  openReceipt,
  signedBytes,
  stampChallenge,
  WIRE_SUBPROTOCOL,
  type ClientExchange,
  type Descriptor,
  type MailboxAnswer,
  type MailboxRequest,
} from "@xchat/protocol";

interface Task {
  readonly address: string;
  readonly mailboxes: number;
  readonly connections: number;
  /** Deposits on exchanges that are open, for each mailbox. */
  readonly depositsEach: number;
  readonly freshDeposits: number;
}

const provider = nodeCryptoProvider();
const EMPTY = new Uint8Array(0);
const task = JSON.parse(process.argv[2] as string) as Task;

/** One socket with its streams; a stream's messages are handled in order. */
class Wire {
  readonly #socket: WebSocket;
  readonly #multiplexer = new Multiplexer({ role: "client", maxStreams: 256 });
  readonly #handlers = new Map<number, (payload: Uint8Array | null, cost: number) => void>();
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#receive(data));
  }

  static async connect(address: string): Promise<Wire> {
    const socket = new WebSocket(address, [WIRE_SUBPROTOCOL], { perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return new Wire(socket);
  }

  async open(
    kind: "descriptor" | "exchange",
    payload: Uint8Array,
    handler: (payload: Uint8Array | null, cost: number) => void,
  ): Promise<number> {
    for (;;) {
      const opened = this.#multiplexer.open(kind, payload);
      if (opened !== null) {
        this.#handlers.set(opened.stream, handler);
        this.#socket.send(opened.frame);
        return opened.stream;
      }
      await this.#room();
    }
  }

  async send(stream: number, payload: Uint8Array): Promise<void> {
    while (!this.#multiplexer.canSend(stream, payload.length)) await this.#room();
    this.#socket.send(this.#multiplexer.send(stream, payload));
  }

  release(stream: number, cost: number): void {
    for (const frame of this.#multiplexer.release(stream, cost)) this.#socket.send(frame);
  }

  end(stream: number): void {
    this.#handlers.delete(stream);
    const frame = this.#multiplexer.reset(stream, "cancelled");
    if (frame !== null) this.#socket.send(frame);
    this.#wake();
  }

  close(): void {
    this.#socket.close();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #receive(data: Buffer): void {
    const received = this.#multiplexer.receive(data);
    if (!received.ok) throw new Error(received.error.reason);
    const event = received.value;
    if (event.kind === "message") this.#handlers.get(event.stream)?.(event.payload, event.cost);
    else if (event.kind === "credit") this.#wake();
    else if (event.kind === "answer") this.#socket.send(event.frame);
    else if (event.kind === "reset") throw new Error(`the node reset a stream: ${event.reason}`);
    else if (event.kind === "ended") this.#handlers.delete(event.stream);
  }
}

/** An exchange with one mailbox; answers are counted by number. */
class Depositor {
  readonly #wire: Wire;
  readonly #exchange: ClientExchange;
  readonly #answers = new Map<number, (answer: MailboxAnswer) => Promise<void>>();
  #stream = 0;
  #number = 0;
  #lane: Promise<void> = Promise.resolve();

  constructor(wire: Wire, exchange: ClientExchange) {
    this.#wire = wire;
    this.#exchange = exchange;
  }

  async prepare(
    build: (number: number) => Promise<MailboxRequest> | MailboxRequest,
    body: Uint8Array,
  ): Promise<{ number: number; message: Uint8Array }> {
    const number = this.#number++;
    return { number, message: await this.#exchange.seal(encodeRequest(await build(number)), body) };
  }

  async send(number: number, message: Uint8Array, onAnswer: (answer: MailboxAnswer) => Promise<void>): Promise<void> {
    this.#answers.set(number, onAnswer);
    if (this.#stream === 0)
      this.#stream = await this.#wire.open("exchange", message, (payload, cost) => this.#receive(payload, cost));
    else await this.#wire.send(this.#stream, message);
  }

  end(): void {
    this.#wire.end(this.#stream);
  }

  get id(): Uint8Array {
    return this.#exchange.id;
  }

  #receive(payload: Uint8Array | null, cost: number): void {
    this.#lane = this.#lane.then(async () => {
      if (payload === null) throw new Error("an exchange ended");
      const chunk = await this.#exchange.open(payload);
      if (!chunk.ok) throw new Error(chunk.error.reason);
      const answer = decodeAnswer(chunk.value.head);
      if (!answer.ok) throw new Error(answer.error.reason);
      const handler = this.#answers.get(answer.value.number);
      this.#answers.delete(answer.value.number);
      await handler?.(answer.value);
      this.#wire.release(this.#stream, cost);
    });
  }
}

const wires: Wire[] = [];
for (let i = 0; i < task.connections; i++) wires.push(await Wire.connect(task.address));

async function descriptorOf(wire: Wire): Promise<Descriptor> {
  const message = await new Promise<Uint8Array>((resolve) => {
    void wire.open("descriptor", EMPTY, (payload) => resolve(payload as Uint8Array));
  });
  const opened = await openDescriptor(provider, message.subarray(4), Math.floor(Date.now() / 1_000));
  if (!opened.ok) throw new Error(opened.error.reason);
  return opened.value;
}

const descriptor = await descriptorOf(wires[0] as Wire);
const nodeId = nodeIdOf(provider, descriptor.identityKey);
const dayKey = descriptor.keys[0] as Descriptor["keys"][0];
const roots = new Set<string>();

async function newDepositor(at: number): Promise<Depositor> {
  const exchange = await openClientExchange({ provider, nodeId, dayKey, nowSeconds: Math.floor(Date.now() / 1_000) });
  if (exchange === null) throw new Error("malformed key of the day");
  return new Depositor(wires[at % wires.length] as Wire, exchange);
}

async function openMailbox(depositor: Depositor, key: KeyPair): Promise<void> {
  const day = Math.floor(Date.now() / 86_400_000);
  const nonce = await solveStamp(
    provider,
    stampChallenge("mailbox", nodeId, key.publicKey, day),
    descriptor.stamps.mailbox,
  );
  const stamp = { day, nonce };
  const { number, message } = await depositor.prepare(async (request) => {
    const signed = signedBytes(
      { nodeId, exchangeId: depositor.id, number: request },
      "openMailbox",
      key.publicKey,
      contentHash.openMailbox(provider, stamp),
    );
    return {
      kind: "openMailbox",
      mailbox: key.publicKey,
      stamp,
      signature: await provider.ed25519Sign(key.secretKey, signed),
    };
  }, EMPTY);
  const answer = await new Promise<MailboxAnswer>((resolve) => {
    void depositor.send(number, message, async (answered) => resolve(answered));
  });
  if (answer.kind !== "done") throw new Error(`not opened: ${JSON.stringify(answer)}`);
}

interface Prepared {
  readonly number: number;
  readonly message: Uint8Array;
  readonly check: (answer: MailboxAnswer) => Promise<void>;
}

async function prepareDeposit(depositor: Depositor, key: KeyPair): Promise<Prepared> {
  const envelope = provider.randomBytes(8_192);
  const hash = contentHash.deposit(provider, envelope);
  const prepared = await depositor.prepare(async (number) => {
    const signed = signedBytes({ nodeId, exchangeId: depositor.id, number }, "deposit", key.publicKey, hash);
    return { kind: "deposit", mailbox: key.publicKey, signature: await provider.ed25519Sign(key.secretKey, signed) };
  }, envelope);
  const check = async (answer: MailboxAnswer): Promise<void> => {
    if (answer.kind !== "receipt") throw new Error(`no receipt: ${JSON.stringify(answer)}`);
    if (roots.size > 512) roots.clear();
    const receipt = await openReceipt(provider, descriptor.identityKey, answer.receipt, roots);
    const isGood = receipt.ok && isStatementFor(receipt.value, { mailbox: key.publicKey, hash, kind: "envelope" });
    if (!isGood) throw new Error("a receipt does not hold");
  };
  return { ...prepared, check };
}

const keys: KeyPair[] = [];
const depositors: Depositor[] = [];
for (let i = 0; i < task.mailboxes; i++) {
  const key = await provider.ed25519KeyPair(provider.randomBytes(32));
  const depositor = await newDepositor(i);
  await openMailbox(depositor, key);
  keys.push(key);
  depositors.push(depositor);
}

/** Seconds from the first send to the last receipt. */
async function timed(count: number, run: (onReceipt: () => void) => void): Promise<number> {
  const started = performance.now();
  await new Promise<void>((resolve) => {
    let left = count;
    run(() => {
      if (--left === 0) resolve();
    });
  });
  return (performance.now() - started) / 1_000;
}

async function measureOpen(): Promise<number> {
  const prepared: Prepared[][] = [];
  for (const [i, depositor] of depositors.entries()) {
    const own: Prepared[] = [];
    for (let n = 0; n < task.depositsEach; n++) own.push(await prepareDeposit(depositor, keys[i] as KeyPair));
    prepared.push(own);
  }
  const count = task.mailboxes * task.depositsEach;
  const seconds = await timed(count, (onReceipt) => {
    for (const [i, own] of prepared.entries()) {
      void (async () => {
        for (const { number, message, check } of own) {
          await (depositors[i] as Depositor).send(number, message, async (answer) => {
            await check(answer);
            onReceipt();
          });
        }
      })();
    }
  });
  return count / seconds;
}

async function measureFresh(): Promise<number> {
  const prepared: (Prepared & { readonly depositor: Depositor })[] = [];
  for (let n = 0; n < task.freshDeposits; n++) {
    const depositor = await newDepositor(n);
    prepared.push({ depositor, ...(await prepareDeposit(depositor, keys[n % keys.length] as KeyPair)) });
  }
  const seconds = await timed(prepared.length, (onReceipt) => {
    let next = 0;
    const one = async (): Promise<void> => {
      const own = prepared[next++];
      if (own === undefined) return;
      await own.depositor.send(own.number, own.message, async (answer) => {
        await own.check(answer);
        own.depositor.end();
        onReceipt();
        void one();
      });
    };
    for (let i = 0; i < task.connections * 12; i++) void one();
  });
  return prepared.length / seconds;
}

const depositsPerSecond = await measureOpen();
const freshDepositsPerSecond = await measureFresh();
for (const depositor of depositors) depositor.end();
for (const wire of wires) wire.close();
process.stdout.write(`${JSON.stringify({ depositsPerSecond, freshDepositsPerSecond })}\n`);
process.exit(0);
