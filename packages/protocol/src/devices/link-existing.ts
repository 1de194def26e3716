/**
 * The side of a link that is in the account already: it shows the code, asks its person, and signs (spec/devices.md,
 * section 5).
 *
 * DV8 Nothing is signed before the person has typed the digits that the new device shows. Typing, not a tap on "they
 *     match": what a person has to read off a device, they have in their hands.
 * DV9 A second device that answers the same code ends the link: somebody else has seen the code.
 * DV10 The longer chain is saved before the new device hears of it. Should the chain have moved meanwhile, the operation
 *      is drafted and signed anew.
 */
import { equalBytes, err, ok, type Result } from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import {
  appendOperation,
  draftOperation,
  isListedDevice,
  signOperation,
  verifyChain,
  type ChainReason,
} from "../identity/chain.ts";
import { MAX_DEVICES, MAX_OPERATIONS } from "../identity/operation.ts";
import { LINK_CODE_LIFETIME_MS, LINK_SECRET_BYTES, linkKeyHash, type LinkCode } from "./link-code.ts";
import {
  decapsulateLink,
  ENCAPSULATION_BYTES,
  LINK_NONCE_BYTES,
  linkCommitment,
  linkDigits,
  linkTranscript,
  openLinkMessage,
  sealLinkMessage,
} from "./link-keys.ts";
import {
  decodeLinkContent,
  decodeLinkFrame,
  encodeLinkContent,
  encodeLinkFrame,
  LINK_NUMBER,
  type LinkCancelReason,
  type LinkContent,
  type LinkHello,
  type LinkMessageKind,
} from "./link-messages.ts";
import type { NodeHint } from "../node-hint.ts";
import type { Newcomer } from "./newcomer.ts";

/** How long a device waits for the other one. */
export const LINK_ANSWER_PATIENCE_MS = 120_000;
/** How long for a person. */
export const LINK_PERSON_PATIENCE_MS = 300_000;
/** Digits may be mistyped; they cannot be guessed by trying, since only the person types. */
export const LINK_DIGIT_TRIES = 3;

export type LinkEnd =
  | LinkCancelReason
  /** The other side gave up; `reason` of theirs. */
  | `other-${LinkCancelReason}`;

/** Shared by all that follows the hello. */
interface Session {
  readonly root: Uint8Array;
  readonly transcript: Uint8Array;
  readonly helloWire: Uint8Array;
  readonly hello: LinkHello;
}

type Phase =
  | { readonly kind: "offered"; readonly until: number }
  | ({ readonly kind: "asked"; readonly nonce: Uint8Array; readonly until: number } & Session)
  | ({ readonly kind: "comparing"; readonly digits: string; readonly tries: number; readonly until: number } & Session)
  | ({ readonly kind: "drafted"; readonly body: Uint8Array; readonly until: number } & Session)
  | ({ readonly kind: "saving"; readonly chain: Uint8Array } & Session)
  | ({ readonly kind: "granted"; readonly until: number } & Session)
  | ({ readonly kind: "welcoming" } & Session)
  | ({ readonly kind: "welcomed"; readonly until: number } & Session)
  | { readonly kind: "linked" }
  | { readonly kind: "ended"; readonly reason: LinkEnd };

/** Holds secrets; in memory only, since a link lasts minutes and a new code costs nothing. */
export interface ExistingLink {
  readonly code: LinkCode;
  readonly ephemeral: KeyPair;
  readonly chain: Uint8Array;
  readonly name: string;
  readonly phase: Phase;
}

export type ExistingLinkInput =
  /** A payload out of the envelopes of the mailbox; own ones come back too and are let pass. */
  | { readonly kind: "frame"; readonly frame: Uint8Array }
  | { readonly kind: "digits"; readonly typed: string }
  | { readonly kind: "deny" }
  | { readonly kind: "cancel" }
  /** The account's chain is another one now. */
  | { readonly kind: "chain-changed"; readonly chain: Uint8Array }
  | { readonly kind: "chain-saved" }
  | { readonly kind: "welcome"; readonly newcomer: Newcomer }
  | { readonly kind: "tick" };

export type ExistingLinkEffect =
  | { readonly kind: "send"; readonly frame: Uint8Array }
  /** Show who asks, under the name that it gives itself, and take the digits that it shows. */
  | { readonly kind: "ask-person"; readonly deviceName: string; readonly deviceKey: Uint8Array }
  | { readonly kind: "digits-wrong"; readonly triesLeft: number }
  /** Save, if the account's chain is still the one before; then `chain-saved`, else `chain-changed`. */
  | { readonly kind: "save-chain"; readonly chain: Uint8Array }
  /** Add to the self-conversation; then `welcome`. */
  | { readonly kind: "welcome-device"; readonly keyPackage: Uint8Array; readonly deviceKey: Uint8Array }
  | { readonly kind: "linked"; readonly deviceKey: Uint8Array; readonly deviceName: string }
  /** `listed`: the device that the chain lists although the link did not end well; to be finished or removed. */
  | { readonly kind: "ended"; readonly reason: LinkEnd; readonly listed: Uint8Array | null };

