/** One request by a link: a key package for this group alone, a place for the answer, and what is sealed (GL5, GL8). */
import { bytesToHex } from "@xchat/codec";
import { ANSWER_WAIT_MS, sealJoinRequest, type OpenedGroupCard } from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { newKeyPackage } from "../contact/key-packages.ts";
import { encodeItem, type RequestItem } from "../delivery/outbox-item.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import type { KeyPackageRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { joiningOwner, type Attempt, type Joining } from "./joining-record.ts";

/** As long as the first and the one before it are read. */
const KEY_PACKAGE_KEPT = 2 * ANSWER_WAIT_MS;

/** @throws IntentError with "invitation-forged" for a card that nobody can ask by. */
export async function newAttempt(
  core: SessionCore,
  card: OpenedGroupCard,
  { secret, greeting }: Pick<Joining, "secret" | "greeting">,
): Promise<{ readonly attempt: Attempt; readonly keyPackage: KeyPackageRecord }> {
  const { provider, clock, profile } = core;
  const { chain, deviceSeed, name } = profile();
  const bundle = await newKeyPackage(core, false);
  const answerSeed = provider.randomBytes(32);
  const now = clock.now();
  const sealed = await sealJoinRequest(provider, {
    inviter: card.accountId,
    requestKey: card.inbox.requestKey,
    secret,
    groupId: card.groupId,
    chain,
    deviceSeed,
    name,
    greeting,
    answerSeed,
    keyPackage: bundle.keyPackage,
    now,
  });
  if (!sealed.ok) throw new IntentError("invitation-forged");
  const id = bytesToHex(provider.sha256(bundle.keyPackage));
  return {
    attempt: {
      answerSeed,
      keyPackage: id,
      request: sealed.value,
      inboxPublicKey: card.inbox.mailbox,
      nodes: card.inbox.nodes,
      askedAt: now,
      isStored: false,
    },
    keyPackage: {
      id,
      invitationId: joiningOwner(bytesToHex(card.groupId)),
      keyPackage: bundle.keyPackage,
      privatePart: bundle.privatePart,
      createdAt: now,
      expiresAt: now + KEY_PACKAGE_KEPT,
    },
  };
}

/** What brings the newest request to the nodes. */
export function requestOf(core: SessionCore, { group, attempts }: Joining): OutboxEntry {
  const [{ request, inboxPublicKey, nodes, askedAt }] = attempts as readonly [Attempt];
  const item: RequestItem = {
    kind: "request",
    inboxPublicKey,
    envelope: request,
    targets: nodes.map((hint) => ({ hint, isStored: false })),
    expiresAt: askedAt + ANSWER_WAIT_MS,
  };
  const id = bytesToHex(core.provider.sha256(request));
  const record = { id, conversationId: joiningOwner(group), sequence: core.nextSequence(), item: encodeItem(item) };
  return { record: { ...record, createdAt: core.clock.now() }, item };
}
