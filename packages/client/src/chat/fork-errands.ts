/** What a step has left to the chat because of the rule of forks: reading slots over the network, and what follows. */
import { bytesToHex } from "@xchat/codec";
import type { Hex } from "@xchat/protocol";
import { slotsOf, slotsToAsk, slotsToRead, type SlotReading, type SlotTarget } from "../fork/index.ts";
import type { SessionCore } from "../session-core.ts";
import type { ChatDevices } from "./chat-devices.ts";
import { isOfDevices, makeCommit, makeDeviceCommit } from "./commits.ts";
import { takeReading } from "./forks.ts";
import type { ChatState, Errand, Step } from "./step.ts";

export interface ErrandDeps {
  readonly state: () => ChatState;
  readonly isClosed: () => boolean;
  readonly step: (work: (step: Step) => Promise<void>) => Promise<void>;
  readonly readMailboxes: () => void;
  readonly afterCommit: () => void;
  readonly devices: ChatDevices;
  readonly rejoin: { fallenOut(): Promise<void>; doubt(by: Hex): void };
}

export async function runErrand(core: SessionCore, deps: ErrandDeps, errand: Errand): Promise<void> {
  if (deps.isClosed()) return;
  const { fork } = deps.state();
  // There may be more epochs in the tree by now.
  deps.readMailboxes();
  switch (errand.kind) {
    case "make-commit":
      // It is asked for again once this device knows that its store is no old copy.
      if (deps.state().isFresh) return;
      // FR13: after reading every slot that can be reached.
      await readInto(core, deps, slotsToRead(fork));
      return deps.step((step) =>
        isOfDevices(errand.intent)
          ? makeDeviceCommit(step, errand.intent, deps.devices.changeOf(errand.intent))
          : makeCommit(step, errand.intent),
      );
    case "ask-slots":
      return readInto(core, deps, slotsToAsk(fork));
    case "read-slots":
      return readInto(core, deps, slotsOf(fork, errand.epoch));
    case "rejoin":
      return deps.rejoin.fallenOut();
    case "doubt":
      return deps.rejoin.doubt(errand.by);
    case "moved":
      return deps.afterCommit();
    case "devices":
      return deps.devices.committed(errand.intent, errand.isWon);
  }
}

async function readInto(core: SessionCore, deps: ErrandDeps, targets: readonly SlotTarget[]): Promise<void> {
  const readings = await readSlots(core, deps.state().record.id, targets);
  if (readings.length === 0 || deps.isClosed()) return;
  await deps.step(async (step) => {
    for (const reading of readings) await takeReading(step, reading);
  });
}

/** At the nodes that can be reached now. */
async function readSlots(
  { pool }: SessionCore,
  context: string,
  targets: readonly SlotTarget[],
): Promise<readonly SlotReading[]> {
  const readings = await Promise.all(
    targets.map(async ({ node: { hint, mailbox }, epoch }): Promise<SlotReading | null> => {
      if (!pool.mayTry(hint, () => {})) return null;
      const slot = await pool.access(hint).fetchSlot({ context, mailbox });
      pool.report(hint, slot);
      if (!slot.ok || slot.value === null) return null;
      const { envelopes, receipt } = slot.value;
      return { epoch, node: bytesToHex(hint.keyHash), envelopes, receipt: receipt.bytes };
    }),
  );
  return readings.filter((reading) => reading !== null);
}
