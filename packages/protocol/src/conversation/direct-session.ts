/**
 * A direct connection to the other device, as a state machine (spec/conversation.md, section 6). It owns no socket and
 * no clock: an input goes in with the time and fresh randomness, the next state and effects come out.
 *
 * DS1 No peer is made and no signal is sent before both people have said yes and the switch is on; when either is taken
 *     back, the connection is closed at once, and only that is told.
 * DS2 One session at a time, named by 16 bytes of the device that offered. Signals of any other are ignored.
 * DS3 Glare: when both offer at once, the device with the lesser key is polite: it drops its offer and answers.
 * DS4 A session that does not open within `CONNECT_PATIENCE` is closed. Then comes a wait that doubles, with jitter.
 * DS5 An envelope that goes directly is deposited at nodes when no acknowledgement comes within `ACK_PATIENCE`, and at
 *     once when the channel is not open, is full, or closes. Each envelope ends as acknowledged or deposited, not both.
 * DS6 The other device cannot make this one start sessions faster than one in `MIN_OFFER_INTERVAL`.
 */
import { compareBytes, equalBytes } from "@xchat/codec";
import type { Signal } from "./payload.ts";

const SECOND = 1_000;
export const ACK_PATIENCE = 2 * SECOND;
export const CONNECT_PATIENCE = 20 * SECOND;
/** Silence after which a ping goes out, and after which the channel counts as dead. */
export const PING_AFTER = 15 * SECOND;
export const DEAD_AFTER = 35 * SECOND;
export const MIN_OFFER_INTERVAL = SECOND;
export const FIRST_WAIT = 2 * SECOND;
export const LONGEST_WAIT = 600 * SECOND;
/** The polite device lets the other one offer first. */
export const POLITE_WAIT = 3 * SECOND;
/** Envelopes whose acknowledgement is awaited. */
export const MAX_IN_FLIGHT = 64;

type Phase =
  /** Not wanted, or not yet time. */
  | { readonly kind: "idle" }
  | { readonly kind: "waiting"; readonly until: number }
  | { readonly kind: "connecting"; readonly session: Uint8Array; readonly role: Role; readonly until: number }
  | { readonly kind: "open"; readonly session: Uint8Array; readonly heardAt: number; readonly pingedAt: number };

type Role = "offerer" | "answerer";

export interface DirectState {
  readonly selfKey: Uint8Array;
  readonly peerKey: Uint8Array;
  readonly isSwitchedOn: boolean;
  readonly ownConsent: boolean;
  readonly theirConsent: boolean;
  readonly phase: Phase;
  readonly failures: number;
  readonly answeredAt: number;
  /** Hex of the envelope hash, and when to deposit it. */
  readonly inFlight: ReadonlyMap<string, number>;
}

export type DirectInput =
  | {
      readonly kind: "permissions";
      readonly isSwitchedOn: boolean;
      readonly ownConsent: boolean;
      readonly theirConsent: boolean;
    }
  /** From the conversation. `isLive` false: read while catching up; what it describes is long gone. */
  | { readonly kind: "signal"; readonly session: Uint8Array; readonly signal: Signal; readonly isLive: boolean }
  /** From the own peer of `session`. */
  | { readonly kind: "peer-signal"; readonly session: Uint8Array; readonly signal: Signal }
  | { readonly kind: "peer-state"; readonly session: Uint8Array; readonly state: "open" | "closed" }
  /** A sealed envelope is to go; `hash` in hex. */
  | { readonly kind: "send"; readonly hash: string }
  /** The channel did not take the frame. */
  | { readonly kind: "refused"; readonly hash: string }
  | { readonly kind: "frame"; readonly frame: "envelope" | "ping" | "pong"; readonly number?: number }
  | { readonly kind: "acknowledged"; readonly hash: string }
  /** The device is back on a network, or the person asks. */
  | { readonly kind: "try-now" }
  | { readonly kind: "tick" };

export type DirectEffect =
  | { readonly kind: "create-peer"; readonly session: Uint8Array; readonly role: Role }
  | { readonly kind: "close-peer"; readonly session: Uint8Array }
  /** Hand a signal of the other device to the own peer. */
  | { readonly kind: "accept-signal"; readonly session: Uint8Array; readonly signal: Signal }
  /** Send a signal inside the conversation. */
  | { readonly kind: "send-signal"; readonly session: Uint8Array; readonly signal: Signal }
  | { readonly kind: "send-envelope"; readonly hash: string }
  | { readonly kind: "send-frame"; readonly frame: "ping" | "pong"; readonly number: number }
  | { readonly kind: "delivered"; readonly hash: string }
  | { readonly kind: "deposit"; readonly hash: string };

export interface DirectStep {
  readonly state: DirectState;
  readonly effects: readonly DirectEffect[];
  /** When to send the next `tick`. */
  readonly wakeAt: number | null;
}

export interface DirectEnvironment {
  readonly now: number;
  /** 16 fresh random bytes: the name of a session, should one begin. */
  readonly session: Uint8Array;
  /** In [0, 1). */
  readonly random: number;
}

