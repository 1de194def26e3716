/**
 * Where the two devices of a link meet (spec/devices.md, DV3): one mailbox at each node of the code, derived from its
 * secret. Either side writes each frame to all of them, sealed for each anew, and reads all of them.
 *
 * LM1 What a node gives is hostile: what does not open is let pass, and of one meeting at most `MAX_ENVELOPES` are read.
 * LM2 A frame is handed over once, whatever number of nodes gives it, and never to the side that wrote it.
 * LM3 Nothing is kept: a link lasts minutes, and its secrets are worth less than the room on a disk where they linger.
 */
import { bytesToHex } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import {
  collectFragment,
  emptyReassembly,
  linkRendezvous,
  openEnvelope,
  sealEnvelopes,
  type NodeHint,
  type Reassembly,
} from "@xchat/protocol";
import type { Background } from "../base/background.ts";
import { Lane } from "../base/lane.ts";
import { nodeId, type NodePool } from "../delivery/nodes.ts";
import type { Readers } from "../delivery/readers.ts";
import type { Clock, MailboxKey, StoredEnvelope, Timer } from "../ports.ts";

export interface MeetingDeps {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly pool: NodePool;
  readonly readers: Readers;
  readonly background: Background;
}

/** A whole link has ten frames and a Welcome of up to nine envelopes, at three nodes. */
const MAX_ENVELOPES = 512;
/** What a node refuses is tried again: its mailbox may be full for a moment. */
const REFUSED_RETRY = 5_000;
/** For so long are last words still brought to the nodes. */
const LAST_WORDS = 30_000;

interface Place {
  readonly hint: NodeHint;
  readonly mailbox: MailboxKey;
  readonly wrapKey: Uint8Array;
  /** One after the other, so that they lie there in order. */
  readonly lane: Lane;
  reassembly: Reassembly;
}

export class LinkMeeting {
  readonly #deps: MeetingDeps;
  /** Of the exchanges with the nodes; random, as nothing else belongs to them. */
  readonly #context: string;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #lane = new Lane();
  readonly #known = new Set<string>();
  readonly #timers = new Set<Timer>();
  readonly #waiting = new Set<() => void>();
  #places: readonly Place[] = [];
  #read = 0;
  #isReading = false;
  #isClosed = false;

  constructor(deps: MeetingDeps, onFrame: (frame: Uint8Array) => void) {
    this.#deps = deps;
    this.#context = `link/${bytesToHex(deps.provider.randomBytes(16))}`;
    this.#onFrame = onFrame;
  }

  /** Begins to read; before, nothing can be sent. */
  async open(secret: Uint8Array, nodes: readonly NodeHint[]): Promise<void> {
    const { provider, readers } = this.#deps;
    const places: Place[] = [];
    for (const hint of nodes) {
      const { mailboxSeed, wrapKey } = linkRendezvous(provider, secret, hint.keyHash);
      const { publicKey } = await provider.ed25519KeyPair(mailboxSeed);
      const mailbox = { seed: mailboxSeed, publicKey };
      places.push({ hint, mailbox, wrapKey, lane: new Lane(), reassembly: emptyReassembly() });
    }
    if (this.#isClosed) return;
    this.#places = places;
    this.#isReading = true;
    const targets = places.map(({ hint, mailbox }) => ({ hint, mailboxes: [mailbox] }));
    readers.set(this.#context, targets, ({ hint, envelopes }) => this.#arrived(hint, envelopes));
  }

  send(frame: Uint8Array): void {
    this.#known.add(this.#idOf(frame));
    for (const place of this.#places) {
      this.#deps.background.run(place.lane.run(() => this.#deposit(place, frame)));
    }
  }

  /** Reads no more; what was said last still goes. */
  leave(): void {
    this.#stopReading();
    this.#after(LAST_WORDS, () => this.close());
  }

  close(): void {
    this.#isClosed = true;
    this.#stopReading();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  // ---- below: reading

  #stopReading(): void {
    if (this.#isReading) this.#deps.readers.remove(this.#context);
    this.#isReading = false;
  }

  #arrived(hint: NodeHint, envelopes: readonly StoredEnvelope[]): void {
    const place = this.#places.find((one) => nodeId(one.hint) === nodeId(hint));
    if (place === undefined) return;
    this.#deps.background.run(
      this.#lane.run(async () => {
        for (const { envelope } of envelopes) await this.#open(place, envelope);
      }),
    );
  }

  async #open(place: Place, envelope: Uint8Array): Promise<void> {
    if (!this.#isReading || this.#read++ >= MAX_ENVELOPES) return;
    const { provider } = this.#deps;
    const opened = await openEnvelope(provider, place.wrapKey, envelope);
    if (!opened.ok) return;
    if (opened.value.kind === "whole") return this.#take(opened.value.payload);
    const collected = collectFragment(provider, place.reassembly, opened.value);
    place.reassembly = collected.state;
    if (collected.payload !== null) this.#take(collected.payload);
  }

  #take(frame: Uint8Array): void {
    const id = this.#idOf(frame);
    if (this.#known.has(id)) return;
    this.#known.add(id);
    this.#onFrame(frame);
  }

  #idOf(frame: Uint8Array): string {
    return bytesToHex(this.#deps.provider.sha256(frame));
  }

  // ---- below: writing

  /** Until the node has it, or the meeting is over. */
  async #deposit({ hint, mailbox, wrapKey }: Place, frame: Uint8Array): Promise<void> {
    const { provider, pool } = this.#deps;
    for (const envelope of await sealEnvelopes(provider, wrapKey, frame)) {
      for (;;) {
        await this.#mayTry(hint);
        if (this.#isClosed) return;
        const outcome = await pool.access(hint).deposit({ context: this.#context, mailbox, envelope });
        pool.report(hint, outcome);
        if (outcome.ok) break;
        if (outcome.error.kind === "refused") await this.#wait((wake) => this.#after(REFUSED_RETRY, wake));
      }
    }
  }

  #mayTry(hint: NodeHint): Promise<void> {
    return this.#wait((wake) => {
      const again = (): void => {
        if (this.#isClosed || this.#deps.pool.mayTry(hint, again)) wake();
      };
      again();
    });
  }

  /** Ends with the meeting at the latest. */
  #wait(begin: (wake: () => void) => void): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      begin(wake);
    });
  }

  #after(milliseconds: number, call: () => void): void {
    const timer = this.#deps.clock.after(milliseconds, () => {
      this.#timers.delete(timer);
      call();
    });
    this.#timers.add(timer);
  }
}