export interface ExistingLinkStep {
  readonly state: ExistingLink;
  readonly effects: readonly ExistingLinkEffect[];
  readonly wakeAt: number | null;
}

export interface LinkEnvironment {
  readonly provider: CryptoProvider;
  readonly now: number;
  /** Of this device, 32 bytes; not kept in the state. */
  readonly deviceSeed: Uint8Array;
}

export interface LinkStartRefusal {
  readonly reason: ChainReason | "device-not-listed" | "too-many-devices" | "chain-too-long";
}

/**
 * A new link with its code. Whoever shows it has made sure that the person is there (passphrase or passkey where one is
 * set): an unlocked device that was left alone for a minute must not become a device that listens for ever.
 */
export async function startExistingLink(
  { provider, now, deviceSeed }: LinkEnvironment,
  input: { readonly chain: Uint8Array; readonly name: string; readonly nodes: readonly NodeHint[] },
): Promise<Result<ExistingLinkStep, LinkStartRefusal>> {
  const identity = await verifyChain(provider, input.chain);
  if (!identity.ok) return identity;
  const own = await provider.ed25519KeyPair(deviceSeed);
  if (!isListedDevice(identity.value, own.publicKey)) return err({ reason: "device-not-listed" });
  if (identity.value.devices.length === MAX_DEVICES) return err({ reason: "too-many-devices" });
  if (identity.value.length === MAX_OPERATIONS) return err({ reason: "chain-too-long" });
  const ephemeral = await provider.xwingKeyPair(provider.randomBytes(32));
  const keyHash = linkKeyHash(provider, ephemeral.publicKey);
  const code = { secret: provider.randomBytes(LINK_SECRET_BYTES), keyHash, nodes: input.nodes };
  const phase = { kind: "offered", until: now + LINK_CODE_LIFETIME_MS } as const;
  const state = { code, ephemeral, chain: input.chain, name: input.name, phase };
  const content = encodeLinkContent("offer", { publicKey: ephemeral.publicKey });
  const frame = encodeLinkFrame({ number: LINK_NUMBER.offer, content });
  return ok({ state, effects: [{ kind: "send", frame }], wakeAt: phase.until });
}

/** The one decision function. Frames that are not for this side and this moment change nothing. */
export async function existingLinkStep(
  state: ExistingLink,
  input: ExistingLinkInput,
  environment: LinkEnvironment,
): Promise<ExistingLinkStep> {
  const draft: Draft = { state, effects: [], environment };
  await takeInputMutable(draft, input);
  const { phase } = draft.state;
  if ("until" in phase && environment.now >= phase.until) await endMutable(draft, "timeout");
  const last = draft.state.phase;
  return { state: draft.state, effects: draft.effects, wakeAt: "until" in last ? last.until : null };
}

// ---- inputs

interface Draft {
  state: ExistingLink;
  readonly effects: ExistingLinkEffect[];
  readonly environment: LinkEnvironment;
}

async function takeInputMutable(draft: Draft, input: ExistingLinkInput): Promise<void> {
  const { phase } = draft.state;
  switch (input.kind) {
    case "frame":
      return takeFrameMutable(draft, input.frame);
    case "digits":
      return phase.kind === "comparing" ? takeDigitsMutable(draft, phase, input.typed) : undefined;
    case "deny":
      return phase.kind === "comparing" ? endMutable(draft, "denied") : undefined;
    case "cancel":
      return endMutable(draft, "cancelled");
    case "chain-changed":
      return takeChainMutable(draft, input.chain);
    case "chain-saved":
      return phase.kind === "saving" ? grantMutable(draft, phase) : undefined;
    case "welcome":
      return phase.kind === "welcoming" ? welcomeMutable(draft, phase, input.newcomer) : undefined;
    case "tick":
  }
}