/** Device keys are the leaf keys of both devices in this conversation. */
export const startDirect = (selfKey: Uint8Array, peerKey: Uint8Array): DirectState => ({
  selfKey,
  peerKey,
  isSwitchedOn: false,
  ownConsent: false,
  theirConsent: false,
  phase: { kind: "idle" },
  failures: 0,
  answeredAt: 0,
  inFlight: new Map(),
});

export const isDirectOpen = ({ phase }: DirectState): boolean => phase.kind === "open";

/** The one decision function: takes the input, then does whatever has become due. */
export function directStep(state: DirectState, input: DirectInput, environment: DirectEnvironment): DirectStep {
  const draft: Draft = { state, effects: [], environment };
  takeInputMutable(draft, input);
  decideMutable(draft);
  return { state: draft.state, effects: draft.effects, wakeAt: wakeAt(draft.state) };
}

interface Draft {
  state: DirectState;
  readonly effects: DirectEffect[];
  readonly environment: DirectEnvironment;
}

function takeInputMutable(draft: Draft, input: DirectInput): void {
  switch (input.kind) {
    case "permissions": {
      const { kind: _, ...permissions } = input;
      draft.state = { ...draft.state, ...permissions };
      return;
    }
    case "signal":
      return takeSignalMutable(draft, input);
    case "peer-signal":
      if (isCurrent(draft.state, input.session)) draft.effects.push({ ...input, kind: "send-signal" });
      return;
    case "peer-state":
      return takePeerStateMutable(draft, input);
    case "send":
      return sendMutable(draft, input.hash);
    case "refused":
      return depositMutable(draft, input.hash);
    case "frame":
      return takeFrameMutable(draft, input);
    case "acknowledged":
      return acknowledgedMutable(draft, input.hash);
    case "try-now":
      draft.state = { ...draft.state, failures: 0 };
      if (draft.state.phase.kind === "waiting")
        setPhaseMutable(draft, { kind: "waiting", until: draft.environment.now });
      return;
    case "tick":
  }
}

// ---- what is due

const isWanted = (state: DirectState): boolean => state.isSwitchedOn && state.ownConsent && state.theirConsent;

const isPolite = (state: DirectState): boolean => compareBytes(state.selfKey, state.peerKey) < 0;

function decideMutable(draft: Draft): void {
  const { now } = draft.environment;
  for (const [hash, until] of draft.state.inFlight) if (isPast(until, now, ACK_PATIENCE)) depositMutable(draft, hash);
  if (!isWanted(draft.state)) {
    if (sessionOf(draft.state.phase) !== null) endMutable(draft, { kind: "idle" });
    else setPhaseMutable(draft, { kind: "idle" });
    return;
  }
  const { phase } = draft.state;
  switch (phase.kind) {
    case "idle":
      return setPhaseMutable(draft, { kind: "waiting", until: now + (isPolite(draft.state) ? POLITE_WAIT : 0) }, true);
    case "waiting":
      if (isPast(phase.until, now, 2 * LONGEST_WAIT)) offerMutable(draft);
      return;
    case "connecting":
      if (isPast(phase.until, now, CONNECT_PATIENCE)) failMutable(draft);
      return;
    case "open":
      return keepAliveMutable(draft, phase);
  }
}

/** Also true when the clock was set back so far that the time would never come. */
const isPast = (until: number, now: number, longest: number): boolean => until <= now || until > now + longest;

function keepAliveMutable(draft: Draft, phase: Extract<Phase, { kind: "open" }>): void {
  const { now } = draft.environment;
  // A clock that was set back says nothing about the channel.
  const heardAt = Math.min(phase.heardAt, now);
  const pingedAt = Math.min(phase.pingedAt, now);
  setPhaseMutable(draft, { ...phase, heardAt, pingedAt });
  if (now - heardAt >= DEAD_AFTER) return failMutable(draft);
  if (now - Math.max(heardAt, pingedAt) < PING_AFTER) return;
  setPhaseMutable(draft, { ...phase, heardAt, pingedAt: now });
  draft.effects.push({ kind: "send-frame", frame: "ping", number: now % 2 ** 32 });
}

function wakeAt({ phase, inFlight }: DirectState): number | null {
  const times = [...inFlight.values()];
  if (phase.kind === "waiting" || phase.kind === "connecting") times.push(phase.until);
  if (phase.kind === "open")
    times.push(Math.max(phase.heardAt, phase.pingedAt) + PING_AFTER, phase.heardAt + DEAD_AFTER);
  return times.length === 0 ? null : Math.min(...times);
}

// ---- sessions

const sessionOf = (phase: Phase): Uint8Array | null => ("session" in phase ? phase.session : null);

const isCurrent = ({ phase }: DirectState, session: Uint8Array): boolean => {
  const current = sessionOf(phase);
  return current !== null && equalBytes(current, session);
};

