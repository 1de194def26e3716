/** Signed events and the records of them that the store keeps. */
import { bytesToHex } from "@xchat/codec";
import {
  contentMeaning,
  decodeMessageContent,
  decodeNotice,
  encodeEvent,
  type PayloadItem,
  type SignedEvent,
} from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";

export interface RecordInput {
  readonly conversationId: string;
  readonly event: SignedEvent;
  readonly state: EventRecord["state"];
  readonly isOwn: boolean;
  readonly receivedAt: number;
  readonly via: EventRecord["via"];
}

export function eventToRecord(input: RecordInput): EventRecord {
  const { event, isOwn, receivedAt } = input;
  const shown = meaningOf(event);
  return {
    id: bytesToHex(event.id),
    conversationId: input.conversationId,
    author: bytesToHex(event.header.author.leafKey),
    sequence: event.header.sequence,
    depth: event.header.depth,
    state: input.state,
    isOwn,
    sentAt: event.body?.sentAt ?? receivedAt,
    receivedAt,
    kind: shown.kind,
    text: shown.text,
    header: event.signedHeader,
    body: event.bodyBytes,
    delivery: isOwn ? "queued" : "",
    storedCount: 0,
    storedOf: 0,
    via: input.via,
    row: "counted",
    target: "",
    replaces: "",
    readAt: 0,
    disappearsAt: 0,
  };
}

export const eventItem = (record: EventRecord): PayloadItem => ({
  kind: "event",
  event: encodeEvent({ signedHeader: record.header, bodyBytes: record.body }),
});

function meaningOf({ body }: SignedEvent): { readonly kind: string; readonly text: string } {
  const unknown = { kind: "unknown", text: "" };
  if (body === null) return unknown;
  if (body.kind === "notice") {
    const notice = decodeNotice(body.content);
    return notice === null ? unknown : { kind: `notice:${notice}`, text: "" };
  }
  const content = body.kind === "content" ? decodeMessageContent(body.content) : null;
  if (content === null || !content.ok) return unknown;
  const meaning = contentMeaning(content.value);
  return meaning.kind === "text" ? { kind: "text", text: meaning.text } : unknown;
}
