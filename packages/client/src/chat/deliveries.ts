/**
 * How far own events have come: what each member's acknowledgements say, put together.
 *
 * LG14 An event is delivered, or read, when that is so for every other person who was in the conversation when it was
 *      sealed and is in it still; for a person, one of their devices is enough. It is taken back from the nodes' queue
 *      only when every other device has it.
 */
import type { AccountId, AuthorLog, Hex } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { leavesOfOthers, ownAccount } from "./authors.ts";
import type { ChatState, Step } from "./step.ts";

export interface Reach {
  /** By the number of the own event. */
  readonly isDelivered: (sequence: number) => boolean;
  readonly isRead: (sequence: number) => boolean;
  readonly isEverywhere: (sequence: number) => boolean;
}

export function reachOf(state: ChatState, self: AccountId): Reach {
  const { log, roster, side } = state;
  const byAccount = new Map<AccountId, Hex[]>();
  for (const { account, leafKey } of leavesOfOthers(state, self)) {
    byAccount.set(account, [...(byAccount.get(account) ?? []), leafKey]);
  }
  const people = [...byAccount.values()];
  const wasThere = (leafKey: Hex, sequence: number): boolean => sequence >= (roster.leaves.get(leafKey)?.since ?? 0);
  const byEverybody =
    (has: (author: AuthorLog, sequence: number) => boolean) =>
    (sequence: number): boolean => {
      const concerned = people.filter((leaves) => leaves.some((leafKey) => wasThere(leafKey, sequence)));
      return (
        concerned.length > 0 &&
        concerned.every((leaves) => leaves.some((leafKey) => holds(log.authors.get(leafKey), sequence, has)))
      );
    };
  return {
    isDelivered: byEverybody(hasAcknowledged),
    isRead: byEverybody((author, sequence) => sequence <= (author.readUpTo ?? -1)),
    isEverywhere: (sequence) =>
      side.leaves.every(
        ({ leafKey }) =>
          leafKey === log.self ||
          !wasThere(leafKey, sequence) ||
          holds(log.authors.get(leafKey), sequence, hasAcknowledged),
      ),
  };
}

/** The event as it is now; the same object where nothing has changed. `via`: which way the word of it came. */
export function withReach(event: EventRecord, reach: Reach, via: "direct" | "nodes"): EventRecord {
  if (event.delivery === "read" || event.delivery === "") return event;
  const way = event.via === "" ? (event.delivery === "stored" ? "nodes" : via) : event.via;
  if (reach.isRead(event.sequence)) return { ...event, delivery: "read", via: way };
  const isNews = event.delivery !== "delivered" && reach.isDelivered(event.sequence);
  return isNews ? { ...event, delivery: "delivered", via: way } : event;
}

/**
 * Every other device has it, so that it is taken back from the queue: a node has given it to them. Where none of them is
 * another person's, nothing more is told of it.
 */
export const takenBack = (event: EventRecord, nodes: number): EventRecord =>
  event.delivery === "queued"
    ? { ...event, delivery: "stored", storedCount: Math.max(1, event.storedCount), storedOf: nodes }
    : event;

/** LG18: the same of an own event that was said again under another leaf key. */
export function againReachOf(
  state: ChatState,
  self: AccountId,
  { id, depth }: Pick<EventRecord, "id" | "depth">,
): { readonly isDelivered: boolean; readonly isEverywhere: boolean } {
  const { log, roster, side } = state;
  const by = new Set(log.again.get(id)?.by);
  const concerned = leavesOfOthers(state, self).filter(
    ({ leafKey }) => (roster.leaves.get(leafKey)?.joinedAt ?? 0) <= depth,
  );
  const people = new Set(concerned.map(({ account }) => account));
  const having = new Set(concerned.flatMap(({ account, leafKey }) => (by.has(leafKey) ? [account] : [])));
  return {
    isDelivered: people.size > 0 && having.size === people.size,
    isEverywhere: side.leaves.every(({ leafKey }) => leafKey === log.self || by.has(leafKey)),
  };
}

export const stepReach = (step: Step): Reach => reachOf(step.state, ownAccount(step.core));

const holds = (
  author: AuthorLog | undefined,
  sequence: number,
  has: (author: AuthorLog, sequence: number) => boolean,
): boolean => author !== undefined && has(author, sequence);

function hasAcknowledged({ delivered }: AuthorLog, sequence: number): boolean {
  if (delivered === null || sequence > delivered.upTo) return false;
  return !delivered.lacking.some(({ from, to }) => from <= sequence && sequence <= to);
}
