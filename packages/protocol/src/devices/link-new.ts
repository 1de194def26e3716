/**
 * The side of a link that is not in the account yet: it reads the code, shows the digits, and takes what it is given
 * (spec/devices.md, section 6).
 *
 * DV11 It answers only the key to which the code commits.
 * DV12 It signs only an operation that adds its own device key, at the end of a chain that verifies, and after its person
 *      has seen whose account that is. So nobody is led into another's account.
 * DV13 What it was granted is saved before it asks to be let into the self-conversation.
 */
import { concatBytes, equalBytes } from "@xchat/codec";
import type { AccountId } from "../identity/account-id.ts";
import { isListedDevice, readOperation, signOperation, verifyChain, type Identity } from "../identity/chain.ts";
import { LINK_CODE_LIFETIME_MS, linkKeyHash, type LinkCode } from "./link-code.ts";
import {
  LINK_ANSWER_PATIENCE_MS,
  LINK_PERSON_PATIENCE_MS,
  type LinkEnd,
  type LinkEnvironment,
} from "./link-existing.ts";
import {
  encapsulateLink,
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
  type LinkDraft,
  type LinkMessageKind,
} from "./link-messages.ts";
import type { Newcomer } from "./newcomer.ts";

interface Session {
  readonly root: Uint8Array;
  readonly transcript: Uint8Array;
}

/** The account that the person has agreed to join. */
interface Joined extends Session {
  readonly accountId: AccountId;
}

type Phase =
  | { readonly kind: "reading"; readonly until: number }
  | ({ readonly kind: "greeted"; readonly nonce: Uint8Array; readonly until: number } & Session)
  | ({ readonly kind: "showing"; readonly digits: string; readonly until: number } & Session)
  | ({ readonly kind: "confirming"; readonly draft: LinkDraft; readonly until: number } & Joined)
  | ({ readonly kind: "signed"; readonly until: number } & Joined)
  | ({ readonly kind: "saving"; readonly chain: Uint8Array } & Joined)
  | ({ readonly kind: "packing"; readonly chain: Uint8Array } & Joined)
  | ({ readonly kind: "packed"; readonly chain: Uint8Array; readonly until: number } & Joined)
  | ({ readonly kind: "joining"; readonly chain: Uint8Array } & Joined)
  | { readonly kind: "linked" }
  | { readonly kind: "ended"; readonly reason: LinkEnd };

export interface NewLink {
  readonly code: LinkCode;
  readonly deviceName: string;
  readonly capabilities: readonly number[];
  readonly phase: Phase;
}

export type NewLinkInput =
  | { readonly kind: "frame"; readonly frame: Uint8Array }
  /** The person has seen whose account it is, and says yes. */
  | { readonly kind: "accept-account" }
  | { readonly kind: "identity-saved" }
  | { readonly kind: "key-package"; readonly keyPackage: Uint8Array }
  | { readonly kind: "joined" }
  | { readonly kind: "cancel" }
  | { readonly kind: "tick" };

export type NewLinkEffect =
  | { readonly kind: "send"; readonly frame: Uint8Array }
  | { readonly kind: "show-digits"; readonly digits: string }
  | { readonly kind: "confirm-account"; readonly accountId: AccountId; readonly name: string }
  /** Save chain and own device seed; then `identity-saved`. */
  | { readonly kind: "save-identity"; readonly chain: Uint8Array }
  /** With a credential under this chain, for the self-conversation; then `key-package`. */
  | { readonly kind: "make-key-package"; readonly chain: Uint8Array }
  /** Join the self-conversation and judge that all of its members are of this account; then `joined`. */
  | { readonly kind: "join"; readonly newcomer: Newcomer }
  | { readonly kind: "linked"; readonly chain: Uint8Array }
  /** `isListed`: the chain lists this device already; it waits to be let in, or to be removed by another. */
  | { readonly kind: "ended"; readonly reason: LinkEnd; readonly isListed: boolean };

export interface NewLinkStep {
  readonly state: NewLink;
  readonly effects: readonly NewLinkEffect[];
  readonly wakeAt: number | null;
}

/** `deviceName` as `cleanName` leaves it. */
export function startNewLink(
  code: LinkCode,
  input: { readonly deviceName: string; readonly capabilities?: readonly number[]; readonly now: number },
): NewLinkStep {
  const { deviceName, capabilities = [], now } = input;
  const until = now + LINK_CODE_LIFETIME_MS;
  return { state: { code, deviceName, capabilities, phase: { kind: "reading", until } }, effects: [], wakeAt: until };
}