async function takeFrameMutable(draft: Draft, encoded: Uint8Array): Promise<void> {
  const frame = decodeLinkFrame(encoded);
  if (!frame.ok) return;
  const { number, content } = frame.value;
  const { phase } = draft.state;
  if (number === LINK_NUMBER.hello) return takeHelloMutable(draft, content);
  if (!("root" in phase)) return;
  const plain = await openLinkMessage(draft.environment.provider, phase.root, number, phase.transcript, content);
  if (plain === null) return;
  switch (number) {
    case LINK_NUMBER.reveal:
      return phase.kind === "asked" ? takeRevealMutable(draft, phase, plain) : undefined;
    case LINK_NUMBER.signature:
      return phase.kind === "drafted" ? takeSignatureMutable(draft, phase, plain) : undefined;
    case LINK_NUMBER.keys:
      return phase.kind === "granted" ? takeKeysMutable(draft, phase, plain) : undefined;
    case LINK_NUMBER.done:
      return phase.kind === "welcomed" ? takeDoneMutable(draft, phase) : undefined;
    case LINK_NUMBER["cancel-by-new"]: {
      const read = decodeLinkContent("cancel-by-new", plain);
      return endMutable(draft, `other-${read.ok ? read.value.reason : "protocol"}`);
    }
  }
}

async function takeHelloMutable(draft: Draft, wire: Uint8Array): Promise<void> {
  const { state, environment } = draft;
  const { phase } = state;
  const isKnown = "helloWire" in phase && equalBytes(phase.helloWire, wire);
  if (isKnown || phase.kind === "linked" || phase.kind === "ended") return;
  const read = await readHello(environment.provider, state.ephemeral, wire);
  if (read === null) return;
  if (phase.kind === "offered") {
    const nonce = environment.provider.randomBytes(LINK_NONCE_BYTES);
    setPhaseMutable(draft, { kind: "asked", ...read, nonce, until: environment.now + LINK_ANSWER_PATIENCE_MS });
    return sendMutable(draft, read, "nonce", { nonce });
  }
  // DV9. Later, the person has typed the digits of the one that is meant: others are let pass.
  if (phase.kind === "asked" || phase.kind === "comparing") return endMutable(draft, "two-devices");
}

async function readHello(provider: CryptoProvider, ephemeral: KeyPair, wire: Uint8Array): Promise<Session | null> {
  if (wire.length < ENCAPSULATION_BYTES) return null;
  const root = await decapsulateLink(provider, ephemeral.secretKey, wire.subarray(0, ENCAPSULATION_BYTES));
  if (root === null) return null;
  const box = wire.subarray(ENCAPSULATION_BYTES);
  const keyHash = provider.sha256(ephemeral.publicKey);
  const plain = await openLinkMessage(provider, root, LINK_NUMBER.hello, keyHash, box);
  if (plain === null) return null;
  const hello = decodeLinkContent("hello", plain);
  if (!hello.ok) return null;
  const transcript = linkTranscript(provider, ephemeral.publicKey, wire, plain);
  return { root, transcript, helloWire: wire, hello: hello.value };
}

type PhaseOf<K extends Phase["kind"]> = Extract<Phase, { kind: K }>;

function takeRevealMutable(draft: Draft, phase: PhaseOf<"asked">, plain: Uint8Array): Promise<void> | void {
  const { provider, now } = draft.environment;
  const read = decodeLinkContent("reveal", plain);
  if (!read.ok || !equalBytes(linkCommitment(provider, read.value.nonce), phase.hello.commitment)) {
    return endMutable(draft, "protocol");
  }
  const { nonce, until: _, ...session } = phase;
  const digits = linkDigits(provider, {
    transcript: phase.transcript,
    existingNonce: nonce,
    newNonce: read.value.nonce,
  });
  const until = now + LINK_PERSON_PATIENCE_MS;
  setPhaseMutable(draft, { ...session, kind: "comparing", digits, tries: LINK_DIGIT_TRIES, until });
  const { deviceName, deviceKey } = phase.hello;
  draft.effects.push({ kind: "ask-person", deviceName, deviceKey });
}

/** DV8. White space and hyphens between the digits are forgiven. */
async function takeDigitsMutable(draft: Draft, phase: PhaseOf<"comparing">, typed: string): Promise<void> {
  if (typed.replaceAll(/[\s-]/g, "") === phase.digits) return draftMutable(draft, phase);
  const triesLeft = phase.tries - 1;
  if (triesLeft === 0) return endMutable(draft, "digits-mismatch");
  setPhaseMutable(draft, { ...phase, tries: triesLeft });
  draft.effects.push({ kind: "digits-wrong", triesLeft });
}

