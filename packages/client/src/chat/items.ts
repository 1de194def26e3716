/** What another device said, item by item: each goes to where its meaning is. */
import { bytesToHex } from "@xchat/codec";
import { HISTORY_ITEM_TAG, type AccountId, type Hex, type Member, type PayloadItem } from "@xchat/protocol";
import { takeAck, takeRead } from "./acknowledgements.ts";
import { takeChain, takeName } from "./contact-news.ts";
import { takeEvent } from "./events.ts";
import { takeFormerLeaf } from "./former-leaf.ts";
import { giveWanted } from "./gaps.ts";
import { saidBy, withSaid } from "./roster.ts";
import type { Step } from "./step.ts";

export interface ItemCallbacks {
  readonly via: "direct" | "nodes";
  /** `from`: leaf key of the device that sent it. */
  readonly onSignal: (item: Extract<PayloadItem, { kind: "signal" }>, from: Hex) => void;
  readonly onConsent: () => void;
  readonly onDelivered: (eventIds: ReadonlySet<string>) => void;
}

export async function applyItems(
  step: Step,
  sender: Member,
  items: readonly PayloadItem[],
  callbacks: ItemCallbacks,
): Promise<void> {
  const leafKey = bytesToHex(sender.signatureKey);
  const account = step.state.roster.leaves.get(leafKey)?.account;
  // MLS has authenticated a member of that epoch, and all of those are on the roster.
  if (account === undefined) return;
  const from = { leafKey, account };
  step.core.introductions.arrived(step, account);
  // Whose events follow is said beside them.
  for (const item of items) if (item.kind === "former-leaf") await takeFormerLeaf(step, leafKey, item);
  for (const item of items)
    if (item.kind !== "chain" && item.kind !== "former-leaf") await applyItem(step, from, item, callbacks);
  // Each costs up to 128 signatures to verify: one a message is enough.
  const chain = items.findLast((item) => item.kind === "chain");
  if (chain !== undefined) await takeChain(step, account, chain.chain);
}

interface Sender {
  readonly leafKey: Hex;
  readonly account: AccountId;
}

async function applyItem(
  step: Step,
  { leafKey, account }: Sender,
  item: Exclude<PayloadItem, { kind: "chain" | "former-leaf" }>,
  callbacks: ItemCallbacks,
): Promise<void> {
  const { roster } = step.state;
  switch (item.kind) {
    case "event":
      return takeEvent(step, item.event, callbacks);
    case "give":
      for (const event of item.events) await takeEvent(step, event, callbacks);
      return;
    case "ack":
      return takeAck(step, leafKey, item.ack, callbacks);
    case "read":
      return takeRead(step, leafKey, item.positions, callbacks);
    case "want":
      return giveWanted(step, leafKey, item.want);
    case "signal":
      return callbacks.onSignal(item, leafKey);
    case "direct-consent":
      if (item.revision <= saidBy(roster, account).directRevision) return;
      step.set({ roster: withSaid(roster, account, { mayDirect: item.isAllowed, directRevision: item.revision }) });
      return callbacks.onConsent();
    case "profile":
      return takeName(step, account, item.name, item.revision);
    case "key-packages":
      return step.core.stock.take(step, { leafKey, account }, item);
    case "parcel":
      if (account === step.state.record.accountId) step.core.introductions.take(step, account, item);
      return;
    case "unknown":
      // Else a later version's.
      if (item.tag === HISTORY_ITEM_TAG && step.state.side.state.kind === "devices") {
        step.after.push(() => step.core.siblings.historyCame(leafKey, item.content));
      }
      return;
  }
}
