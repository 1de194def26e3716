/**
 * One stream of a client that goes on at another node: messages pass both ways as they are, in order.
 *
 * RS1 A client's credit is given back when its message has gone on; a node's, when the client has taken its message. So
 *     neither can make the relay hold more than credit, and what nodes send to a client that does not read is bounded
 *     over all its streams.
 * RS2 What the node said before it ended the stream is still passed on; when the client ends it, nothing is.
 */
import type { RelayOpening, ResetReason } from "@xchat/protocol";
import type { SessionLink, StreamSession } from "../exchange-session.ts";
import type { Relay, RelayClient } from "./relay.ts";
import type { UpstreamEnd, UpstreamStream } from "./upstream.ts";

interface Waiting {
  readonly payload: Uint8Array;
  readonly cost: number;
}

const SLOW_SECONDS = 5;

export class RelayedStream implements StreamSession {
  readonly #relay: Relay;
  readonly #client: RelayClient;
  readonly #link: SessionLink;
  readonly #overAt: number;
  readonly #toNode: Waiting[] = [];
  readonly #toClient: Waiting[] = [];
  #stream: UpstreamStream | null = null;
  #end: UpstreamEnd | null = null;
  #isPumping = false;
  #isClosed = false;

  constructor(relay: Relay, client: RelayClient, link: SessionLink, overAt: number) {
    this.#relay = relay;
    this.#client = client;
    this.#link = link;
    this.#overAt = overAt;
  }

  begin(opening: RelayOpening, cost: number): void {
    this.#begin(opening, cost).catch(() => this.#fail("target-down", 0));
  }

  async #begin(opening: RelayOpening, cost: number): Promise<void> {
    const stream = await this.#relay.open(this.#client, opening, {
      onMessage: (payload, messageCost) => this.#fromNode(payload, messageCost),
      onEnd: (end) => this.#ended(end),
      onWritable: () => this.#sendOn(),
    });
    if ("reason" in stream) return this.#fail(stream.reason, stream.afterSeconds);
    if (this.#isClosed) return stream.close();
    this.#stream = stream;
    this.#link.release(cost);
    this.#sendOn();
    this.#pump();
  }

  receive(payload: Uint8Array, cost: number): void {
    // Its own copy where it has to wait: it lies in a buffer of the socket that may be much larger.
    if (this.#toNode.length === 0 && this.#stream?.canSend(payload.length) === true) {
      this.#stream.send(payload);
      return this.#link.release(cost);
    }
    this.#toNode.push({ payload: payload.slice(), cost });
  }

  isOver(now: number): boolean {
    return now > this.#overAt;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#toNode.length = 0;
    for (const { payload } of this.#toClient.splice(0)) this.#relay.letGo(this.#client, payload.length);
    this.#stream?.close();
  }

  #sendOn(): void {
    for (let next = this.#toNode[0]; next !== undefined; next = this.#toNode[0]) {
      if (this.#isClosed || this.#stream?.canSend(next.payload.length) !== true) return;
      this.#toNode.shift();
      this.#stream.send(next.payload);
      this.#link.release(next.cost);
    }
  }

  /** It may come before `begin` has the stream. */
  #fromNode(payload: Uint8Array, cost: number): void {
    if (this.#isClosed) return;
    if (!this.#relay.hold(this.#client, payload.length)) return this.#fail("try-later", SLOW_SECONDS);
    this.#toClient.push({ payload: payload.slice(), cost });
    this.#pump();
  }

  #ended(end: UpstreamEnd): void {
    this.#end = end;
    this.#pump();
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed || this.#stream === null) return;
    this.#isPumping = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    for (let next = this.#toClient[0]; next !== undefined; next = this.#toClient[0]) {
      const writable = this.#link.writable(next.payload.length);
      if (writable !== true && !(await writable)) return;
      if (this.#isClosed) return;
      this.#toClient.shift();
      this.#relay.letGo(this.#client, next.payload.length);
      this.#link.send(next.payload);
      this.#stream?.release(next.cost);
    }
    this.#isPumping = false;
    if (this.#end === null || this.#isClosed) return;
    if (this.#end.kind === "reset") return this.#fail(this.#end.reason, this.#end.afterSeconds);
    this.#link.end();
  }

  #fail(reason: ResetReason, afterSeconds: number): void {
    if (this.#isClosed) return;
    this.close();
    this.#link.reset(reason, afterSeconds);
  }
}
