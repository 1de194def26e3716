/**
 * The direct connections of a chat of two: one for each device of the other person. In groups there are none: every message
 * has to lie at the home nodes there anyway.
 *
 * DS7 A message goes directly, and by no node, only when every other device of the chat is connected: one that is not
 *     would miss it.
 */
import type { Hex, PayloadItem } from "@xchat/protocol";
import type { SessionCore } from "../session-core.ts";
import { leavesOfOthers, otherLeaves, ownAccount, readAccountId, toBytes } from "./authors.ts";
import { DirectLink, type SendCallbacks } from "./direct-link.ts";
import { saidBy } from "./roster.ts";
import { mayDirect } from "./sealing.ts";
import type { ChatState } from "./step.ts";

export interface DirectLinksDeps {
  readonly state: () => ChatState;
  readonly sendSignal: (items: readonly PayloadItem[]) => void;
  /** `done` is called when the envelope has been saved. */
  readonly onEnvelope: (envelope: Uint8Array, done: () => void) => void;
  readonly onChange: () => void;
}

export class DirectLinks {
  readonly #core: SessionCore;
  readonly #deps: DirectLinksDeps;
  readonly #links = new Map<Hex, DirectLink>();
  #isClosed = false;

  constructor(core: SessionCore, deps: DirectLinksDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  /** Every other device of the chat is connected. */
  get isOpen(): boolean {
    const others = otherLeaves(this.#deps.state());
    return others.length > 0 && others.every((leafKey) => this.#links.get(leafKey)?.isOpen === true);
  }

  /** Members, consent or a switch may have changed. */
  update(): void {
    if (this.#isClosed) return;
    const wanted = new Set(this.#peers());
    for (const [leafKey, link] of this.#links) {
      if (wanted.has(leafKey)) continue;
      link.close();
      this.#links.delete(leafKey);
    }
    for (const leafKey of wanted) {
      const link = this.#links.get(leafKey) ?? this.#link(leafKey);
      this.#links.set(leafKey, link);
      link.update();
    }
  }

  tryNow(): void {
    this.update();
    for (const link of this.#links.values()) link.tryNow();
  }

  acceptSignal(item: Extract<PayloadItem, { kind: "signal" }>, from: Hex, isLive: boolean): void {
    if (!this.#links.has(from)) this.update();
    this.#links.get(from)?.acceptSignal(item, isLive);
  }

  /** While `isOpen`: exactly one of the callbacks comes. Acknowledged: by all of them. */
  send(envelopes: readonly Uint8Array[], callbacks: SendCallbacks): void {
    const links = otherLeaves(this.#deps.state()).map((leafKey) => this.#links.get(leafKey) as DirectLink);
    let left = links.length;
    let isOver = false;
    const end = (callback: () => void): void => {
      if (isOver) return;
      isOver = true;
      callback();
    };
    for (const link of links) {
      link.send(envelopes, {
        onAcknowledged: () => {
          left--;
          if (left === 0) end(callbacks.onAcknowledged);
        },
        onFailed: () => end(callbacks.onFailed),
      });
    }
  }

  /** Something is about to be sent. */
  knock(): void {
    if (this.isOpen) for (const link of this.#links.values()) link.knock();
  }

  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #peers(): readonly Hex[] {
    const state = this.#deps.state();
    if (state.side.state.kind !== "pair") return [];
    return leavesOfOthers(state, ownAccount(this.#core)).map(({ leafKey }) => leafKey);
  }

  #link(leafKey: Hex): DirectLink {
    const { state, ...deps } = this.#deps;
    const account = (): string => state().record.accountId;
    return new DirectLink(this.#core, {
      state,
      peer: toBytes(leafKey),
      isAllowed: () => mayDirect(this.#core, account()),
      theyAllow: () => saidBy(state().roster, readAccountId(account())).mayDirect,
      sendSignal: deps.sendSignal,
      onEnvelope: deps.onEnvelope,
      onChange: deps.onChange,
    });
  }
}
