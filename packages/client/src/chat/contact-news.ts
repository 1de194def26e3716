/**
 * What becomes known of people inside a conversation: their names, and their identity chains, which are held to those that
 * are pinned of contacts (spec/identity.md, section 8).
 */
import { bytesToHex, equalBytes } from "@xchat/codec";
import {
  chainPin,
  extendsChain,
  isRecoveredAfter,
  judgeChainPin,
  sharedOperations,
  verifyChain,
  type AccountId,
} from "@xchat/protocol";
import type { IdentityChange } from "../api.ts";
import type { SessionCore } from "../session-core.ts";
import { withNotice, type Happening, type StoredNotice } from "./notices.ts";
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
  if (account === step.core.profile().accountId) step.after.push(() => step.core.siblings.chainShown(chain));
  const contact = step.contact(account);
  if (contact === undefined || equalBytes(contact.chain, chain)) return;
  const verified = await verifyChain(step.core.provider, chain);
  if (verified.ok && verified.value.accountId === account) pinChain(step, account, chain);
}

/** The chains in the leaves of the group, which was verified before it was applied. */
export function takeLeafChains(step: Step): void {
  for (const { account, chain } of step.state.side.leaves) {
    if (account === step.core.profile().accountId) step.after.push(() => step.core.siblings.chainShown(chain));
    const contact = step.contact(account);
    if (contact === undefined) continue;
    // A leaf keeps the chain of the day when it was made: an older one there is no news.
    if (identityChange(step.core, contact, chain) !== "rolled-back") pinChain(step, account, chain);
  }
}

/** The same where a chat begins: the better of what is known of a contact and what their leaves show, and what is told of it. */
export function chainOfLeaves(
  core: SessionCore,
  known: { readonly accountId: string; readonly chain: Uint8Array },
  leaves: readonly { readonly account: string; readonly chain: Uint8Array }[],
): { readonly chain: Uint8Array; readonly notices: readonly StoredNotice[] } {
  let { chain } = known;
  let notices: readonly StoredNotice[] = [];
  for (const leaf of leaves.filter(({ account }) => account === known.accountId)) {
    const change = identityChange(core, { accountId: known.accountId, chain }, leaf.chain);
    if (isBetter(change) || (chain.length === 0 && change === null)) chain = leaf.chain;
    if (change !== null && change !== "rolled-back") notices = withIdentityNotice(core, notices, change, leaf.chain);
  }
  return { chain, notices };
}

/** The chain is pinned where it is better than the pin; what speaks against it is told. It has been verified. */
function pinChain(step: Step, account: AccountId, chain: Uint8Array): void {
  const { core } = step;
  const contact = step.contact(account);
  if (contact === undefined) return;
  const change = identityChange(core, contact, chain);
  const isFirst = contact.chain.length === 0 && change === null;
  if (isFirst || isBetter(change)) step.setContact(account, { chain });
  if (change === null) return;
  const { notices } = step.state.shared;
  step.setShared({ notices: withIdentityNotice(core, notices, change, chain) });
}

export function withIdentityNotice(
  { provider, clock }: SessionCore,
  notices: readonly StoredNotice[],
  change: IdentityChange,
  chain: Uint8Array,
): readonly StoredNotice[] {
  const id = bytesToHex(provider.sha256(chain));
  const happening: Happening = { kind: "identity", id: `${change}/${id}`, change, count: 1 };
  return withNotice(notices, happening, clock.now());
}

/** In this chat, unless it has been told here. */
export function tellOnce(step: Step, change: IdentityChange, chain: Uint8Array): void {
  const { notices } = step.state.shared;
  const all = withIdentityNotice(step.core, notices, change, chain);
  if (all.length > notices.length) step.setShared({ notices: all });
}

/** Such a chain takes the place of what was known. */
export const isBetter = (change: IdentityChange | null): boolean => change === "newer" || change === "recovered";

/**
 * What a verified chain means beside what is known of its account: the pinned chain or, after an own recovery, the pin
 * alone (spec/devices.md, DV20). Null where it says nothing new.
 */
export function identityChange(
  { provider, pins }: Pick<SessionCore, "provider" | "pins">,
  known: { readonly accountId: string; readonly chain: Uint8Array },
  chain: Uint8Array,
): IdentityChange | null {
  if (known.chain.length > 0) return chainChange(known.chain, chain);
  const pin = pins.get(known.accountId);
  const verdict = pin === undefined ? null : judgeChainPin(provider, pin, chain);
  if (pin === undefined || verdict === null || !verdict.ok) return null;
  switch (verdict.value) {
    case "extends": {
      if (isRecoveredAfter(chain, pin.length)) return "recovered";
      const shown = chainPin(provider, chain);
      return shown.ok && shown.value.length > pin.length ? "newer" : null;
    }
    case "recovered":
      return isRecoveredAfter(chain, 0) ? "recovered" : "newer";
    case "behind":
      return "rolled-back";
    case "parted":
      return "forked";
  }
}

function chainChange(pinned: Uint8Array, chain: Uint8Array): IdentityChange | null {
  const extension = extendsChain(pinned, chain);
  if (extension.ok) {
    if (extension.value === "same") return null;
    return isRecoveredAfter(chain, sharedOperations(pinned, chain)) ? "recovered" : "newer";
  }
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
