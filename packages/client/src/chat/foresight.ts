/**
 * What a batch of arrivals can be spared waiting for: envelopes, messages and signatures are opened and verified side by side,
 * and what the store knows of their events is read at once. The batch is then taken in order, as if nothing of this had been:
 * what does not fit by then is done anew.
 */
import { equalBytes } from "@xchat/codec";
import {
  decodeEvent,
  decodePayload,
  eventFacts,
  lookupKeys,
  openEnvelope,
  verifyEvent,
  type EventAuthor,
  type EventFacts,
  type Group,
  type GroupCipher,
  type PayloadItem,
  type SignedEvent,
} from "@xchat/protocol";
import { authorOfLeaf } from "./authors.ts";
import type { ChatState, Step } from "./step.ts";

/** Events of a batch that are looked at beforehand; nobody's answers to questions are worth more memory than that. */
const MAX_EVENTS = 512;

type OpenedFrame = Awaited<ReturnType<typeof openEnvelope>>;
type OpenedByGroup = Awaited<ReturnType<GroupCipher["open"]>>;

/** Of one envelope. */
export interface ForeseenMessage {
  readonly wrapKey: Uint8Array;
  readonly frame: OpenedFrame;
  /** What comes of its message in the group `before`; null where it was not tried. */
  readonly message: { readonly before: Group; readonly opened: OpenedByGroup } | null;
}

/** Of one event, by the very bytes that the payload gave. */
export interface ForeseenEvent {
  readonly event: SignedEvent;
  readonly facts: EventFacts;
  readonly author: EventAuthor;
  readonly isSigned: boolean;
}

export class Foresight {
  readonly #messages = new Map<Uint8Array, ForeseenMessage>();
  readonly #items = new Map<Uint8Array, ReturnType<typeof decodePayload>>();
  readonly #events = new Map<Uint8Array, ForeseenEvent>();

  message(envelope: Uint8Array): ForeseenMessage | null {
    return this.#messages.get(envelope) ?? null;
  }

  /** The same object for the same bytes, so that its events are found again. */
  payload(plaintext: Uint8Array): ReturnType<typeof decodePayload> {
    return this.#items.get(plaintext) ?? decodePayload(plaintext);
  }

  /** Null too where somebody else is its author by now. */
  event(encoded: Uint8Array, state: ChatState): ForeseenEvent | null {
    const known = this.#events.get(encoded);
    const author = known === undefined ? null : authorOfLeaf(state, known.facts.author);
    return known !== undefined && author !== null && equalBytes(known.author.account, author.account) ? known : null;
  }

  /** `wrapKey`: of the epoch whose mailbox the envelope lay in. */
  async look(
    step: Step,
    arrivals: readonly { readonly envelope: Uint8Array; readonly wrapKey: Uint8Array }[],
  ): Promise<void> {
    const { provider, cipher } = step.core;
    const frames = await Promise.all(
      arrivals.map(({ envelope, wrapKey }) => openEnvelope(provider, wrapKey, envelope)),
    );
    // A commit may lead to another group: what comes behind one is opened when that has been decided.
    const payloads = frames.map((frame) => (frame.ok && frame.value.kind === "whole" ? frame.value.payload : null));
    const end = payloads.findIndex((payload) => payload === null || cipher.messageKind(payload) !== "application");
    const messages = payloads.slice(0, end === -1 ? payloads.length : end).filter((payload) => payload !== null);
    const opened = messages.length < 2 ? [] : await cipher.openInOrder(step.state.group, messages);
    let before = step.state.group;
    for (const [index, { envelope, wrapKey }] of arrivals.entries()) {
      const result = opened[index];
      const message = result === undefined ? null : { before, opened: result };
      this.#messages.set(envelope, { wrapKey, frame: frames[index] as OpenedFrame, message });
      if (result?.ok === true) before = result.value.group;
    }
    await this.#lookAtEvents(step, opened);
  }

  async #lookAtEvents(step: Step, messages: readonly OpenedByGroup[]): Promise<void> {
    const items: PayloadItem[] = [];
    for (const message of messages) {
      if (!message.ok || message.value.kind !== "application") continue;
      const { plaintext } = message.value;
      const decoded = decodePayload(plaintext);
      this.#items.set(plaintext, decoded);
      if (decoded.ok) items.push(...decoded.value);
    }
    const encoded = items.flatMap((item) =>
      item.kind === "event" ? [item.event] : item.kind === "give" ? item.events : [],
    );
    const verified = await Promise.all(encoded.slice(0, MAX_EVENTS).map((one) => this.#verify(step, one)));
    const keys = verified.flatMap((facts) => (facts === null ? [] : [lookupKeys(facts)]));
    await step.stored.read(
      keys.flatMap(({ ids }) => ids),
      keys.map(({ position }) => position),
    );
  }

  async #verify(step: Step, encoded: Uint8Array): Promise<EventFacts | null> {
    const { provider } = step.core;
    const decoded = decodeEvent(provider, encoded);
    if (!decoded.ok) return null;
    const event = decoded.value;
    const facts = eventFacts(event);
    const author = authorOfLeaf(step.state, facts.author);
    if (author === null) return null;
    const isSigned = await verifyEvent(provider, event, author);
    this.#events.set(encoded, { event, facts, author, isSigned });
    return isSigned ? facts : null;
  }
}