async function draftMutable(draft: Draft, session: Session): Promise<void> {
  const { provider, now, deviceSeed } = draft.environment;
  const { chain, name } = draft.state;
  const identity = await verifyChain(provider, chain);
  const { publicKey: by } = await provider.ed25519KeyPair(deviceSeed);
  if (!identity.ok || !isListedDevice(identity.value, by)) return endMutable(draft, "chain-refused");
  const { deviceKey } = session.hello;
  const body = draftOperation(identity.value, { kind: "add-device", by, deviceKey }, now);
  setPhaseMutable(draft, { ...sessionOf(session), kind: "drafted", body, until: now + LINK_PERSON_PATIENCE_MS });
  return sendMutable(draft, session, "draft", { chain, body, name });
}

async function takeChainMutable(draft: Draft, chain: Uint8Array): Promise<void> {
  const { phase } = draft.state;
  // Past this point the chain that is saved lists the new device, and whatever follows extends it.
  if (phase.kind === "granted" || phase.kind === "welcoming" || phase.kind === "welcomed") return;
  draft.state = { ...draft.state, chain };
  if (phase.kind === "drafted" || phase.kind === "saving") return draftMutable(draft, phase);
}

async function takeSignatureMutable(draft: Draft, phase: PhaseOf<"drafted">, plain: Uint8Array): Promise<void> {
  const { provider, deviceSeed } = draft.environment;
  const read = decodeLinkContent("signature", plain);
  if (!read.ok) return endMutable(draft, "protocol");
  // Of a draft that another has replaced.
  if (!equalBytes(read.value.bodyHash, provider.sha256(phase.body))) return;
  const own = await signOperation(provider, phase.body, deviceSeed);
  const longer = await appendOperation(provider, draft.state.chain, phase.body, [own, read.value.signature]);
  if (!longer.ok) return endMutable(draft, "chain-refused");
  setPhaseMutable(draft, { ...sessionOf(phase), kind: "saving", chain: longer.value });
  draft.effects.push({ kind: "save-chain", chain: longer.value });
}

function grantMutable(draft: Draft, phase: PhaseOf<"saving">): Promise<void> {
  const { chain } = phase;
  draft.state = { ...draft.state, chain };
  const until = draft.environment.now + LINK_PERSON_PATIENCE_MS;
  setPhaseMutable(draft, { ...sessionOf(phase), kind: "granted", until });
  return sendMutable(draft, phase, "grant", { chain });
}

function takeKeysMutable(draft: Draft, phase: PhaseOf<"granted">, plain: Uint8Array): Promise<void> | void {
  const read = decodeLinkContent("keys", plain);
  if (!read.ok) return endMutable(draft, "protocol");
  setPhaseMutable(draft, { ...sessionOf(phase), kind: "welcoming" });
  const { deviceKey } = phase.hello;
  draft.effects.push({ kind: "welcome-device", keyPackage: read.value.keyPackage, deviceKey });
}

function welcomeMutable(draft: Draft, phase: PhaseOf<"welcoming">, newcomer: Newcomer): Promise<void> {
  const until = draft.environment.now + LINK_PERSON_PATIENCE_MS;
  setPhaseMutable(draft, { ...sessionOf(phase), kind: "welcomed", until });
  return sendMutable(draft, phase, "welcome", newcomer);
}

function takeDoneMutable(draft: Draft, { hello }: PhaseOf<"welcomed">): void {
  const { deviceKey, deviceName } = hello;
  setPhaseMutable(draft, { kind: "linked" });
  draft.effects.push({ kind: "linked", deviceKey, deviceName });
}

// ---- below: sending and ending

const sessionOf = ({ root, transcript, helloWire, hello }: Session): Session => ({
  root,
  transcript,
  helloWire,
  hello,
});

function setPhaseMutable(draft: Draft, phase: Phase): void {
  draft.state = { ...draft.state, phase };
}

async function sendMutable<K extends LinkMessageKind>(
  draft: Draft,
  { root, transcript }: Session,
  kind: K,
  value: LinkContent<K>,
): Promise<void> {
  const number = LINK_NUMBER[kind];
  const plain = encodeLinkContent(kind, value);
  const content = await sealLinkMessage(draft.environment.provider, root, number, transcript, plain);
  draft.effects.push({ kind: "send", frame: encodeLinkFrame({ number, content }) });
}

async function endMutable(draft: Draft, reason: LinkEnd): Promise<void> {
  const { phase } = draft.state;
  if (phase.kind === "linked" || phase.kind === "ended") return;
  if ("root" in phase && !reason.startsWith("other-")) {
    await sendMutable(draft, phase, "cancel-by-existing", { reason: reason as LinkCancelReason });
  }
  const isListed = phase.kind === "granted" || phase.kind === "welcoming" || phase.kind === "welcomed";
  setPhaseMutable(draft, { kind: "ended", reason });
  draft.effects.push({ kind: "ended", reason, listed: isListed ? phase.hello.deviceKey : null });
}
