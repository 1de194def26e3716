/** Answering a request: join the group that the newcomer made, choose the home nodes, take the request away. */
import { bytesToHex, equalBytes } from "@xchat/codec";
import {
  claimedLeaf,
  judgeWelcomedGroup,
  MAX_NODE_HINTS,
  openRequest,
  parseAccountId,
  type Group,
  type NodeHint,
  type OpenedRequest,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { sideOf } from "../chat/epochs.ts";
import { newChatChanges, type NewChat } from "../chat/new-chat.ts";
import { isLoopback } from "../delivery/nodes.ts";
import type { KeyPackageRecord, RequestRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { decodeSecrets } from "./invitation-secrets.ts";

/**
 * @throws IntentError with "request-gone" when it cannot be joined any more, not later either; with "clock-wrong" when it is
 *   from the future by the clock of this device.
 */
export async function acceptRequest(core: SessionCore, request: RequestRecord, mayDirect: boolean): Promise<NewChat> {
  const { cipher } = core;
  const opened = await reopen(core, request);
  // Whoever names the group of a chat that is there would take its place, its keys and its history.
  if ((await core.store.get("conversation", bytesToHex(opened.groupId))) !== null)
    throw new IntentError("request-gone");
  const keyPackage = await heldKeyPackage(core, opened);
  if (keyPackage === null) throw new IntentError("request-gone");
  const joined = await cipher.join(opened.welcome, keyPackage);
  if (!joined.ok) throw new IntentError("request-gone", joined.error);
  const group = joined.value;
  judgeGroup(core, opened, group);
  const { state } = sideOf(cipher, group);
  if (state.pair === null || state.pair.requester !== opened.accountId) throw new IntentError("request-gone");
  const chat = await newChatChanges(core, {
    group,
    peer: { accountId: opened.accountId, name: opened.name, chain: opened.chain },
    state: "active",
    mayDirect,
    wishes: [
      {
        id: "accept",
        change: {
          kind: "state",
          change: { kind: "accept", homeNodes: chooseHomeNodes(core.pool.own, opened.homeNodes) },
        },
      },
    ],
  });
  const isLasting = await isLastingInvitation(core, request.invitationId);
  const changes: StoreChange[] = [...chat.changes, { put: "request", record: answeredRequest(request, "accepted") }];
  // A key package of a one-time invitation is spent; that of a lasting one waits for others until it is renewed.
  if (!isLasting) changes.push({ delete: "keyPackage", key: keyPackage.id });
  return { ...chat, changes };
}

/** What is kept of a request so that the same one, given again by a node, is not asked again (FC17). */
export const answeredRequest = (request: RequestRecord, state: "accepted" | "declined"): RequestRecord => ({
  ...request,
  state,
  body: new Uint8Array(0),
});

async function heldKeyPackage({ store }: SessionCore, opened: OpenedRequest): Promise<KeyPackageRecord | null> {
  for (const hash of opened.keyPackageHashes) {
    const held = await store.get("keyPackage", bytesToHex(hash));
    if (held !== null) return held;
  }
  return null;
}

/** FC19, with exactly one device on each side; the credentials were verified when joining. */
function judgeGroup({ cipher, profile }: SessionCore, opened: OpenedRequest, group: Group): void {
  const members = cipher.members(group);
  const owners = members.flatMap(({ credential }) => {
    const owner = claimedLeaf(credential);
    return owner.ok ? [owner.value] : [];
  });
  const own = claimedLeaf(members.find(({ leaf }) => leaf === group.ownLeaf)?.credential ?? new Uint8Array(0));
  const isSound = own.ok && own.value.accountId === profile().accountId && members.length === 2 && owners.length === 2;
  if (!isSound || judgeWelcomedGroup(opened, own.value, { groupId: group.groupId, members: owners }) !== null) {
    throw new IntentError("request-gone");
  }
}

/** Own nodes first: the newcomer has reached one of them; then theirs, where somebody else can reach them. */
export function chooseHomeNodes(own: readonly NodeHint[], theirs: readonly NodeHint[]): readonly NodeHint[] {
  const chosen: NodeHint[] = [];
  for (const hint of [...own, ...theirs.filter(({ address }) => !isLoopback(address))]) {
    if (chosen.length < MAX_NODE_HINTS && !chosen.some(({ keyHash }) => equalBytes(keyHash, hint.keyHash)))
      chosen.push(hint);
  }
  return chosen;
}

async function reopen(core: SessionCore, request: RequestRecord): Promise<OpenedRequest> {
  const { store, provider, clock, profile } = core;
  const invitation = await store.get("invitation", request.invitationId);
  const own = parseAccountId(profile().accountId);
  if (invitation === null || !own.ok) throw new IntentError("request-gone");
  const secrets = decodeSecrets(invitation.secrets);
  const opened = await openRequest(
    provider,
    { inboxSecretKey: secrets.requestSeed, invitationSecret: secrets.secret, ownAccountId: own.value },
    request.body,
    clock.now(),
  );
  if (!opened.ok)
    throw new IntentError(opened.error.reason === "request-not-yet-valid" ? "clock-wrong" : "request-gone");
  return opened.value;
}

const isLastingInvitation = async ({ store }: SessionCore, id: string): Promise<boolean> =>
  (await store.get("invitation", id))?.isLasting ?? false;
