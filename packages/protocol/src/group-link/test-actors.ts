/** A group of Ada's with a link, her card, and Zoe who asks, for the tests of group links. */
import { bytesToHex } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { DAY, hintOf } from "../first-contact/test-actors.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import { newPerson, NOW, seedOf, type Person } from "../identity/test-actors.ts";
import { sealGroupCard, type GroupCardInput } from "./group-card.ts";
import type { GroupLinkCode } from "./group-link-code.ts";
import { sealJoinRequest, type JoinRequestInput } from "./join-request.ts";
import { groupLinkKeys, type GroupLinkKeys } from "./link-keys.ts";

export interface LinkWorld {
  readonly ada: Person;
  readonly zoe: Person;
  readonly keys: GroupLinkKeys;
  readonly groupId: Uint8Array;
  readonly code: GroupLinkCode;
  readonly cardInput: GroupCardInput;
  readonly requestInput: JoinRequestInput;
}

export async function newLinkWorld(provider: CryptoProvider, name = "choir"): Promise<LinkWorld> {
  const [ada, zoe] = [await newPerson(provider, "ada"), await newPerson(provider, "zoe")];
  const keys = groupLinkKeys(provider, bytesToHex(seedOf(provider, `${name} link`)));
  const groupId = seedOf(provider, `${name} group`);
  const nodes = [hintOf(provider, "one"), hintOf(provider, "two")];
  const { publicKey: requestKey } = await provider.xwingKeyPair(keys.requestSeed);
  const { publicKey: mailbox } = await provider.ed25519KeyPair(keys.inboxSeed);
  const cardInput: GroupCardInput = {
    secret: keys.secret,
    chain: ada.chain,
    deviceSeed: ada.deviceSeed,
    name: "Ada",
    groupId,
    groupName: "Choir 🎶",
    description: "Tuesdays at seven.",
    members: 12,
    needsApproval: true,
    inbox: { mailbox, requestKey, nodes },
    issuedAt: NOW,
    expiresAt: NOW + 7 * DAY,
  };
  const requestInput: JoinRequestInput = {
    inviter: ada.accountId,
    requestKey,
    secret: keys.secret,
    deviceSeed: zoe.deviceSeed,
    chain: zoe.chain,
    groupId,
    name: "Zoe",
    greeting: "I sing alto.",
    answerSeed: seedOf(provider, "answer"),
    keyPackage: new Uint8Array(3_300).fill(7),
    now: NOW,
  };
  const accountIdHash = provider.sha256(accountIdToBytes(ada.accountId));
  return { ada, zoe, keys, groupId, code: { secret: keys.secret, accountIdHash, nodes }, cardInput, requestInput };
}

export const newGroupCard = (
  provider: CryptoProvider,
  { cardInput }: LinkWorld,
  changes: Partial<GroupCardInput> = {},
): Promise<Uint8Array> => sealGroupCard(provider, { ...cardInput, ...changes });

export async function newJoinRequest(
  provider: CryptoProvider,
  { requestInput }: LinkWorld,
  changes: Partial<JoinRequestInput> = {},
): Promise<Uint8Array> {
  const sealed = await sealJoinRequest(provider, { ...requestInput, ...changes });
  if (!sealed.ok) throw new Error(`test request: ${sealed.error.reason}`);
  return sealed.value;
}
