/**
 * How many events of other people that count lie after the read position, without counting a whole conversation at each call: one
 * count a conversation is kept in memory and moved along with every event that is put or deleted.
 */
import type { EventPosition } from "@xchat/client/ports";
import type { Connection } from "./connection.ts";

/** What of an event decides whether it counts. */
export interface CountedEvent {
  readonly id: string;
  readonly conversationId: string;
  readonly depth: number;
  readonly counts: boolean;
}

interface Count {
  readonly readUpTo: EventPosition | null;
  unread: number;
}

export class UnreadCounts {
  readonly #counts = new Map<string, Count>();

  count(connection: Connection, conversationId: string, readUpTo: EventPosition | null): number {
    const known = this.#counts.get(conversationId);
    if (known !== undefined && isSamePosition(known.readUpTo, readUpTo)) return known.unread;
    const row = connection.first(
      "SELECT count(*) FROM event " +
        "WHERE conversationId = ? AND (depth, id) > (?, ?) AND state = 'shown' AND isOwn = 0 AND row = 'counted'",
      [conversationId, readUpTo?.depth ?? Number.MIN_SAFE_INTEGER, readUpTo?.id ?? ""],
    );
    const unread = row?.[0] as number;
    this.#counts.set(conversationId, { readUpTo, unread });
    return unread;
  }

  /** Call for each change of an event, with `null` for what is not there before or after it. */
  move(before: CountedEvent | null, after: CountedEvent | null): void {
    if (before !== null) this.#add(before, -1);
    if (after !== null) this.#add(after, 1);
  }

  forget(conversationId: string): void {
    this.#counts.delete(conversationId);
  }

  /** After a rollback: what has been moved is not known to be so. */
  clear(): void {
    this.#counts.clear();
  }

  #add(event: CountedEvent, difference: number): void {
    const count = this.#counts.get(event.conversationId);
    if (count !== undefined && event.counts && isAfter(event, count.readUpTo)) {
      count.unread += difference;
    }
  }
}

const isSamePosition = (a: EventPosition | null, b: EventPosition | null): boolean =>
  a === b || (a !== null && b !== null && a.depth === b.depth && a.id === b.id);

const isAfter = (event: EventPosition, position: EventPosition | null): boolean =>
  position === null || event.depth > position.depth || (event.depth === position.depth && event.id > position.id);
