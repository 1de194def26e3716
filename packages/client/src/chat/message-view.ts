/** Events as a person sees them, each by itself; what others say of it comes from `content-view.ts`. */
import type { AccountId } from "@xchat/protocol";
import { NO_MARKS, type Delivery, type MessageView, type PersonView } from "../api.ts";
import { recordView } from "../group/people.ts";
import type { EventPosition, EventRecord } from "../ports.ts";

const DEPTH_DIGITS = 12;

/** Text order is the order of the chat: depth, then id. */
export const orderOf = ({ depth, id }: EventPosition): string => `${String(depth).padStart(DEPTH_DIGITS, "0")}/${id}`;

/** `null` for what no view of this version has made. */
export function positionOf(order: string): EventPosition | null {
  const match = /^(\d{12})\/([0-9a-f]{64})$/u.exec(order);
  return match === null ? null : { depth: Number(match[1]), id: match[2] as string };
}

export type QueuedReason = Extract<Delivery, { state: "queued" }>["why"];

/** What of a chat goes into the view of each message. */
export interface MessageContext {
  readonly queuedWhy: QueuedReason;
  /** Who wrote it; null in a chat of two. */
  readonly author: (event: EventRecord) => PersonView | null;
  readonly person: (account: AccountId) => PersonView;
}

export function messageView(event: EventRecord, { queuedWhy, author, person }: MessageContext): MessageView {
  return {
    id: event.id,
    isOwn: event.isOwn && event.kind !== "record",
    author: author(event),
    order: orderOf(event),
    content: contentOf(event, person),
    sentAt: event.sentAt,
    receivedAt: event.isOwn ? null : event.receivedAt,
    delivery: event.isOwn && event.delivery !== "" && event.kind !== "lost" ? deliveryOf(event, queuedWhy) : null,
    via: event.isOwn || event.via === "" ? null : event.via,
    ...NO_MARKS,
  };
}

export function deliveryOf(event: EventRecord, queuedWhy: QueuedReason): Delivery {
  const via = event.via === "" ? "nodes" : event.via;
  switch (event.delivery) {
    case "read":
      return { state: "read", via };
    case "delivered":
      return { state: "delivered", via };
    case "stored":
      return { state: "stored", count: event.storedCount, of: event.storedOf };
    case "unsent":
      return { state: "unsent" };
    default:
      return { state: "queued", why: queuedWhy };
  }
}

const NOTICES = ["accepted", "verified", "unverified", "direct-on", "direct-off"] as const;

function contentOf(
  { kind, text, delivery, storedOf, body, target }: EventRecord,
  person: MessageContext["person"],
): MessageView["content"] {
  if (kind === "text") return { kind, text, mentions: [] };
  if (kind === "deleted") return { kind };
  if (kind === "pin") return { kind, target, isPinned: true };
  if (kind === "record") return { kind, record: recordView(body, person) };
  if (kind === "lost") {
    return { kind, state: delivery === "given-up" ? delivery : "asked", count: storedOf === 0 ? null : storedOf };
  }
  const notice = NOTICES.find((name) => kind === `notice:${name}`);
  return notice === undefined ? { kind: "unknown" } : { kind: "notice", notice };
}
