/** What of an event's content the store must know to find it: by what it acts on, by its words, by when it disappears. */
import { openEvent, viewEvent, type ViewEvent } from "@xchat/protocol";
import type { CryptoProvider } from "@xchat/crypto";
import { AFTER_READING, type EventRecord } from "../ports.ts";

type Facts = Pick<EventRecord, "kind" | "text" | "row" | "target" | "replaces" | "disappearsAt">;

const NO_ROW: Facts = { kind: "unknown", text: "", row: "none", target: "", replaces: "", disappearsAt: 0 };
/** The latest moment that a calendar knows. */
const MAX_TIME = 8_640_000_000_000_000;

/** Of an event alone, before anything is known that acts on it. */
export function factsOf({ content, sentAt }: ViewEvent, isOwn: boolean): Facts {
  switch (content.kind) {
    case "message": {
      if (content.replaces !== null) return { ...NO_ROW, kind: "edit", replaces: content.replaces };
      const text = content.body.kind === "text" ? content.body.text : "";
      const { expires } = content;
      const start = isOwn ? (sentAt ?? 0) : null;
      return { ...NO_ROW, kind: content.body.kind, text, row: "counted", disappearsAt: momentOf(expires, start) };
    }
    case "reaction":
      return { ...NO_ROW, kind: "reaction", target: content.to, replaces: content.replaces ?? "" };
    case "unreaction":
    case "deletion":
      return { ...NO_ROW, kind: content.kind, replaces: content.replaces };
    case "pin":
      return { ...NO_ROW, kind: "pin", row: "quiet", target: content.target };
    case "notice":
      return { ...NO_ROW, kind: content.notice === null ? "unknown" : `notice:${content.notice}`, row: "quiet" };
    case "unknown":
      return { ...NO_ROW, row: "counted" };
    case "withheld":
      return { ...NO_ROW, kind: "withheld" };
  }
}

type Expires = Extract<ViewEvent["content"], { kind: "message" }>["expires"];

/** As `disappearsAt` of the record has it. `start`: when it was sent or read; null before it is read. */
function momentOf(expires: Expires, start: number | null): number {
  if (expires === null) return 0;
  if (!expires.isRelative) return inTime(expires.seconds * 1_000);
  return start === null ? AFTER_READING : inTime(start + expires.seconds * 1_000);
}

/** At least 1: the store's 0 means never. */
export const inTime = (at: number): number => Math.max(1, Math.min(MAX_TIME, at));

/** `null` for what is no event: the line that stands for a gap. */
export function viewOf(provider: CryptoProvider, { header, body }: EventRecord): ViewEvent | null {
  if (header.length === 0) return null;
  const event = openEvent(provider, header, body);
  return event.ok ? viewEvent(event.value) : null;
}
