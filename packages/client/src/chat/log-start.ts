/**
 * Where the log of a device begins that comes into a leaf's place and has lost what that leaf had (spec/rejoin.md, RJ11): behind
 * the newest event of everybody, and in a chat of two behind what had reached the lost device.
 */
import type { Hex, LogStart } from "@xchat/protocol";
import type { EventRecord } from "../ports.ts";
import { nextSealed } from "./enter.ts";
import type { Step } from "./step.ts";

const PAGE = 256;

export async function logStart(step: Step, replaced: Hex): Promise<LogStart> {
  const { log, roster, side } = step.state;
  const tips: LogStart["tips"][number][] = [];
  for (const [author, { tip }] of log.authors) if (tip !== null && author !== log.self) tips.push({ author, ...tip });
  const sealed = (await nextSealed(step)) - 1;
  const last = side.state.kind === "pair" ? Math.min(sealed, reached(step, replaced)) : sealed;
  const own = last < 0 ? null : await ownEvent(step, last);
  if (own !== null) tips.push({ author: log.self, sequence: own.sequence, id: own.id, depth: own.depth });
  return { lineDepth: roster.lineDepth, tips };
}

/** Own events, in order, that have not reached this leaf. */
export async function undelivered(step: Step, leaf: Hex): Promise<readonly EventRecord[]> {
  const { log } = step.state;
  const from = reached(step, leaf) + 1;
  const stored = await step.core.store.eventsOfAuthor(step.id, log.self, from, PAGE);
  return stored.filter(({ header, state }) => header.length > 0 && state === "shown");
}

// ---- below

/** Up to which own event nothing is lacking there. */
function reached({ state: { log } }: Step, leaf: Hex): number {
  const delivered = log.authors.get(leaf)?.delivered ?? null;
  if (delivered === null) return -1;
  const [gap] = delivered.lacking;
  return gap === undefined ? delivered.upTo : gap.from - 1;
}

async function ownEvent(step: Step, sequence: number): Promise<EventRecord | null> {
  const changed = [...step.events.values()].find(
    (event) => event.author === step.state.log.self && event.sequence === sequence,
  );
  const [stored] = await step.core.store.eventsOfAuthor(step.id, step.state.log.self, sequence, 1);
  const found = changed ?? stored;
  return found?.sequence === sequence ? found : null;
}
