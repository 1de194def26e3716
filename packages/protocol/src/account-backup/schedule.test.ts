import { bytesToHex, expectOk } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectHardened, filled } from "../hostile-input.node.ts";
import {
  BACKUP_HOURS,
  backupStep,
  decodeBackupSchedule,
  encodeBackupSchedule,
  noteBackup,
  startBackupSchedule,
  type BackupOutcome,
  type BackupSchedule,
} from "./backup-schedule.ts";

const [ONE, TWO, THREE] = [1, 2, 3].map((n) => bytesToHex(filled(32, n))) as [string, string, string];
const NOW = 1_795_512_600_000;
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const home = { homeNodes: [ONE, TWO, THREE], knownCounter: 0 };

function note(schedule: BackupSchedule, now: number, ...outcomes: readonly BackupOutcome[]): BackupSchedule {
  return outcomes.reduce((one, outcome) => noteBackup(one, outcome, now, 0.5), schedule);
}

const stored = (node: string, counter: number, now: number): BackupOutcome => ({
  kind: "stored",
  node,
  slot: 3,
  counter,
  expiresHour: Math.floor(now / 3_600_000) + BACKUP_HOURS,
});

const everywhere = (counter: number, now: number): readonly BackupOutcome[] =>
  home.homeNodes.map((node) => stored(node, counter, now));

/** Written everywhere at `NOW`. */
const quiet = (): BackupSchedule =>
  note(startBackupSchedule(NOW), NOW, { kind: "made", counter: 1 }, ...everywhere(1, NOW));

describe("when a backup is written", () => {
  it("[AB11] the first after a minute, under a counter beyond every sibling's", () => {
    const first = startBackupSchedule(NOW);
    expect(backupStep(first, home, NOW)).toEqual({ effects: [], wakeAt: NOW + MINUTE, storedAt: 0 });
    const { effects } = backupStep(first, { ...home, knownCounter: 41 }, NOW + MINUTE);
    expect(effects).toEqual([{ kind: "make", counter: 42 }]);
  });

  it("[AB11] small changes wait for a day, a contact does not", () => {
    const changed = note(quiet(), NOW, { kind: "changed", isUrgent: false });
    expect(backupStep(changed, home, NOW).wakeAt).toBe(NOW + DAY);
    const late = note(quiet(), NOW + 3 * DAY, { kind: "changed", isUrgent: false });
    expect(backupStep(late, home, NOW + 3 * DAY).wakeAt).toBe(NOW + 3 * DAY + 10 * MINUTE);
    const urgent = note(changed, NOW + 5, { kind: "changed", isUrgent: true });
    expect(backupStep(urgent, home, NOW + MINUTE).effects).toEqual([{ kind: "make", counter: 2 }]);
  });

  it("[AB12] goes to every home node, again where one failed, each in its own slot", () => {
    let schedule = note(startBackupSchedule(NOW), NOW, { kind: "made", counter: 1 });
    expect(backupStep(schedule, home, NOW).effects.length).toBe(3);
    schedule = note(schedule, NOW, stored(ONE, 1, NOW), { kind: "failed", node: TWO });
    const step = backupStep(schedule, home, NOW);
    expect(step.effects).toEqual([{ kind: "put", node: THREE, slot: null, counter: 1 }]);
    expect(step.storedAt).toBe(1);
    schedule = note(schedule, NOW, stored(THREE, 1, NOW));
    const waiting = backupStep(schedule, home, NOW);
    expect([waiting.effects, waiting.wakeAt]).toEqual([[], NOW + 45_000]);
    expect(backupStep(schedule, home, NOW + 45_000).effects).toEqual([
      { kind: "put", node: TWO, slot: null, counter: 1 },
    ]);
    // The next one goes to the slots that are known.
    schedule = note(schedule, NOW, stored(TWO, 1, NOW), { kind: "made", counter: 2 });
    expect(backupStep(schedule, home, NOW).effects[0]).toEqual({ kind: "put", node: ONE, slot: 3, counter: 2 });
    // A home node that is new gets it too.
    const done = note(schedule, NOW, ...everywhere(2, NOW));
    const four = { ...home, homeNodes: [...home.homeNodes, bytesToHex(filled(32, 4))] };
    expect(backupStep(done, four, NOW).effects.length).toBe(1);
  });

  it("[AB13] is renewed long before it expires", () => {
    const { effects, wakeAt } = backupStep(quiet(), home, NOW);
    expect(effects).toEqual([]);
    const days = ((wakeAt as number) - NOW) / DAY;
    expect(days).toBeGreaterThan(115);
    expect(days).toBeLessThan(125);
    expect(backupStep(quiet(), home, wakeAt as number).effects).toEqual([{ kind: "make", counter: 2 }]);
    // Then it is put, and not made again for the sake of the copies that are still the old ones.
    const renewed = note(quiet(), wakeAt as number, { kind: "made", counter: 2 });
    const kinds = backupStep(renewed, home, wakeAt as number).effects.map(({ kind }) => kind);
    expect(kinds.length).toBeGreaterThan(0);
    expect(new Set(kinds)).toEqual(new Set(["put"]));
  });

  it("a clock that was set back puts nothing off, and tries grow apart", () => {
    let schedule = note(startBackupSchedule(NOW), NOW, { kind: "made", counter: 1 });
    for (let i = 0; i < 20; i++) schedule = note(schedule, NOW, { kind: "failed", node: ONE });
    const only = { ...home, homeNodes: [ONE] };
    expect(backupStep(schedule, only, NOW).wakeAt).toBe(NOW + 270 * MINUTE);
    expect(backupStep(schedule, only, NOW - 10 * DAY).effects.length).toBe(1);
  });

  it("from every state and through crashes all nodes have the newest in the end", () => {
    const fate = fc.constantFrom("ok", "fail", "crash", "change", "wait");
    fc.assert(
      fc.property(fc.array(fate, { size: "max", maxLength: 60 }), (fates) => {
        let schedule = startBackupSchedule(NOW);
        let now = NOW;
        let greatest = 0;
        for (const what of [...fates, ...Array.from({ length: 12 }, () => "ok" as const)]) {
          const step = backupStep(schedule, home, now);
          if (what === "crash") schedule = expectOk(decodeBackupSchedule(encodeBackupSchedule(schedule)), "schedule");
          if (what === "change") schedule = note(schedule, now, { kind: "changed", isUrgent: true });
          for (const effect of step.effects) {
            if (effect.kind === "make") {
              expect(effect.counter).toBeGreaterThan(greatest);
              greatest = effect.counter;
              schedule = note(schedule, now, { kind: "made", counter: effect.counter });
            } else if (what === "fail") schedule = note(schedule, now, { kind: "failed", node: effect.node });
            else if (what === "ok") schedule = note(schedule, now, stored(effect.node, effect.counter, now));
          }
          if (what === "wait" || step.effects.length === 0)
            now = Math.max(now + 1, Math.min(step.wakeAt ?? now, now + DAY));
        }
        expect(backupStep(schedule, home, now).storedAt).toBe(3);
      }),
      { numRuns: 60 },
    );
  });

  it("lies in the store and comes back, and damaged bytes are refused", async () => {
    const encoded = encodeBackupSchedule(quiet());
    expect(decodeBackupSchedule(encoded)).toEqual({ ok: true, value: quiet() });
    await expectHardened(decodeBackupSchedule, [encoded]);
  });
});