/** The one decision function. `deviceSeed` of the environment: the key under which this device will be listed. */
export async function newLinkStep(
  state: NewLink,
  input: NewLinkInput,
  environment: LinkEnvironment,
): Promise<NewLinkStep> {
  const draft: Draft = { state, effects: [], environment };
  await takeInputMutable(draft, input);
  const { phase } = draft.state;
  if ("until" in phase && environment.now >= phase.until) await endMutable(draft, "timeout");
  const last = draft.state.phase;
  return { state: draft.state, effects: draft.effects, wakeAt: "until" in last ? last.until : null };
}

// ---- inputs

interface Draft {
  state: NewLink;
  readonly effects: NewLinkEffect[];
  readonly environment: LinkEnvironment;
}

type PhaseOf<K extends Phase["kind"]> = Extract<Phase, { kind: K }>;

async function takeInputMutable(draft: Draft, input: NewLinkInput): Promise<void> {
  const { phase } = draft.state;
  switch (input.kind) {
    case "frame":
      return takeFrameMutable(draft, input.frame);
    case "accept-account":
      return phase.kind === "confirming" ? signMutable(draft, phase, phase.draft) : undefined;
    case "identity-saved":
      return phase.kind === "saving" ? packMutable(draft, phase) : undefined;
    case "key-package":
      return phase.kind === "packing" ? sendKeysMutable(draft, phase, input.keyPackage) : undefined;
    case "joined":
      return phase.kind === "joining" ? finishMutable(draft, phase) : undefined;
    case "cancel":
      return endMutable(draft, "cancelled");
    case "tick":
  }
}

async function takeFrameMutable(draft: Draft, encoded: Uint8Array): Promise<void> {
  const frame = decodeLinkFrame(encoded);
  if (!frame.ok) return;
  const { number, content } = frame.value;
  const { phase } = draft.state;
  if (number === LINK_NUMBER.offer) return phase.kind === "reading" ? takeOfferMutable(draft, content) : undefined;
  if (!("root" in phase)) return;
  const plain = await openLinkMessage(draft.environment.provider, phase.root, number, phase.transcript, content);
  if (plain === null) return;
  switch (number) {
    case LINK_NUMBER.nonce:
      return phase.kind === "greeted" ? takeNonceMutable(draft, phase, plain) : undefined;
    case LINK_NUMBER.draft:
      return takeDraftMutable(draft, plain);
    case LINK_NUMBER.grant:
      return phase.kind === "signed" ? takeGrantMutable(draft, phase, plain) : undefined;
    case LINK_NUMBER.welcome:
      return phase.kind === "packed" ? takeWelcomeMutable(draft, phase, plain) : undefined;
    case LINK_NUMBER["cancel-by-existing"]: {
      const read = decodeLinkContent("cancel-by-existing", plain);
      return endMutable(draft, `other-${read.ok ? read.value.reason : "protocol"}`);
    }
  }
}

/** DV11. */
async function takeOfferMutable(draft: Draft, content: Uint8Array): Promise<void> {
  const { provider, now, deviceSeed } = draft.environment;
  const { code, deviceName, capabilities } = draft.state;
  const offer = decodeLinkContent("offer", content);
  if (!offer.ok) return;
  const { publicKey } = offer.value;
  if (!equalBytes(linkKeyHash(provider, publicKey), code.keyHash)) return;
  const encapsulated = await encapsulateLink(provider, publicKey);
  if (encapsulated === null) return;
  const { root, enc } = encapsulated;
  const nonce = provider.randomBytes(LINK_NONCE_BYTES);
  const { publicKey: deviceKey } = await provider.ed25519KeyPair(deviceSeed);
  const commitment = linkCommitment(provider, nonce);
  const plain = encodeLinkContent("hello", { commitment, deviceKey, deviceName, capabilities });
  const keyHash = provider.sha256(publicKey);
  const wire = concatBytes(enc, await sealLinkMessage(provider, root, LINK_NUMBER.hello, keyHash, plain));
  const transcript = linkTranscript(provider, publicKey, wire, plain);
  setPhaseMutable(draft, { kind: "greeted", root, transcript, nonce, until: now + LINK_ANSWER_PATIENCE_MS });
  draft.effects.push({ kind: "send", frame: encodeLinkFrame({ number: LINK_NUMBER.hello, content: wire }) });
}

async function takeNonceMutable(draft: Draft, phase: PhaseOf<"greeted">, plain: Uint8Array): Promise<void> {
  const { provider, now } = draft.environment;
  const read = decodeLinkContent("nonce", plain);
  if (!read.ok) return endMutable(draft, "protocol");
  const { root, transcript, nonce: newNonce } = phase;
  const digits = linkDigits(provider, { transcript, existingNonce: read.value.nonce, newNonce });
  setPhaseMutable(draft, { kind: "showing", root, transcript, digits, until: now + LINK_PERSON_PATIENCE_MS });
  await sendMutable(draft, phase, "reveal", { nonce: newNonce });
  draft.effects.push({ kind: "show-digits", digits });
}

