/** What a message looks like between its neighbours. */
import type { Delivery, MessageView } from "@xchat/client/api";

/** Messages of one person closer than this belong together. */
const GROUP_MILLISECONDS = 5 * 60_000;

export interface RowFacts {
  readonly startsDay: boolean;
  readonly startsGroup: boolean;
  readonly endsGroup: boolean;
  /** Time, state and way are shown once for a group, and wherever state or way differs from that of the next message. */
  readonly showsState: boolean;
}

export function rowFacts(
  previous: MessageView | undefined,
  message: MessageView,
  next: MessageView | undefined,
): RowFacts {
  const startsDay = previous === undefined || !isSameDay(previous.sentAt, message.sentAt);
  const endsGroup = next === undefined || !isSameDay(message.sentAt, next.sentAt) || !belongTogether(message, next);
  return {
    startsDay,
    startsGroup: startsDay || previous === undefined || !belongTogether(previous, message),
    endsGroup,
    showsState: endsGroup || next === undefined || fate(message) !== fate(next),
  };
}

const NOT_SPOKEN: ReadonlySet<string> = new Set(["notice", "record", "pin"]);
const isSpoken = ({ content }: MessageView): boolean => !NOT_SPOKEN.has(content.kind);

const isOfOne = (a: MessageView, b: MessageView): boolean =>
  a.isOwn === b.isOwn && a.author?.accountId === b.author?.accountId;

function belongTogether(a: MessageView, b: MessageView): boolean {
  return isOfOne(a, b) && isSpoken(a) && isSpoken(b) && Math.abs(b.sentAt - a.sentAt) < GROUP_MILLISECONDS;
}

/** What became of a message, and by which way: all that is said beside its time. */
function fate({ delivery, via }: MessageView): string {
  if (delivery === null) return `came ${via}`;
  return delivery.state === "stored"
    ? `stored ${delivery.count}/${delivery.of}`
    : `${delivery.state} ${wayOf(delivery)}`;
}

const wayOf = (delivery: Delivery): string => ("via" in delivery ? delivery.via : "");

function isSameDay(a: number, b: number): boolean {
  const one = new Date(a);
  const other = new Date(b);
  return (
    one.getDate() === other.getDate() &&
    one.getMonth() === other.getMonth() &&
    one.getFullYear() === other.getFullYear()
  );
}
