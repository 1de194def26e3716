/** Gaps: what this device asks for, and what it gives to whoever asks. */
import { bytesToHex } from "@xchat/codec";
import { answerWant, encodeEvent, MAX_PAYLOAD_BYTES, type Hex, type LogEffect, type Want } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { toBytes } from "./authors.ts";
import { mayBeShown } from "./log-effects.ts";
import { mayBeGiven } from "./roster.ts";
import type { Step } from "./step.ts";

const GIVE_BUDGET = MAX_PAYLOAD_BYTES - 8_192;
const ITEM_OVERHEAD = 16;

export const wantOf = ({ asked, ids, ranges }: Extract<LogEffect, { kind: "want" }>): Want => ({
  asked: toBytes(asked),
  ids: ids.map(toBytes),
  ranges: ranges.map(({ author, from, to }) => ({ author: toBytes(author), from, to })),
});

/**
 * Answers within what the log grants: no asker can make this device work for ever. What was said before a leaf came in is
 * not given to it (LG10): who adds somebody does not hand them what was said without them.
 */
export async function giveWanted(step: Step, from: Hex, want: Want): Promise<void> {
  const { store, clock } = step.core;
  const granted = answerWant(
    step.state.log,
    {
      from,
      asked: bytesToHex(want.asked),
      ids: want.ids.map(bytesToHex),
      ranges: want.ranges.map(({ author, from, to }) => ({ author: bytesToHex(author), from, to })),
    },
    clock.now(),
  );
  step.set({ log: granted.log });
  const found = new Map<string, EventRecord>();
  for (const event of await store.eventsById(granted.ids)) found.set(event.id, event);
  for (const { author, from, to } of granted.ranges) {
    for (const event of await store.eventsOfAuthor(step.id, author, from, to - from + 1)) {
      if (event.sequence <= to) found.set(event.id, event);
    }
  }
  const events: Uint8Array[] = [];
  let size = 0;
  for (const event of [...found.values()].toSorted((a, b) => a.depth - b.depth)) {
    if (event.header.length === 0 || event.conversationId !== step.id || !mayBeGiven(step.state.roster, from, event))
      continue;
    const encoded = encodeEvent({ signedHeader: event.header, bodyBytes: bodyFor(step, from, event) });
    size += encoded.length + ITEM_OVERHEAD;
    if (size > GIVE_BUDGET) break;
    events.push(encoded);
  }
  if (events.length > 0) step.replies.push({ kind: "give", events });
}

/** Whoever came in later does not know what their author had no right to say any more (GR26): shown here to nobody, nor there. */
function bodyFor({ state: { roster } }: Step, leafKey: Hex, event: EventRecord): Uint8Array | null {
  const isKnownThere = event.depth >= (roster.leaves.get(leafKey)?.joinedAt ?? 0);
  return isKnownThere || mayBeShown(roster.rights, event) ? event.body : null;
}