/** DV12. A later draft replaces the one before; the person is asked once for each account. */
async function takeDraftMutable(draft: Draft, plain: Uint8Array): Promise<void> {
  const { phase } = draft.state;
  if (phase.kind !== "showing" && phase.kind !== "confirming" && phase.kind !== "signed") return;
  const { now } = draft.environment;
  const read = decodeLinkContent("draft", plain);
  if (!read.ok) return endMutable(draft, "protocol");
  const identity = await judgeDraft(draft.environment, read.value);
  if (identity === null) return endMutable(draft, "protocol");
  const { accountId } = identity;
  if ("accountId" in phase && phase.accountId !== accountId) return endMutable(draft, "protocol");
  if (phase.kind === "signed") return signMutable(draft, phase, read.value);
  const { root, transcript } = phase;
  const until = now + LINK_PERSON_PATIENCE_MS;
  setPhaseMutable(draft, { kind: "confirming", root, transcript, accountId, draft: read.value, until });
  if (phase.kind === "showing") draft.effects.push({ kind: "confirm-account", accountId, name: read.value.name });
}

async function judgeDraft(
  { provider, deviceSeed }: LinkEnvironment,
  { chain, body }: LinkDraft,
): Promise<Identity | null> {
  const identity = await verifyChain(provider, chain);
  const operation = readOperation(body);
  if (!identity.ok || !operation.ok) return null;
  const { action, sequence, previous } = operation.value;
  const { publicKey } = await provider.ed25519KeyPair(deviceSeed);
  const isOwn = action.kind === "add-device" && equalBytes(action.deviceKey, publicKey);
  if (!isOwn || !isListedDevice(identity.value, action.by)) return null;
  const isNext = sequence === identity.value.length && previous !== null && equalBytes(previous, identity.value.head);
  return isNext ? identity.value : null;
}

async function signMutable(draft: Draft, phase: Joined, { body }: LinkDraft): Promise<void> {
  const { provider, now, deviceSeed } = draft.environment;
  const signature = await signOperation(provider, body, deviceSeed);
  const { root, transcript, accountId } = phase;
  setPhaseMutable(draft, { kind: "signed", root, transcript, accountId, until: now + LINK_ANSWER_PATIENCE_MS });
  return sendMutable(draft, phase, "signature", { bodyHash: provider.sha256(body), signature });
}

async function takeGrantMutable(draft: Draft, phase: PhaseOf<"signed">, plain: Uint8Array): Promise<void> {
  const { provider, deviceSeed } = draft.environment;
  const read = decodeLinkContent("grant", plain);
  if (!read.ok) return endMutable(draft, "protocol");
  const identity = await verifyChain(provider, read.value.chain);
  const { publicKey } = await provider.ed25519KeyPair(deviceSeed);
  const isOurs =
    identity.ok && identity.value.accountId === phase.accountId && isListedDevice(identity.value, publicKey);
  if (!isOurs) return endMutable(draft, "protocol");
  const { chain } = read.value;
  setPhaseMutable(draft, { ...joinedOf(phase), kind: "saving", chain });
  draft.effects.push({ kind: "save-identity", chain });
}

function packMutable(draft: Draft, phase: PhaseOf<"saving">): void {
  setPhaseMutable(draft, { ...phase, kind: "packing" });
  draft.effects.push({ kind: "make-key-package", chain: phase.chain });
}

function sendKeysMutable(draft: Draft, phase: PhaseOf<"packing">, keyPackage: Uint8Array): Promise<void> {
  const until = draft.environment.now + LINK_PERSON_PATIENCE_MS;
  setPhaseMutable(draft, { ...phase, kind: "packed", until });
  return sendMutable(draft, phase, "keys", { keyPackage });
}

function takeWelcomeMutable(draft: Draft, phase: PhaseOf<"packed">, plain: Uint8Array): Promise<void> | void {
  const read = decodeLinkContent("welcome", plain);
  if (!read.ok) return endMutable(draft, "protocol");
  setPhaseMutable(draft, { ...joinedOf(phase), kind: "joining", chain: phase.chain });
  draft.effects.push({ kind: "join", newcomer: read.value });
}

async function finishMutable(draft: Draft, phase: PhaseOf<"joining">): Promise<void> {
  const { chain } = phase;
  await sendMutable(draft, phase, "done", {});
  setPhaseMutable(draft, { kind: "linked" });
  draft.effects.push({ kind: "linked", chain });
}

// ---- below: sending and ending

const joinedOf = ({ root, transcript, accountId }: Joined): Joined => ({ root, transcript, accountId });

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
    await sendMutable(draft, phase, "cancel-by-new", { reason: reason as LinkCancelReason });
  }
  const isListed = "chain" in phase;
  setPhaseMutable(draft, { kind: "ended", reason });
  draft.effects.push({ kind: "ended", reason, isListed });
}
