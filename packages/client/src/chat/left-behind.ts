/**
 * Somebody says that they do not stand any more where this device does (spec/rejoin.md, RJ15): if it came in there, the fork
 * lies before its time, and it can but ask.
 */
import { bytesToHex } from "@xchat/codec";
import { ancestry, openLeftBehind, type Hex } from "@xchat/protocol";
import { membersOf, placeOf } from "../fork/index.ts";
import { toBytes } from "./authors.ts";
import { inFork } from "./forks.ts";
import type { Step } from "./step.ts";

/** As long as somebody may still know of a branch that nobody has certified (FR18), and a little. */
const NEW_HERE = 30 * 86_400_000;

export async function takeLeftBehind(step: Step, epoch: Hex, word: Uint8Array): Promise<void> {
  const { fork } = step.state;
  const { session, root } = fork;
  const place = placeOf(fork, epoch);
  if (place === null || session.standing !== "member") return;
  const candidates = new Map(session.facts.candidates.map((one) => [one.id, one]));
  const isHere = ancestry({ candidates }, session.head).includes(epoch);
  const isNew = root.id === root.place.name || step.core.clock.now() - step.state.record.createdAt < NEW_HERE;
  // What lies in this device's tree it weighs for itself.
  if (isHere && !isNew) return;
  const there = new Set(membersOf(fork, epoch).map(({ leaf }) => leaf));
  const opened = await openLeftBehind(step.core.provider, word, {
    conversation: toBytes(step.id),
    epoch: toBytes(place.name),
    isMember: (leafKey) => bytesToHex(leafKey) !== session.self && there.has(bytesToHex(leafKey)),
  });
  if (!opened.ok) return;
  const by = bytesToHex(opened.value);
  const said = membersOf(fork, epoch).find(({ leaf }) => leaf === by);
  if (isHere && said !== undefined) step.errands.push({ kind: "doubt", by: said.account });
  else if (!isHere) await inFork(step, (work) => work.take({ kind: "told", epoch }));
}
