/**
 * What becomes known of the contact inside the conversation: their name, and their identity chain, which is held to the
 * one that is pinned (spec/identity.md, section 8).
 */
import { bytesToHex, equalBytes } from "@xchat/codec";
import { claimedLeaf, extendsChain, verifyChain } from "@xchat/protocol";
import { withNotice, type Happening } from "./notices.ts";
import type { Step } from "./step.ts";

export function takeName(step: Step, name: string, revision: number): void {
  if (revision <= step.state.shared.theirProfileRevision) return;
  step.setShared({ theirProfileRevision: revision });
  if (step.contact !== undefined && step.contact.name !== name) step.setContact({ name });
}

/** ID21: a chain that somebody showed. What does not verify, or is another account's, says nothing about the contact. */
export async function takeChain(step: Step, chain: Uint8Array): Promise<void> {
  const { contact } = step;
  if (contact === undefined || equalBytes(contact.chain, chain)) return;
  const verified = await verifyChain(step.core.provider, chain);
  if (verified.ok && verified.value.accountId === contact.accountId) pinChain(step, chain);
}

/** The chains in the leaves of the group, which was verified before it was applied. */
export function takeLeafChains(step: Step): void {
  const { cipher } = step.core;
  for (const { credential } of cipher.members(step.state.group)) {
    const leaf = claimedLeaf(credential);
    if (!leaf.ok || leaf.value.accountId !== step.contact?.accountId) continue;
    // A leaf keeps the chain of the day when it was made: an older one there is no news.
    if (chainChange(step.contact.chain, leaf.value.chain) !== "rolled-back") pinChain(step, leaf.value.chain);
  }
}

/** The chain is pinned where it is better than the pin; what speaks against it is told. It has been verified. */
function pinChain(step: Step, chain: Uint8Array): void {
  const { contact } = step;
  if (contact === undefined) return;
  if (contact.chain.length === 0) return step.setContact({ chain });
  const change = chainChange(contact.chain, chain);
  if (change === null) return;
  if (change === "newer") step.setContact({ chain });
  const id = bytesToHex(step.core.provider.sha256(chain));
  const happening: Happening = { kind: "identity", id: `${change}/${id}`, change, count: 1 };
  const { notices } = step.state.shared;
  step.setShared({ notices: withNotice(notices, happening, step.core.clock.now()) });
}

/** What a verified chain means beside the pinned one; null where it says nothing new. */
export function chainChange(pinned: Uint8Array, chain: Uint8Array): "newer" | "rolled-back" | "forked" | null {
  const extension = extendsChain(pinned, chain);
  if (extension.ok) return extension.value === "same" ? null : "newer";
  switch (extension.error.reason) {
    case "chain-rolled-back":
    case "chain-overruled":
      return "rolled-back";
    case "conflicting-chains":
      return "forked";
    default:
      return null;
  }
}
