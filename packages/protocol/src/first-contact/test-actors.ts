/** An invitation of Bob's, his card, and Alice's request, for the tests of first contact. */
import type { CryptoProvider } from "@xchat/crypto";
import { accountIdToBytes } from "../identity/account-id.ts";
import { newPerson, NOW, seedOf, type Person } from "../identity/test-actors.ts";
import type { NodeHint } from "../node-hint.ts";
import { sealCard, type CardInput } from "./card.ts";
import type { Invitation } from "./invitation.ts";
import { sealRequest, type RequestInput } from "./request.ts";

export const DAY = 86_400_000;

export const hintOf = (provider: CryptoProvider, name: string): NodeHint => ({
  address: `wss://${name}.example.org/`,
  keyHash: seedOf(provider, `node ${name}`),
});

/** What an inviter has. */
export interface Inviter {
  readonly person: Person;
  readonly invitation: Invitation;
  readonly requestKey: Uint8Array;
  readonly requestSeed: Uint8Array;
  readonly cardInput: CardInput;
}

export async function newInviter(provider: CryptoProvider, name: string, invitationName = name): Promise<Inviter> {
  const person = await newPerson(provider, name);
  const secret = seedOf(provider, `${invitationName} invitation`);
  const nodes = [hintOf(provider, "one"), hintOf(provider, "two")];
  const accountIdHash = provider.sha256(accountIdToBytes(person.accountId));
  const requestSeed = seedOf(provider, `${invitationName} inbox`);
  const { publicKey: requestKey } = await provider.xwingKeyPair(requestSeed);
  const cardInput: CardInput = {
    secret,
    chain: person.chain,
    deviceSeed: person.deviceSeed,
    name: "Bob 🌻",
    keyPackages: [new Uint8Array(3_300).fill(1)],
    inbox: { mailbox: seedOf(provider, `${invitationName} mailbox`), requestKey, nodes },
    isLasting: false,
    issuedAt: NOW,
    expiresAt: NOW + 7 * DAY,
  };
  return { person, invitation: { secret, accountIdHash, nodes }, requestKey, requestSeed, cardInput };
}

export const newCard = (
  provider: CryptoProvider,
  inviter: Inviter,
  changes: Partial<CardInput> = {},
): Promise<Uint8Array> => sealCard(provider, { ...inviter.cardInput, ...changes });

export const requestInput = (provider: CryptoProvider, newcomer: Person, inviter: Inviter): RequestInput => ({
  inviter: inviter.person.accountId,
  requestKey: inviter.requestKey,
  invitationSecret: inviter.invitation.secret,
  chain: newcomer.chain,
  deviceSeed: newcomer.deviceSeed,
  name: newcomer.name,
  greeting: "It's me,\nfrom the choir.",
  groupId: seedOf(provider, "group"),
  welcome: new Uint8Array(4_000).fill(2),
  keyPackageHashes: [provider.sha256(inviter.cardInput.keyPackages[0] as Uint8Array)],
  homeNodes: [hintOf(provider, "three")],
  now: NOW,
});

export async function newRequest(
  provider: CryptoProvider,
  newcomer: Person,
  inviter: Inviter,
  changes: Partial<RequestInput> = {},
): Promise<Uint8Array> {
  const sealed = await sealRequest(provider, { ...requestInput(provider, newcomer, inviter), ...changes });
  if (!sealed.ok) throw new Error(`test request: ${sealed.error.reason}`);
  return sealed.value;
}