/** `andDecide`: what the new phase makes due is due in this very step. */
function setPhaseMutable(draft: Draft, phase: Phase, andDecide = false): void {
  draft.state = { ...draft.state, phase };
  if (andDecide) decideMutable(draft);
}

function offerMutable(draft: Draft): void {
  const { session, now } = draft.environment;
  setPhaseMutable(draft, { kind: "connecting", session, role: "offerer", until: now + CONNECT_PATIENCE });
  draft.effects.push({ kind: "create-peer", session, role: "offerer" });
}

function takeSignalMutable(draft: Draft, { session, signal, isLive }: Extract<DirectInput, { kind: "signal" }>): void {
  if (!isLive || !isWanted(draft.state)) return;
  if (signal.kind === "close") {
    if (isCurrent(draft.state, session)) failMutable(draft, false);
    return;
  }
  const isOffer = signal.kind === "description" && signal.type === "offer";
  if (isOffer && !isCurrent(draft.state, session)) {
    if (!mayAnswer(draft)) return;
    answerMutable(draft, session);
  }
  if (isCurrent(draft.state, session)) draft.effects.push({ kind: "accept-signal", session, signal });
}

/** DS3, DS6. */
function mayAnswer({ state, environment }: Draft): boolean {
  const { phase, answeredAt } = state;
  const since = environment.now - answeredAt;
  if (since >= 0 && since < MIN_OFFER_INTERVAL) return false;
  return !(phase.kind === "connecting" && phase.role === "offerer" && !isPolite(state));
}

function answerMutable(draft: Draft, session: Uint8Array): void {
  const { now } = draft.environment;
  // The other device would not offer while it believes that a session is open: what this one holds is dead.
  if (sessionOf(draft.state.phase) !== null) endMutable(draft, { kind: "idle" }, false);
  draft.state = { ...draft.state, answeredAt: now };
  setPhaseMutable(draft, { kind: "connecting", session, role: "answerer", until: now + CONNECT_PATIENCE });
  draft.effects.push({ kind: "create-peer", session, role: "answerer" });
}

function takePeerStateMutable(draft: Draft, { session, state }: Extract<DirectInput, { kind: "peer-state" }>): void {
  if (!isCurrent(draft.state, session)) return;
  if (state === "closed") return failMutable(draft);
  if (draft.state.phase.kind === "open") return;
  const { now } = draft.environment;
  draft.state = { ...draft.state, failures: 0 };
  setPhaseMutable(draft, { kind: "open", session, heardAt: now, pingedAt: now });
}

function failMutable(draft: Draft, tellOther = true): void {
  const { now, random } = draft.environment;
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(draft.state.failures, 16));
  draft.state = { ...draft.state, failures: draft.state.failures + 1 };
  endMutable(draft, { kind: "waiting", until: now + Math.round(wait * (0.5 + random / 2)) }, tellOther);
}

function endMutable(draft: Draft, phase: Phase, tellOther = true): void {
  const session = sessionOf(draft.state.phase);
  setPhaseMutable(draft, phase);
  if (session !== null) {
    draft.effects.push({ kind: "close-peer", session });
    if (tellOther) draft.effects.push({ kind: "send-signal", session, signal: { kind: "close" } });
  }
  for (const hash of draft.state.inFlight.keys()) depositMutable(draft, hash);
}

// ---- envelopes

function sendMutable(draft: Draft, hash: string): void {
  const { state, environment } = draft;
  if (state.inFlight.has(hash)) return;
  if (state.phase.kind !== "open" || state.inFlight.size >= MAX_IN_FLIGHT) {
    draft.effects.push({ kind: "deposit", hash });
    return;
  }
  draft.state = { ...state, inFlight: new Map(state.inFlight).set(hash, environment.now + ACK_PATIENCE) };
  draft.effects.push({ kind: "send-envelope", hash });
}

function depositMutable(draft: Draft, hash: string): void {
  if (removeInFlightMutable(draft, hash)) draft.effects.push({ kind: "deposit", hash });
}

/** Too late, or of an envelope that was never sent: nothing follows. */
function acknowledgedMutable(draft: Draft, hash: string): void {
  heardMutable(draft);
  if (removeInFlightMutable(draft, hash)) draft.effects.push({ kind: "delivered", hash });
}

function removeInFlightMutable(draft: Draft, hash: string): boolean {
  const inFlight = new Map(draft.state.inFlight);
  if (!inFlight.delete(hash)) return false;
  draft.state = { ...draft.state, inFlight };
  return true;
}

function takeFrameMutable(draft: Draft, { frame, number }: Extract<DirectInput, { kind: "frame" }>): void {
  if (draft.state.phase.kind !== "open") return;
  heardMutable(draft);
  if (frame === "ping") draft.effects.push({ kind: "send-frame", frame: "pong", number: number ?? 0 });
}

function heardMutable(draft: Draft): void {
  const { phase } = draft.state;
  if (phase.kind === "open") setPhaseMutable(draft, { ...phase, heardAt: draft.environment.now });
}
