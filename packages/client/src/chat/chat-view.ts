/** A chat as a person sees it. */
import { missingCount } from "@xchat/protocol";
import type { ChatView } from "../api.ts";
import type { ContactRecord, EventRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { Epoch } from "./epochs.ts";
import { deliveryOf, type QueuedReason } from "./message-view.ts";
import { noticeView } from "./notices.ts";
import type { ChatState } from "./step.ts";

export interface ChatSummary {
  readonly last: EventRecord | null;
  readonly unread: number;
}

/** Why an own message has not left the device. */
export function queuedReason({ pool }: SessionCore, { record, epochs }: ChatState): QueuedReason {
  if (record.state === "waiting") return "waiting-for-acceptance";
  const states = (epochs.at(-1) as Epoch).nodes.map(({ hint }) => pool.access(hint).state);
  if (states.some((state) => state === "ready")) return "sending";
  if (states.every((state) => state === "key-changed")) return "node-refuses";
  return states.some((state) => state === "clock-wrong") ? "clock-wrong" : "no-node";
}

export function chatView(
  state: ChatState,
  contact: ContactRecord,
  { last, unread }: ChatSummary,
  queuedWhy: QueuedReason,
  isDirect: boolean,
): ChatView {
  const { record, epochs, shared } = state;
  return {
    id: record.id,
    name: contact.petname ?? contact.name,
    theirName: contact.name,
    petname: contact.petname,
    accountId: record.accountId,
    state: record.state,
    isVerified: contact.isVerified,
    isBlocked: contact.isBlocked,
    mayDirect: contact.mayDirect,
    way: isDirect ? "direct" : queuedWhy === "no-node" || queuedWhy === "clock-wrong" ? "none" : "nodes",
    unread,
    draft: record.draft,
    last:
      last === null
        ? null
        : {
            text: last.text,
            at: last.sentAt,
            isOwn: last.isOwn,
            delivery: last.isOwn ? deliveryOf(last, queuedWhy) : null,
          },
    activeAt: record.activeAt,
    missing: missingCount(state.log),
    homeNodes: (epochs.at(-1) as Epoch).nodes.map(({ hint }) => hint.address),
    notices: shared.notices.map(noticeView),
  };
}
