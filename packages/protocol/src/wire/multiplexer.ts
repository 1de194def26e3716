/**
 * Streams with credit on one connection (spec/node-api.md, section 3). Pure: frames in, events and frames out. Both ends
 * run it; only the client opens.
 *
 * N7 A message may be sent only while its cost (length + 64) fits the credit of its stream and of the connection.
 *    Both begin with the constants below, in both directions.
 * N8 Credit comes back when the receiver is done with a message: so a sender can never make it hold more. A receiver may
 *    give a connection more than it begins with, and take that back by returning less (`setWindow`).
 * N5 A message beyond the credit, an id that does not grow, or too many open streams end the connection.
 */
import { err, ok, type Result } from "@xchat/codec";
import { decodeFrame, encodeFrame, type FrameFault, type ResetReason, type StreamKind } from "./frame.ts";

export const STREAM_CREDIT = 262_144;
export const CONNECTION_CREDIT = 1_048_576;
/** What a message costs beside its bytes, so that empty ones are not free. */
export const MESSAGE_COST = 64;
/** No sender may be granted more than this: a receiver that gives more asks the sender to lose count. */
const MAX_CREDIT = 0x7fff_ffff;

export interface MultiplexerOptions {
  readonly role: "client" | "node";
  /** Open at once. */
  readonly maxStreams: number;
}

export type MultiplexerEvent =
  | {
      readonly kind: "opened";
      readonly stream: number;
      readonly streamKind: StreamKind | "unknown";
      readonly payload: Uint8Array;
      readonly cost: number;
    }
  | { readonly kind: "message"; readonly stream: number; readonly payload: Uint8Array; readonly cost: number }
  | { readonly kind: "ended"; readonly stream: number }
  | { readonly kind: "reset"; readonly stream: number; readonly reason: ResetReason; readonly afterSeconds: number }
  /** Something that waited for credit may go on. */
  | { readonly kind: "credit"; readonly stream: number }
  /** To be sent as it is: an answer of the machine itself. */
  | { readonly kind: "answer"; readonly frame: Uint8Array }
  | { readonly kind: "pong" }
  /** For a stream that is closed already. */
  | { readonly kind: "nothing" };

export type WireFault =
  | FrameFault
  | { readonly reason: "credit-exceeded" | "stream-order" | "too-many-streams" | "credit-overflow" | "not-a-client" };

interface StreamState {
  sendCredit: number;
  receiveCredit: number;
  /** Done with, not yet given back. */
  owed: number;
  localEnded: boolean;
  remoteEnded: boolean;
}

export class Multiplexer {
  readonly #options: MultiplexerOptions;
  readonly #streams = new Map<number, StreamState>();
  #sendCredit = CONNECTION_CREDIT;
  #receiveCredit = CONNECTION_CREDIT;
  /** Received and not done with. */
  #held = 0;
  /** What the other side may have sent without this one being done with it, over all streams. */
  #window = CONNECTION_CREDIT;
  #lastStream = 0;

  constructor(options: MultiplexerOptions) {
    this.#options = options;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  receive(bytes: Uint8Array): Result<MultiplexerEvent, WireFault> {
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) return decoded;
    const frame = decoded.value;
    switch (frame.kind) {
      case "open":
        return this.#receiveOpen(frame.stream, frame.streamKind, frame.payload);
      case "data":
        return this.#receiveData(frame.stream, frame.payload);
      case "end": {
        const state = this.#streams.get(frame.stream);
        if (state === undefined) return ok({ kind: "nothing" });
        state.remoteEnded = true;
        this.#forgetIfDone(frame.stream, state);
        return ok({ kind: "ended", stream: frame.stream });
      }
      case "reset":
        return ok(this.#drop(frame.stream) ? frame : { kind: "nothing" });
      case "credit":
        return this.#receiveCreditFrame(frame.stream, frame.bytes);
      case "ping":
        return ok({ kind: "answer", frame: encodeFrame({ kind: "pong", token: frame.token }) });
      case "pong":
        return ok({ kind: "pong" });
    }
  }

  /** Whether a stream may be opened now with a message of this length. */
  canOpen(length: number): boolean {
    return this.#streams.size < this.#options.maxStreams && length + MESSAGE_COST <= this.#sendCredit;
  }

  /** `null` when credit or the number of streams does not allow it now. Clients only. */
  open(streamKind: StreamKind, payload: Uint8Array): { readonly stream: number; readonly frame: Uint8Array } | null {
    const cost = payload.length + MESSAGE_COST;
    if (!this.canOpen(payload.length)) return null;
    const stream = ++this.#lastStream;
    this.#sendCredit -= cost;
    this.#streams.set(stream, { ...freshStream(), sendCredit: STREAM_CREDIT - cost });
    return { stream, frame: encodeFrame({ kind: "open", stream, streamKind, payload }) };
  }

  isOpen(stream: number): boolean {
    return this.#streams.has(stream);
  }

  canSend(stream: number, length: number): boolean {
    const state = this.#streams.get(stream);
    const cost = length + MESSAGE_COST;
    return state !== undefined && !state.localEnded && cost <= state.sendCredit && cost <= this.#sendCredit;
  }

