/**
 * Makes messages disappear when their time has come, also what became due while the program was closed.
 *
 * CE1 The time of a message of somebody else begins when this person has read it; of an own one, when it was sent.
 */
import type { Clock, EventPosition, EventRecord, Timer } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { viewOf, inTime } from "./content-facts.ts";
import type { Step } from "./step.ts";

/** Timers of some platforms end at once beyond 24 days; and the clock may be set meanwhile. */
const MAX_WAIT = 6 * 3_600_000;
const BATCH = 200;

export interface ExpiryPorts {
  readonly chat: string;
  readonly isClosed: () => boolean;
  readonly step: (work: (step: Step) => Promise<void>) => Promise<void>;
}

export class Expiry {
  readonly #core: SessionCore;
  readonly #ports: ExpiryPorts;
  #timer: Timer | null = null;

  constructor(core: SessionCore, ports: ExpiryPorts) {
    this.#core = core;
    this.#ports = ports;
  }

  /** To be called at the start, and whenever what disappears, or when, has changed. */
  async schedule(): Promise<void> {
    const [next] = await this.#core.store.disappearing(this.#ports.chat, 1);
    this.close();
    if (next === undefined || this.#ports.isClosed()) return;
    const wait = Math.min(MAX_WAIT, Math.max(0, next.disappearsAt - now(this.#core.clock)));
    this.#timer = this.#core.clock.after(wait, () => this.#core.background.run(this.#run()));
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #run(): Promise<void> {
    await this.#ports.step(async (step) => {
      const due = await step.core.store.disappearing(step.id, BATCH);
      for (const { id, disappearsAt } of due) if (disappearsAt <= now(step.core.clock)) step.content.due.add(id);
    });
    await this.schedule();
  }
}

const now = (clock: Clock): number => clock.now();

/** Everything up to a place has been read: what disappears after reading has its time from here on. */
export async function startTimers(step: Step, upTo: EventPosition): Promise<void> {
  const readAt = step.core.clock.now();
  for (const stored of await step.core.store.waitingForReading(step.id, upTo)) {
    startTimer(step, (await step.event(stored.id)) ?? stored, readAt);
  }
}

/** Of one message that has been read. */
export function startTimer(step: Step, record: EventRecord, readAt: number): void {
  const content = viewOf(step.core.provider, record)?.content;
  if (content?.kind !== "message" || content.expires === null) return;
  step.putEvent({ ...record, readAt, disappearsAt: inTime(readAt + content.expires.seconds * 1_000) });
  step.content.due.add(record.id);
}
