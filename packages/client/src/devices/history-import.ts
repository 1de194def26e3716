/**
 * What a device of one's own hands over of the past, judged and saved (spec/devices.md, section 7).
 *
 * HI1 Nothing counts that its author has not signed, or that is of a chat which was not asked for or is not here (DV18).
 * HI2 A record that is refused is counted and left out, and the rest is kept (DV19).
 */
import { bytesToHex } from "@xchat/codec";
import { importRecord, type Hex, type HistoryRecord, type HistoryRules, type SignedEvent } from "@xchat/protocol";
import type { Chat } from "../chat/chat.ts";
import type { PastAuthor } from "../chat/history.ts";
import type { SessionCore } from "../session-core.ts";

export interface HistoryTarget {
  readonly core: SessionCore;
  readonly chats: ReadonlyMap<string, Chat>;
  /** Of which something is wanted. */
  readonly conversations: ReadonlySet<Hex>;
}

export interface HistoryCount {
  /** That were not here. */
  readonly events: number;
  readonly refused: number;
}

export async function importHistory(
  { core, chats, conversations }: HistoryTarget,
  records: readonly HistoryRecord[],
): Promise<HistoryCount> {
  const authors = new Map<string, PastAuthor>();
  const events = new Map<Hex, SignedEvent[]>();
  const rules: HistoryRules = {
    now: core.clock.now(),
    conversations: new Set([...conversations].filter((id) => chats.has(id))),
    isMember: () => true,
    authorOf: (conversation, leafKey) =>
      authors.get(`${conversation}/${leafKey}`)?.author ?? chats.get(conversation)?.devices.author(leafKey) ?? null,
  };
  let refused = 0;
  for (const record of records) {
    const judged = await importRecord(core.provider, rules, record);
    if (!judged.ok) refused++;
    else if (judged.value.kind === "author") {
      const { conversation, author, credential } = judged.value;
      authors.set(`${conversation}/${bytesToHex(author.leafKey)}`, { author, credential });
      events.set(conversation, events.get(conversation) ?? []);
    } else {
      const { event } = judged.value;
      const conversation = bytesToHex(event.header.conversation);
      events.set(conversation, [...(events.get(conversation) ?? []), event]);
    }
  }
  let count = 0;
  for (const [conversation, some] of events) {
    const past = [...authors].filter(([key]) => key.startsWith(`${conversation}/`)).map(([, author]) => author);
    count += (await chats.get(conversation)?.devices.takeHistory(past, some)) ?? 0;
  }
  return { events: count, refused };
}
