/**
 * What was said in a conversation since a device was linked, and goes to it along with its Welcome (spec/devices.md, DV37).
 *
 * SD1 What comes along is saved with the conversation that begins, and struck out once it has been taken: a crash loses
 *     none of it, and twice is as once.
 */
import { bytesToHex } from "@xchat/codec";
import { decodeSaid, encodeSaid, MAX_SAID_BYTES, recordSize, type Hex, type HistoryRecord } from "@xchat/protocol";
import type { Chat } from "../chat/chat.ts";
import type { EventPage, EventPosition, EventRecord, PartRecord, Store, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { importHistory } from "./history-import.ts";
import { credentialsOf, historyRecord, isGiven } from "./history-source.ts";

export const SAID_DUE = "said-due";

const MAX_EVENTS = 256;
/** Rows of a chat that are looked at: lines and what is hidden do not count. */
const MAX_ROWS = 1_024;
const PAGE = 128;
/** For the frame around the records. */
const ROOM = MAX_SAID_BYTES - 64;

/** The newest of what came here from `since` on, with what has been said of it: edits, reactions, deletions, pins. */
export async function saidSince(
  { store, clock }: Pick<SessionCore, "store" | "clock">,
  conversation: Hex,
  since: number,
): Promise<Uint8Array> {
  const now = clock.now();
  const isSaid = (event: EventRecord): boolean => event.receivedAt >= since && isGiven(event, now);
  const credentials = new Map((await credentialsOf(store, conversation)).map((one) => [bytesToHex(one.leafKey), one]));
  const events: HistoryRecord[] = [];
  const authors: HistoryRecord[] = [];
  let room = ROOM;
  for (const event of (await eventsFrom(store, conversation, isSaid)).toReversed()) {
    // A message of somebody who has gone is nothing without their credential: there is room for both or for neither.
    const record = historyRecord(event);
    const credential = credentials.get(event.author);
    const size = recordSize(record) + (credential === undefined ? 0 : recordSize(credential));
    if (size > room || events.length === MAX_EVENTS) break;
    room -= size;
    events.push(record);
    if (credential !== undefined) authors.push(credential);
    credentials.delete(event.author);
  }
  return encodeSaid([...authors, ...events.toReversed()]);
}

/** To be saved with the conversation. */
export function saidDue(conversation: Hex, said: Uint8Array, now: number): StoreChange {
  const id = `${conversation}/${SAID_DUE}`;
  return { put: "part", record: { id, conversationId: conversation, kind: SAID_DUE, value: said, createdAt: now } };
}

export async function takeSaid(
  core: SessionCore,
  chats: ReadonlyMap<string, Chat>,
  { id, conversationId, value }: Pick<PartRecord, "id" | "conversationId" | "value">,
): Promise<void> {
  const records = decodeSaid(value);
  if (records.ok) await importHistory({ core, chats, conversations: new Set([conversationId]) }, records.value);
  await core.store.write([{ delete: "part", key: id }]);
}

// ---- below

/** Ascending: all from the oldest row on that may be among the newest which are given. */
async function eventsFrom(
  store: Store,
  conversation: Hex,
  isSaid: (event: EventRecord) => boolean,
): Promise<readonly EventRecord[]> {
  const oldest = await oldestRow(store, conversation, isSaid);
  if (oldest === null) return [];
  const events: EventRecord[] = [];
  // A shorter text stands before the longer one that it begins.
  for await (const event of store.everyEvent(conversation, { depth: oldest.depth, id: oldest.id.slice(0, -1) })) {
    if (isSaid(event)) events.push(event);
  }
  return events;
}

async function oldestRow(
  store: Store,
  conversation: Hex,
  isSaid: (event: EventRecord) => boolean,
): Promise<EventRecord | null> {
  let oldest: EventRecord | null = null;
  let before: EventPosition | null = null;
  for (let [rows, said] = [0, 0]; rows < MAX_ROWS && said < MAX_EVENTS; rows += PAGE) {
    const page: EventPage = await store.eventsBefore(conversation, before, PAGE);
    const those = page.events.filter(isSaid);
    said += those.length;
    oldest = those[0] ?? oldest;
    before = page.events[0] ?? null;
    if (before === null || !page.hasOlder) break;
  }
  return oldest;
}
