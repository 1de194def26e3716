/**
 * What was said in a conversation since a device was linked, and goes to it along with its Welcome (spec/devices.md, DV37).
 *
 * SD1 What comes along is saved with the conversation that begins, and struck out once it has been taken: a crash loses
 *     none of it, and twice is as once.
 */
import { bytesToHex } from "@xchat/codec";
import { decodeSaid, encodeSaid, MAX_SAID_BYTES, recordSize, type Hex, type HistoryRecord } from "@xchat/protocol";
import type { Chat } from "../chat/chat.ts";
import type { EventRecord, PartRecord, StoreChange } from "../ports.ts";
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

/** The newest of what came here from `since` on. */
export async function saidSince({ store, clock }: SessionCore, conversation: Hex, since: number): Promise<Uint8Array> {
  const now = clock.now();
  const events: EventRecord[] = [];
  let room = ROOM;
  for await (const event of newestFirst({ store }, conversation)) {
    if (event.receivedAt < since || !isGiven(event, now)) continue;
    room -= recordSize(historyRecord(event));
    if (room < 0 || events.length === MAX_EVENTS) break;
    events.push(event);
  }
  const authors = new Set(events.map(({ author }) => author));
  const credentials: HistoryRecord[] = [];
  for (const record of await credentialsOf(store, conversation)) {
    room -= recordSize(record);
    if (room >= 0 && authors.has(bytesToHex(record.leafKey))) credentials.push(record);
  }
  return encodeSaid([...credentials, ...events.toReversed().map(historyRecord)]);
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

async function* newestFirst({ store }: Pick<SessionCore, "store">, conversation: Hex): AsyncIterable<EventRecord> {
  let before: { readonly depth: number; readonly id: string } | null = null;
  for (let rows = 0; rows < MAX_ROWS; rows += PAGE) {
    const page = await store.eventsBefore(conversation, before, PAGE);
    yield* page.events.toReversed();
    const [oldest] = page.events;
    if (oldest === undefined || !page.hasOlder) return;
    before = { depth: oldest.depth, id: oldest.id };
  }
}
