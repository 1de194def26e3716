/** What the other device said, item by item: each goes to where its meaning is. */
import { equalBytes } from "@xchat/codec";
import type { Member, PayloadItem } from "@xchat/protocol";
import { takeAck, takeRead } from "./acknowledgements.ts";
import { takeChain, takeName } from "./contact-news.ts";
import { takeEvent } from "./events.ts";
import { giveWanted } from "./gaps.ts";
import type { Step } from "./step.ts";

export interface ItemCallbacks {
  readonly via: "direct" | "nodes";
  readonly onSignal: (item: Extract<PayloadItem, { kind: "signal" }>) => void;
  readonly onConsent: () => void;
  readonly onDelivered: (eventIds: ReadonlySet<string>) => void;
}

export async function applyItems(
  step: Step,
  sender: Member,
  items: readonly PayloadItem[],
  callbacks: ItemCallbacks,
): Promise<void> {
  // Whoever else may come to be in the group: a chat of two listens to the other one only.
  if (!equalBytes(sender.signatureKey, step.state.shared.peerLeafKey)) return;
  for (const item of items) if (item.kind !== "chain") await applyItem(step, item, callbacks);
  // Each costs up to 128 signatures to verify: one a message is enough.
  const chain = items.findLast((item) => item.kind === "chain");
  if (chain !== undefined) await takeChain(step, chain.chain);
}

async function applyItem(
  step: Step,
  item: Exclude<PayloadItem, { kind: "chain" }>,
  callbacks: ItemCallbacks,
): Promise<void> {
  const { shared } = step.state;
  switch (item.kind) {
    case "event":
      return takeEvent(step, item.event, callbacks);
    case "give":
      for (const event of item.events) await takeEvent(step, event, callbacks);
      return;
    case "ack":
      return takeAck(step, item.ack, callbacks);
    case "read":
      return takeRead(step, item.positions, callbacks);
    case "want":
      return giveWanted(step, item.want);
    case "signal":
      return callbacks.onSignal(item);
    case "direct-consent":
      if (item.revision <= shared.theirConsentRevision) return;
      step.setShared({ theyMayDirect: item.isAllowed, theirConsentRevision: item.revision });
      return callbacks.onConsent();
    case "profile":
      return takeName(step, item.name, item.revision);
    case "unknown":
      // A later version's.
      return;
  }
}
