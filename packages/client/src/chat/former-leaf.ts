/**
 * Leaf keys that a device had where others never saw it (spec/event.md, LG19): who came in on a branch that lost, and comes
 * back, says again what it had signed there, and who that was.
 *
 * FL1 A key counts by its device's certificate, and only for the device that hands it over and has a leaf here.
 * FL2 What it has signed counts as what that device may say now, never as more.
 */
import { bytesToHex } from "@xchat/codec";
import { verifyLeafCredential, withRightsLike, type Hex, type PayloadItem } from "@xchat/protocol";
import { toBytes } from "./authors.ts";
import { keepCredential, PAST_CREDENTIAL } from "./past-credentials.ts";
import { MAX_LEAVES } from "./roster.ts";
import type { Step } from "./step.ts";

type FormerLeaf = Extract<PayloadItem, { readonly kind: "former-leaf" }>;

/** Far more than the devices of a person come to: each may have come back many times. */
const MOST_OF_ACCOUNT = 64;

/** Before this device goes on under another key. */
export function keepOwnCredential(step: Step): void {
  const { cipher } = step.core;
  const { group, log } = step.state;
  const own = cipher.members(group).find(({ signatureKey }) => bytesToHex(signatureKey) === log.self);
  if (own !== undefined) keepCredential(step, log.self, own.credential);
}

/** What goes along with an own event; none for one that the present key has signed. */
export async function formerLeafOf(step: Step, author: Hex): Promise<readonly FormerLeaf[]> {
  if (author === step.state.log.self) return [];
  const part = await step.core.store.get("part", `${step.id}/${PAST_CREDENTIAL}/${author}`);
  return part === null ? [] : [{ kind: "former-leaf", leafKey: toBytes(author), credential: part.value }];
}

/** `from`: leaf key of the device that sent it. */
export async function takeFormerLeaf(step: Step, from: Hex, { leafKey, credential }: FormerLeaf): Promise<void> {
  const { provider, clock } = step.core;
  const { roster, side } = step.state;
  const key = bytesToHex(leafKey);
  const sender = side.leaves.find((leaf) => leaf.leafKey === from);
  const known = roster.leaves.get(from);
  if (sender === undefined || known === undefined || roster.leaves.has(key)) return;
  const ofAccount = [...roster.leaves.values()].filter(({ account }) => account === sender.account);
  if (ofAccount.length >= MOST_OF_ACCOUNT || roster.leaves.size >= MAX_LEAVES) return;
  const leaf = await verifyLeafCredential(provider, credential, leafKey, clock.now());
  if (!leaf.ok || leaf.value.accountId !== sender.account) return;
  if (bytesToHex(leaf.value.deviceKey) !== sender.deviceKey) return;
  keepCredential(step, key, credential);
  const leaves = new Map(roster.leaves).set(key, known);
  step.set({ roster: { ...roster, leaves, rights: withRightsLike(roster.rights, key, from) } });
}
