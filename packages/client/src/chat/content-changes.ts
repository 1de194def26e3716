/** What a step gathers about what messages have become, beside the events that it puts. */
import type { MarkRecord } from "../ports.ts";

export class ContentChanges {
  /** Events that the log has placed in this step: what they act on is judged anew. */
  readonly placed = new Set<string>();
  /** Events that were made in this step: nothing in the store is about them. */
  readonly made = new Set<string>();
  /** Events to be judged anew for another reason: time, or what the person keeps for themselves. */
  readonly due = new Set<string>();
  /** Rows that show something else than before, though their record may be the same. */
  readonly touched = new Set<string>();
  readonly marks = new Map<string, MarkRecord>();
}