  /** @throws Error when `canSend` is false: the caller's mistake. */
  send(stream: number, payload: Uint8Array): Uint8Array {
    const state = this.#streams.get(stream);
    if (state === undefined || !this.canSend(stream, payload.length)) throw new Error("sent beyond the credit");
    state.sendCredit -= payload.length + MESSAGE_COST;
    this.#sendCredit -= payload.length + MESSAGE_COST;
    return encodeFrame({ kind: "data", stream, payload });
  }

  /** The receiver is done with a message of this cost. Answers with the frames that give credit back, if it is time. */
  release(stream: number, cost: number): readonly Uint8Array[] {
    this.#held -= cost;
    const frames = this.#grant();
    const state = this.#streams.get(stream);
    if (state === undefined || state.remoteEnded) return frames;
    state.owed += cost;
    if (state.owed >= STREAM_CREDIT / 4) {
      frames.push(encodeFrame({ kind: "credit", stream, bytes: state.owed }));
      state.receiveCredit += state.owed;
      state.owed = 0;
    }
    return frames;
  }

  /**
   * How much may be under way over all streams together, from now on: at least what a connection begins with. Answers with
   * the frame that gives it, if it is time; what is less than before is taken back by returning less.
   */
  setWindow(bytes: number): readonly Uint8Array[] {
    this.#window = Math.max(CONNECTION_CREDIT, bytes);
    return this.#grant();
  }

  /** No more messages from this side. `null` when the stream is closed already. */
  end(stream: number): Uint8Array | null {
    const state = this.#streams.get(stream);
    if (state === undefined || state.localEnded) return null;
    state.localEnded = true;
    this.#forgetIfDone(stream, state);
    return encodeFrame({ kind: "end", stream });
  }

  reset(stream: number, reason: ResetReason, afterSeconds = 0): Uint8Array | null {
    return this.#drop(stream) ? encodeFrame({ kind: "reset", stream, reason, afterSeconds }) : null;
  }

  #grant(): Uint8Array[] {
    const owed = this.#window - this.#held - this.#receiveCredit;
    if (owed < CONNECTION_CREDIT / 4) return [];
    this.#receiveCredit += owed;
    return [encodeFrame({ kind: "credit", stream: 0, bytes: owed })];
  }

  #receiveOpen(
    stream: number,
    streamKind: StreamKind | "unknown",
    payload: Uint8Array,
  ): Result<MultiplexerEvent, WireFault> {
    const cost = payload.length + MESSAGE_COST;
    if (this.#options.role === "client") return err({ reason: "not-a-client" });
    if (stream <= this.#lastStream) return err({ reason: "stream-order" });
    if (this.#streams.size >= this.#options.maxStreams) return err({ reason: "too-many-streams" });
    if (cost > this.#receiveCredit) return err({ reason: "credit-exceeded" });
    this.#lastStream = stream;
    this.#receiveCredit -= cost;
    this.#held += cost;
    this.#streams.set(stream, { ...freshStream(), receiveCredit: STREAM_CREDIT - cost });
    return ok({ kind: "opened", stream, streamKind, payload, cost });
  }

  #receiveData(stream: number, payload: Uint8Array): Result<MultiplexerEvent, WireFault> {
    const cost = payload.length + MESSAGE_COST;
    if (cost > this.#receiveCredit) return err({ reason: "credit-exceeded" });
    this.#receiveCredit -= cost;
    this.#held += cost;
    const state = this.#streams.get(stream);
    if (state === undefined || state.remoteEnded) {
      // It was under way when this side closed the stream. A stream that never was is no such thing.
      if (stream > this.#lastStream || state?.remoteEnded === true) return err({ reason: "stream-order" });
      const frames = this.release(stream, cost);
      return ok(frames[0] === undefined ? { kind: "nothing" } : { kind: "answer", frame: frames[0] });
    }
    if (cost > state.receiveCredit) return err({ reason: "credit-exceeded" });
    state.receiveCredit -= cost;
    return ok({ kind: "message", stream, payload, cost });
  }

  #receiveCreditFrame(stream: number, granted: number): Result<MultiplexerEvent, WireFault> {
    if (stream === 0) {
      this.#sendCredit += granted;
      return this.#sendCredit > MAX_CREDIT ? err({ reason: "credit-overflow" }) : ok({ kind: "credit", stream });
    }
    const state = this.#streams.get(stream);
    if (state === undefined) return ok({ kind: "nothing" });
    state.sendCredit += granted;
    return state.sendCredit > MAX_CREDIT ? err({ reason: "credit-overflow" }) : ok({ kind: "credit", stream });
  }

  #forgetIfDone(stream: number, state: StreamState): void {
    if (state.localEnded && state.remoteEnded) this.#streams.delete(stream);
  }

  #drop(stream: number): boolean {
    return this.#streams.delete(stream);
  }
}

const freshStream = (): StreamState => ({
  sendCredit: STREAM_CREDIT,
  receiveCredit: STREAM_CREDIT,
  owed: 0,
  localEnded: false,
  remoteEnded: false,
});
