/** Signed events and the records of them that the store keeps. */
import { bytesToHex } from "@xchat/codec";
import { encodeEvent, viewEvent, type PayloadItem, type SignedEvent } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { factsOf } from "./content-facts.ts";

export interface RecordInput {
  readonly conversationId: string;
  readonly event: SignedEvent;
  readonly state: EventRecord["state"];
  readonly isOwn: boolean;
  /** By this very device, and not another of the same person. */
  readonly isMadeHere?: boolean;
  readonly receivedAt: number;
  readonly via: EventRecord["via"];
}

export function eventToRecord(input: RecordInput): EventRecord {
  const { event, isOwn, receivedAt } = input;
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
    header: event.signedHeader,
    body: event.bodyBytes,
    delivery: input.isMadeHere === true ? "queued" : "",
    storedCount: 0,
    storedOf: 0,
    via: input.via,
    readAt: 0,
    ...factsOf(viewEvent(event), isOwn),
  };
}

export const eventItem = (record: EventRecord): PayloadItem => ({
  kind: "event",
  event: encodeEvent({ signedHeader: record.header, bodyBytes: record.body }),
});
