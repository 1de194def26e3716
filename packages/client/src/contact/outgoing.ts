/** Answering somebody's invitation: look at the card, make the conversation, send the request. */
import { bytesToHex, type Result } from "@xchat/codec";
import {
  cardPlace,
  claimedLeaf,
  decodeInvitationCode,
  encodeGroupState,
  judgeCardMember,
  MAX_NODE_HINTS,
  openCard,
  newPairState,
  sealRequest,
  type CardRefusal,
  type Invitation,
  type NodeHint,
  type OpenedCard,
} from "@xchat/protocol";
import { IntentError, type InvitationPreview, type KnownPersonView } from "../api.ts";
import { readAccountId } from "../chat/authors.ts";
import { newChatChanges, type NewChat } from "../chat/new-chat.ts";
import { encodeItem, type RequestItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import type { NodeFailure } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { newKeyPackage } from "./key-packages.ts";

const REQUEST_LIFETIME = 30 * 86_400_000;

const CODE_ERRORS = {
  "invitation-newer-version": "invitation-newer-version",
  "invitation-is-group-link": "invitation-is-group-link",
} as const;
const CARD_ERRORS = {
  "card-expired": "invitation-expired",
  "card-newer-version": "invitation-newer-version",
} as const;

export interface FoundCard {
  readonly invitation: Invitation;
  readonly card: OpenedCard;
}

/** @throws IntentError */
export async function findCard(core: SessionCore, text: string): Promise<FoundCard> {
  const decoded = decodeInvitationCode(text);
  if (!decoded.ok) {
    throw new IntentError(CODE_ERRORS[decoded.error.reason as keyof typeof CODE_ERRORS] ?? "invitation-malformed");
  }
  const invitation = decoded.value;
  const place = cardPlace(core.provider, invitation.secret);
  const open = (blob: Uint8Array) => openCard(core.provider, invitation, blob, core.clock.now());
  return { invitation, card: await fetchCard(core, invitation.nodes, place, open) };
}

/** The first card that opens, at the nodes of a code. @throws IntentError */
export async function fetchCard<C>(
  { pool }: SessionCore,
  nodes: readonly NodeHint[],
  place: Uint8Array,
  open: (blob: Uint8Array) => Promise<Result<C, CardRefusal>>,
): Promise<C> {
  let worst: IntentError["code"] = "invitation-not-found";
  for (const hint of nodes) {
    const outcome = await pool.access(hint).getBlob({ place });
    if (!outcome.ok) {
      worst = failureCode(outcome.error);
      continue;
    }
    if (outcome.value === null) continue;
    const opened = await open(outcome.value.blob);
    if (opened.ok) return opened.value;
    worst = CARD_ERRORS[opened.error.reason as keyof typeof CARD_ERRORS] ?? "invitation-forged";
  }
  throw new IntentError(worst);
}

export const preview = (
  { card, invitation }: FoundCard,
  existingChat: string | null,
  known: KnownPersonView | null,
): InvitationPreview => ({
  name: card.name,
  accountId: card.accountId,
  isLasting: card.isLasting,
  expiresAt: card.expiresAt,
  nodes: invitation.nodes.map(({ address }) => address),
  existingChat,
  known,
});

/** Makes the group and the request; the caller writes the changes and then hands the entry to the outbox. */
export async function requestChat(
  core: SessionCore,
  { invitation, card }: FoundCard,
  greeting: string,
  mayDirect: boolean,
): Promise<{ readonly chat: NewChat; readonly request: OutboxEntry }> {
  const { provider, cipher, clock, profile } = core;
  const own = profile();
  const groupId = provider.randomBytes(32);
  const bundle = await newKeyPackage(core, false);
  const accepterKeyPackage = card.keyPackages[0] as Uint8Array;
  await inspectOwner(core, card, accepterKeyPackage);
  const state = newPairState({
    requester: readAccountId(own.accountId),
    accepter: card.accountId,
    // Both can reach these: the newcomer has just read the card there.
    homeNodes: card.inbox.nodes,
    rejoinSeed: bytesToHex(provider.randomBytes(32)),
  });
  const alone = await cipher.createGroup({ groupId, keyPackage: bundle, policy: encodeGroupState(state) });
  const { welcome, group } = await cipher.commit(alone, { add: [accepterKeyPackage] });
  const envelope = await sealRequest(provider, {
    invitationSecret: invitation.secret,
    requestKey: card.inbox.requestKey,
    inviter: card.accountId,
    groupId,
    keyPackageHashes: [provider.sha256(accepterKeyPackage)],
    welcome: welcome as Uint8Array,
    chain: own.chain,
    deviceSeed: own.deviceSeed,
    name: own.name,
    greeting,
    homeNodes: core.pool.own.slice(0, MAX_NODE_HINTS),
    now: clock.now(),
  });
  // A card or chain that is too large has been refused before: its formats bound it.
  if (!envelope.ok) throw new IntentError("invitation-forged");
  const chat = await newChatChanges(core, {
    group,
    peer: { accountId: card.accountId, name: card.name, chain: card.chain },
    state: "waiting",
    mayDirect,
    wishes: [],
  });
  return { chat, request: requestEntry(core, chat.state.record.id, card, envelope.value) };
}

/** FC18: the key package is of the account and the device that the card stands for. */
async function inspectOwner({ cipher }: SessionCore, card: OpenedCard, keyPackage: Uint8Array): Promise<void> {
  const member = await cipher.inspectKeyPackage(keyPackage);
  if (!member.ok) throw new IntentError("invitation-forged", member.error);
  const owner = claimedLeaf(member.value.credential);
  if (!owner.ok || judgeCardMember(card, owner.value) !== null) throw new IntentError("invitation-forged");
}

function requestEntry(core: SessionCore, conversationId: string, card: OpenedCard, envelope: Uint8Array): OutboxEntry {
  const now = core.clock.now();
  const item: RequestItem = {
    kind: "request",
    inboxPublicKey: card.inbox.mailbox,
    envelope,
    targets: card.inbox.nodes.map((hint) => ({ hint, isStored: false })),
    expiresAt: Math.min(card.expiresAt, now + REQUEST_LIFETIME),
  };
  const id = bytesToHex(core.provider.sha256(envelope));
  return {
    record: { id, conversationId, sequence: core.nextSequence(), item: encodeItem(item), createdAt: now },
    item,
  };
}

function failureCode(failure: NodeFailure): IntentError["code"] {
  if (failure.kind === "clock-wrong") return "clock-wrong";
  if (failure.kind === "refused") return "node-refused";
  return failure.kind === "misbehaved" || failure.kind === "key-changed" ? "node-refused" : "node-unreachable";
}
