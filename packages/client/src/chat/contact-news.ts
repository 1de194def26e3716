/**
 * What becomes known of people inside a conversation: their names, and their identity chains, which are held to those that
 * are pinned of contacts (spec/identity.md, section 8).
 */
import { bytesToHex, equalBytes } from "@xchat/codec";
import { extendsChain, verifyChain, type AccountId } from "@xchat/protocol";
import { withNotice, type Happening } from "./notices.ts";
import { saidBy, withSaid } from "./roster.ts";
import type { Step } from "./step.ts";

/** In a chat of two it is the name of the contact; elsewhere it is what they call themselves there. */
export function takeName(step: Step, account: AccountId, name: string, revision: number): void {
  const { roster, record } = step.state;
  if (revision <= saidBy(roster, account).nameRevision) return;
  step.set({ roster: withSaid(roster, account, { name, nameRevision: revision }) });
  if (record.accountId !== account) return;
  const contact = step.contact(account);
  if (contact !== undefined && contact.name !== name) step.setContact(account, { name });
}

/** ID21: a chain that somebody showed. What does not verify, or is of nobody who is known, says nothing. */
export async function takeChain(step: Step, account: AccountId, chain: Uint8Array): Promise<void> {
  const contact = step.contact(account);
  if (contact === undefined || equalBytes(contact.chain, chain)) return;
  const verified = await verifyChain(step.core.provider, chain);
  if (verified.ok && verified.value.accountId === account) pinChain(step, account, chain);
}

/** The chains in the leaves of the group, which was verified before it was applied. */
export function takeLeafChains(step: Step): void {
  for (const { account, chain } of step.state.side.leaves) {
    const contact = step.contact(account);
    if (contact === undefined) continue;
    // A leaf keeps the chain of the day when it was made: an older one there is no news.
    if (chainChange(contact.chain, chain) !== "rolled-back") pinChain(step, account, chain);
  }
}

/** The chain is pinned where it is better than the pin; what speaks against it is told. It has been verified. */
function pinChain(step: Step, account: AccountId, chain: Uint8Array): void {
  const contact = step.contact(account);
  if (contact === undefined) return;
  if (contact.chain.length === 0) return step.setContact(account, { chain });
  const change = chainChange(contact.chain, chain);
  if (change === null) return;
  if (change === "newer") step.setContact(account, { chain });
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
