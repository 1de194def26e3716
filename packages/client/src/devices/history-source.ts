/**
 * What this device can give of the past, read from its store in the one order of the law (spec/devices.md, DV15), from
 * any record on: a chunk is made again where it is asked for again.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  compareBoundaries,
  encodeEvent,
  fillChunk,
  MAX_CHUNK_BYTES,
  recordSize,
  type Hex,
  type HistoryBoundary,
  type HistoryRecord,
} from "@xchat/protocol";
import { PAST_CREDENTIAL } from "../chat/past-credentials.ts";
import type { EventRecord, Store } from "../ports.ts";

/** Ascending by id. */
export type Conversations = readonly Hex[];

interface Placed {
  readonly boundary: HistoryBoundary;
  readonly record: HistoryRecord;
}

export interface HistoryPlan {
  readonly boundaries: readonly HistoryBoundary[];
  readonly byteCount: number;
  readonly eventCounts: ReadonlyMap<Hex, number>;
}

/** Room for the head of a chunk, and fewer records than it may hold. */
const CHUNK_ROOM = MAX_CHUNK_BYTES - 64;
const CHUNK_RECORDS = 1_000;

/** Where each chunk begins. */
export async function planHistory(store: Store, conversations: Conversations, now: number): Promise<HistoryPlan> {
  const boundaries: HistoryBoundary[] = [];
  const eventCounts = new Map<Hex, number>(conversations.map((id) => [id, 0]));
  let byteCount = 0;
  let [size, count] = [0, 0];
  for await (const { boundary, record } of recordsFrom(store, conversations, null, now)) {
    const bytes = recordSize(record);
    if (boundaries.length === 0 || size + bytes > CHUNK_ROOM || count === CHUNK_RECORDS) {
      boundaries.push(boundary);
      [size, count] = [0, 0];
    }
    size += bytes;
    count++;
    byteCount += bytes;
    if (boundary.kind !== "event") continue;
    const id = bytesToHex(boundary.conversation);
    eventCounts.set(id, (eventCounts.get(id) ?? 0) + 1);
  }
  return { boundaries, byteCount, eventCounts };
}

/** What lies from one boundary up to the next. What has been deleted meanwhile is left out. */
export async function chunkRecords(
  store: Store,
  conversations: Conversations,
  { from, to }: { readonly from: HistoryBoundary; readonly to: HistoryBoundary | null },
  now: number,
): Promise<readonly HistoryRecord[]> {
  const records: HistoryRecord[] = [];
  for await (const { boundary, record } of recordsFrom(store, conversations, from, now)) {
    if (to !== null && compareBoundaries(boundary, to) >= 0) break;
    records.push(record);
    // What came in between since then has come to the other device too.
    if (records.length > CHUNK_RECORDS) break;
  }
  return records.slice(0, fillChunk(records));
}

// ---- below

async function* recordsFrom(
  store: Store,
  conversations: Conversations,
  from: HistoryBoundary | null,
  now: number,
): AsyncIterable<Placed> {
  const isFrom = ({ boundary }: Placed): boolean => from === null || compareBoundaries(boundary, from) >= 0;
  if (from?.kind !== "event") {
    for (const id of conversations) {
      for (const record of await credentialsOf(store, id)) {
        const { conversation, leafKey } = record;
        const one: Placed = { boundary: { kind: "credential", conversation, leafKey }, record };
        if (isFrom(one)) yield one;
      }
    }
  }
  for (const id of conversations) {
    const conversation = toBytes(id);
    const start = from?.kind === "event" && bytesToHex(from.conversation) === id ? from : null;
    if (from?.kind === "event" && start === null && id < bytesToHex(from.conversation)) continue;
    // A shorter text stands before the longer one that it begins.
    const behind = start === null ? undefined : { depth: start.depth, id: bytesToHex(start.id).slice(0, -1) };
    for await (const event of store.everyEvent(id, behind)) {
      if (!isGiven(event, now)) continue;
      const one = placedEvent(conversation, event);
      if (isFrom(one)) yield one;
    }
  }
}

/** What is hidden, deleted or expired here is not given; that somebody has deleted something is. */
export const isGiven = ({ header, body, state, kind, disappearsAt }: EventRecord, now: number): boolean =>
  header.length > 0 &&
  state === "shown" &&
  kind !== "leaving" &&
  (body !== null || kind === "deleted") &&
  (disappearsAt <= 0 || disappearsAt > now);

const placedEvent = (conversation: Uint8Array, event: EventRecord): Placed => ({
  boundary: { kind: "event", conversation, depth: event.depth, id: toBytes(event.id) },
  record: historyRecord(event),
});

export const historyRecord = ({ header, body }: EventRecord): HistoryRecord => ({
  kind: "event",
  event: encodeEvent({ signedHeader: header, bodyBytes: body }),
});

/** Of authors who have no leaf any more, as far as they were kept. */
export async function credentialsOf(
  store: Store,
  id: Hex,
): Promise<readonly Extract<HistoryRecord, { kind: "credential" }>[]> {
  const conversation = toBytes(id);
  return (await store.parts(id, [PAST_CREDENTIAL])).map(({ id: part, value }) => {
    const leafKey = toBytes(part.split("/").at(-1) as string);
    return { kind: "credential", conversation, leafKey, credential: value };
  });
}

const toBytes = (hex: Hex): Uint8Array => expectOk(hexToBytes(hex), "id");
