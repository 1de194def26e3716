import fc from "fast-check";
import { expectOk, bytesToHex } from "@xchat/codec";
import { describe, expect, it } from "vitest";
import { MAX_CONTENT_BYTES } from "../content/mimi.ts";
import { expectHardened, filled } from "../hostile-input.node.ts";
import type { Hex } from "../log/state.ts";
import {
  decodeSupply,
  encodePackages,
  encodeSnapshotWanted,
  encodeStock,
  encodeUnopened,
  encodeWanted,
} from "./device-supply.ts";
import { decodeDeviceWork, encodeDeviceWork } from "./device-work-record.ts";
import {
  deviceWorkStep,
  LAST_RESORT_AFTER_MS,
  MAX_WORK_AT_ONCE,
  noteDeviceWork,
  startDeviceWork,
  TAKE_OVER_MS,
  WORK_PATIENCE_MS,
  type AccountFacts,
  type ConversationFacts,
  type DeviceWork,
  type DeviceWorkEffect,
} from "./device-work.ts";

const hexOf = (n: number): Hex => bytesToHex(filled(32, n));
const [PHONE, LAPTOP, LOST] = [hexOf(1), hexOf(2), hexOf(3)];
const HEAD = hexOf(9);
const NOW = 1_000_000;
const account = (self: Hex = PHONE, changedBy: Hex | null = PHONE): AccountFacts => ({
  head: HEAD,
  devices: [PHONE, LAPTOP],
  self,
  changedBy,
  stock: new Map(),
});
const conversation = (n: number, changes: Partial<ConversationFacts> = {}): ConversationFacts => ({
  conversation: hexOf(100 + n),
  isSelf: false,
  leaves: [PHONE, LAPTOP, LOST],
  canCommit: true,
  packaged: [],
  unopened: [],
  lastActiveAt: n,
  ...changes,
});
const commits = (effects: readonly DeviceWorkEffect[]) =>
  effects.filter((effect) => effect.kind === "remove" || effect.kind === "add");

describe("the work after a change of devices", () => {
  it("[DV30] the conversation of own devices first, then the liveliest, a few at a time", () => {
    const all = [
      ...Array.from({ length: 9 }, (_, n) => conversation(n)),
      conversation(50, { isSelf: true, lastActiveAt: 0 }),
    ];
    const step = deviceWorkStep(startDeviceWork(account(), NOW), account(), all, NOW);
    const order = commits(step.effects).map((effect) => ("conversation" in effect ? effect.conversation : ""));
    expect(order).toEqual([150, 108, 107, 106].map((n) => hexOf(n)));
    expect(order.length).toBe(MAX_WORK_AT_ONCE);
    expect(step.effects.filter(({ kind }) => kind === "tell").length).toBe(10);
    expect(step.progress).toEqual({ total: 10, done: 0, failing: [] });
    expect(step.effects.some(({ kind }) => kind === "chore")).toBe(false);
  });

  it("[DV30] in one conversation first the removal, then the addition", () => {
    const facts = conversation(1, { leaves: [PHONE, LOST], packaged: [LAPTOP] });
    const work = startDeviceWork(account(), NOW);
    expect(commits(deviceWorkStep(work, account(), [facts], NOW).effects)).toMatchObject([
      { kind: "remove", devices: [LOST] },
    ]);
    const next = deviceWorkStep(work, account(), [{ ...facts, leaves: [PHONE] }], NOW);
    expect(commits(next.effects)).toMatchObject([{ kind: "add", devices: [LAPTOP] }]);
    const lacking = deviceWorkStep(work, account(), [{ ...facts, leaves: [PHONE], packaged: [] }], NOW);
    expect(lacking.effects).toContainEqual({
      kind: "want-packages",
      device: LAPTOP,
      conversations: [facts.conversation],
    });
  });

  it("[DV30] when all conversations are as the chain has it, cards and backup are renewed, once", () => {
    const facts = conversation(1, { leaves: [PHONE, LAPTOP] });
    const told = { kind: "told", conversation: facts.conversation } as const;
    let work = noteDeviceWork(startDeviceWork(account(), NOW), told, NOW, 0);
    const step = deviceWorkStep(work, account(), [facts], NOW);
    expect(step.progress).toMatchObject({ total: 1, done: 1 });
    expect(step.effects).toEqual([
      { kind: "chore", chore: "renew-cards" },
      { kind: "chore", chore: "write-backup" },
    ]);
    work = noteDeviceWork(work, { kind: "chore-done", chore: "write-backup" }, NOW, 0);
    work = noteDeviceWork(work, { kind: "chore-done", chore: "renew-cards" }, NOW, 0);
    expect(deviceWorkStep(work, account(), [facts], NOW).effects).toEqual([]);
  });

  it("[DV30] invitations are revoked where a device was removed, and what is not done yet stays to be done", () => {
    const facts = conversation(1, { leaves: [PHONE, LAPTOP], canCommit: false });
    const choresOf = (step: { effects: readonly DeviceWorkEffect[] }) =>
      step.effects.flatMap((effect) => (effect.kind === "chore" ? [effect.chore] : []));
    const before = startDeviceWork({ head: hexOf(70), devices: [PHONE, LAPTOP, LOST] }, NOW);
    const removed = deviceWorkStep(before, account(), [facts], NOW + 5);
    expect(removed.work.since).toBe(NOW + 5);
    expect(choresOf(removed)).toEqual(["revoke-invitations", "renew-cards", "write-backup"]);
    const rotated = deviceWorkStep(removed.work, { ...account(), head: hexOf(71) }, [facts], NOW + 6);
    expect(choresOf(rotated)).toContain("revoke-invitations");
    const added = deviceWorkStep(
      { ...startDeviceWork({ head: hexOf(70), devices: [PHONE] }, NOW), chores: [] },
      account(),
      [facts],
      NOW,
    );
    expect(choresOf(added)).toEqual(["renew-cards", "write-backup"]);
  });

  it("[DV31] others take over in the order of the chain", () => {
    const work = startDeviceWork(account(), NOW);
    const facts = [conversation(1)];
    const early = deviceWorkStep(work, account(LAPTOP), facts, NOW + TAKE_OVER_MS - 1);
    expect([early.effects, early.wakeAt]).toEqual([[], NOW + TAKE_OVER_MS]);
    expect(commits(deviceWorkStep(work, account(LAPTOP), facts, NOW + TAKE_OVER_MS).effects).length).toBe(1);
    // After a recovery, and where the one who changed the chain was removed since, the first begins.
    for (const by of [null, LOST]) {
      expect(commits(deviceWorkStep(work, account(PHONE, by), facts, NOW).effects).length).toBe(1);
      expect(deviceWorkStep(work, account(LAPTOP, by), facts, NOW).effects).toEqual([]);
    }
  });

  it("[DV31] where no other of the devices is, none is waited for", () => {
    const work = startDeviceWork(account(), NOW);
    const alone = conversation(1, { leaves: [LAPTOP, LOST] });
    const shared = conversation(2);
    const early = deviceWorkStep(work, account(LAPTOP), [alone, shared], NOW);
    expect(commits(early.effects)).toMatchObject([{ kind: "remove", conversation: alone.conversation }]);
    expect(early.wakeAt).toBe(NOW + TAKE_OVER_MS);
    const lone = conversation(1, { leaves: [LAPTOP] });
    const { effects } = deviceWorkStep(work, account(LAPTOP), [lone], NOW);
    expect(effects).toContainEqual({ kind: "want-packages", device: PHONE, conversations: [lone.conversation] });
  });

  it("[DV33] asks once an hour for each conversation, and at once for one that is new", () => {
    const lone = (n: number) => conversation(n, { leaves: [PHONE] });
    const wanted = (step: { effects: readonly DeviceWorkEffect[] }) =>
      step.effects.flatMap((effect) => (effect.kind === "want-packages" ? effect.conversations : []));
    const first = deviceWorkStep(startDeviceWork(account(), NOW), account(), [lone(1)], NOW);
    expect(wanted(first)).toEqual([hexOf(101)]);
    const second = deviceWorkStep(first.work, account(), [lone(1), lone(2)], NOW + 5);
    expect(wanted(second)).toEqual([hexOf(102)]);
    const third = deviceWorkStep(second.work, account(), [lone(1), lone(2)], NOW + 3_600_000);
    expect(wanted(third)).toEqual([hexOf(101)]);
    expect(third.wakeAt).toBe(NOW + 3_600_005);
  });

  it("[DV39] a device of which something is in stock is added without being asked, the liveliest first, no package twice", () => {
    const lone = [1, 2, 3].map((n) => conversation(n, { leaves: [PHONE] }));
    const stock = new Map([[LAPTOP, { oneTime: 2, hasLastResort: false }]]);
    const step = deviceWorkStep(startDeviceWork(account(), NOW), { ...account(), stock }, lone, NOW);
    const added = step.effects.flatMap((effect) => (effect.kind === "add" ? [effect.conversation] : []));
    expect(added).toEqual([hexOf(103), hexOf(102)]);
    expect(step.effects).toContainEqual({ kind: "want-packages", device: LAPTOP, conversations: [hexOf(101)] });
    const self = conversation(1, { leaves: [PHONE], isSelf: true });
    expect(
      commits(deviceWorkStep(startDeviceWork(account(), NOW), { ...account(), stock }, [self], NOW).effects),
    ).toEqual([]);
    const unlisted = { ...account(), stock: new Map([[LOST, { oneTime: 2, hasLastResort: true }]]) };
    const gone = conversation(1, { leaves: [PHONE, LAPTOP] });
    expect(commits(deviceWorkStep(startDeviceWork(unlisted, NOW), unlisted, [gone], NOW).effects)).toEqual([]);
  });

  it("[DV39] that of last resort is taken where nothing else is left and nobody has answered for two minutes", () => {
    const lone = [conversation(1, { leaves: [PHONE] })];
    const facts = { ...account(), stock: new Map([[LAPTOP, { oneTime: 0, hasLastResort: true }]]) };
    const first = deviceWorkStep(startDeviceWork(facts, NOW), facts, lone, NOW);
    expect(commits(first.effects)).toEqual([]);
    expect(first.wakeAt).toBe(NOW + LAST_RESORT_AFTER_MS);
    const late = deviceWorkStep(first.work, facts, lone, NOW + LAST_RESORT_AFTER_MS);
    expect(commits(late.effects)).toMatchObject([{ kind: "add", devices: [LAPTOP] }]);
    // By a clock that was set back.
    expect(commits(deviceWorkStep(first.work, facts, lone, NOW - 1).effects)).toMatchObject([{ kind: "add" }]);
  });

  it("[DV38] a leaf whose device could not open its Welcome is taken out, and then added anew", () => {
    const dead = conversation(1, { leaves: [PHONE, LAPTOP], packaged: [LAPTOP], unopened: [LAPTOP] });
    const work = startDeviceWork(account(), NOW);
    expect(commits(deviceWorkStep(work, account(), [dead], NOW).effects)).toMatchObject([
      { kind: "remove", devices: [LAPTOP] },
    ]);
    const next = deviceWorkStep(work, account(), [{ ...dead, leaves: [PHONE] }], NOW);
    expect(commits(next.effects)).toMatchObject([{ kind: "add", devices: [LAPTOP] }]);
  });

  it("[DV32] what fails is tried again, later each time, and shown", () => {
    const facts = conversation(1);
    let work = startDeviceWork(account(), NOW);
    let now = NOW;
    const waits: number[] = [];
    for (let i = 0; i < 14; i++) {
      expect(commits(deviceWorkStep(work, account(), [facts], now).effects).length).toBe(1);
      work = noteDeviceWork(work, { kind: "started", conversation: facts.conversation }, now, 0);
      expect(commits(deviceWorkStep(work, account(), [facts], now).effects)).toEqual([]);
      work = noteDeviceWork(
        work,
        { kind: "failed", conversation: facts.conversation, reason: "slot-taken" },
        now,
        0.999,
      );
      const waiting = deviceWorkStep(work, account(), [facts], now);
      expect(waiting.progress.failing).toEqual([{ conversation: facts.conversation, reason: "slot-taken" }]);
      waits.push((waiting.wakeAt as number) - now);
      now = waiting.wakeAt as number;
    }
    expect(waits[0]).toBeGreaterThan(29_000);
    expect(waits.every((wait, i) => i === 0 || wait >= (waits[i - 1] as number))).toBe(true);
    expect(Math.max(...waits)).toBeLessThanOrEqual(21_600_000);
    work = noteDeviceWork(work, { kind: "committed", conversation: facts.conversation }, now, 0);
    const done = { ...facts, leaves: [PHONE, LAPTOP] };
    expect(deviceWorkStep(work, account(), [done], now).progress.failing).toEqual([]);
  });

  it("[DV32] a commit of which nothing was heard is begun again, and a clock set back puts nothing off", () => {
    const facts = conversation(1);
    const work = noteDeviceWork(
      startDeviceWork(account(), NOW),
      { kind: "started", conversation: facts.conversation },
      NOW,
      0,
    );
    expect(deviceWorkStep(work, account(), [facts], NOW).wakeAt).toBe(NOW + WORK_PATIENCE_MS);
    expect(commits(deviceWorkStep(work, account(), [facts], NOW + WORK_PATIENCE_MS).effects).length).toBe(1);
    expect(commits(deviceWorkStep({ ...work, since: 0 }, account(), [facts], 5).effects).length).toBe(1);
  });

  it("a device that the chain does not list any more stops", () => {
    const step = deviceWorkStep(startDeviceWork(account(), NOW), account(LOST), [conversation(1)], NOW);
    expect(step.effects).toEqual([{ kind: "expelled" }]);
  });

  it("waits where it cannot commit, without a busy loop", () => {
    const step = deviceWorkStep(
      startDeviceWork(account(), NOW),
      account(),
      [conversation(1, { canCommit: false, isSelf: true, leaves: [PHONE, LOST] })],
      NOW,
    );
    const conversations = [hexOf(101)];
    expect([step.effects, step.wakeAt]).toEqual([[{ kind: "want-packages", device: LAPTOP, conversations }], null]);
    const next = deviceWorkStep(
      step.work,
      account(),
      [conversation(1, { canCommit: false, isSelf: true, leaves: [PHONE] })],
      NOW + 5,
    );
    expect([next.effects, next.wakeAt, next.progress.done]).toEqual([[], NOW + 3_600_000, 0]);
  });

  it("comes to an end from every state, whatever fails and whoever crashes, and does nothing twice", () => {
    const script = fc.array(fc.constantFrom("ok", "fail", "crash", "wait"), { size: "max", maxLength: 80 });
    fc.assert(
      fc.property(script, fc.integer({ min: 1, max: 12 }), (fates, count) => {
        let facts = Array.from({ length: count }, (_, n) =>
          conversation(n, { packaged: [LAPTOP], leaves: [PHONE, LOST] }),
        );
        let work: DeviceWork = startDeviceWork(account(), NOW);
        let now = NOW;
        const endless = [...fates, ...Array.from({ length: 20 * count }, () => "ok" as const)];
        for (const fate of endless) {
          const step = deviceWorkStep(work, account(), facts, now);
          work = step.work;
          if (fate === "wait") now += 60_000;
          if (fate === "crash") work = expectOk(decodeDeviceWork(encodeDeviceWork(work)), "work");
          for (const effect of step.effects) {
            if (effect.kind === "tell") work = noteDeviceWork(work, { ...effect, kind: "told" }, now, 0.5);
            if (effect.kind === "chore")
              work = noteDeviceWork(work, { kind: "chore-done", chore: effect.chore }, now, 0);
            if (effect.kind !== "remove" && effect.kind !== "add") continue;
            work = noteDeviceWork(work, { ...effect, kind: "started" }, now, 0.5);
            if (fate === "crash" || fate === "wait") continue;
            if (fate === "fail") {
              work = noteDeviceWork(work, { ...effect, kind: "failed", reason: "no-receipts" }, now, 0.5);
              continue;
            }
            work = noteDeviceWork(work, { ...effect, kind: "committed" }, now, 0.5);
            const { kind, devices } = effect;
            facts = facts.map((one) => {
              if (one.conversation !== effect.conversation) return one;
              // Nothing is removed or added that is so already.
              expect(devices.every((device) => one.leaves.includes(device) === (kind === "remove"))).toBe(true);
              const leaves =
                kind === "remove" ? one.leaves.filter((leaf) => !devices.includes(leaf)) : [...one.leaves, ...devices];
              return { ...one, leaves };
            });
          }
          if (step.wakeAt !== null && step.effects.length === 0) now = Math.max(now, step.wakeAt);
        }
        const last = deviceWorkStep(work, account(), facts, now);
        expect([last.progress.done, last.effects]).toEqual([count, []]);
        expect(facts.every(({ leaves }) => leaves.join() === [PHONE, LAPTOP].join())).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("[DV31] two devices at once do no harm, and get there", () => {
    const turns = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { size: "max", maxLength: 40 });
    fc.assert(
      fc.property(turns, (script) => {
        let facts = Array.from({ length: 5 }, (_, n) => conversation(n));
        const works: [DeviceWork, DeviceWork] = [startDeviceWork(account(), NOW), startDeviceWork(account(), NOW)];
        const now = NOW + TAKE_OVER_MS;
        // What each has seen of the world: the one who is behind commits in vain.
        const views = [facts, facts];
        let commitsMade = 0;
        const act = (who: 0 | 1, isCurrent: boolean): void => {
          if (isCurrent) views[who] = facts;
          const step = deviceWorkStep(works[who], account(who === 0 ? PHONE : LAPTOP), views[who] as typeof facts, now);
          works[who] = step.work;
          for (const effect of step.effects) {
            if (effect.kind === "tell") works[who] = noteDeviceWork(works[who], { ...effect, kind: "told" }, now, 0);
            if (effect.kind !== "remove") continue;
            const { conversation: id } = effect;
            const here = facts.find((one) => one.conversation === id) as ConversationFacts;
            const hasWon = here.leaves.includes(LOST);
            if (hasWon) {
              commitsMade++;
              facts = facts.map((one) => (one === here ? { ...one, leaves: [PHONE, LAPTOP] } : one));
            }
            works[who] = noteDeviceWork(
              works[who],
              hasWon
                ? { kind: "committed", conversation: id }
                : { kind: "failed", conversation: id, reason: "slot-taken" },
              now,
              0.5,
            );
          }
        };
        for (const [who, isCurrent] of script) act(who ? 1 : 0, isCurrent);
        for (const who of [0, 1, 0, 1] as const) act(who, true);
        expect(commitsMade).toBe(5);
        for (const [who, self] of [PHONE, LAPTOP].entries()) {
          const last = deviceWorkStep(works[who as 0 | 1], account(self), facts, now);
          expect(last.progress).toEqual({ total: 5, done: 5, failing: [] });
        }
      }),
      { numRuns: 60 },
    );
  });

  it("lies in the store and comes back, and damaged bytes are refused", async () => {
    let work = startDeviceWork(account(), NOW);
    work = noteDeviceWork(work, { kind: "failed", conversation: hexOf(4), reason: "no-receipts" }, NOW, 0.3);
    work = noteDeviceWork(work, { kind: "started", conversation: hexOf(5) }, NOW, 0.3);
    const encoded = encodeDeviceWork(work);
    expect(decodeDeviceWork(encoded)).toEqual({ ok: true, value: work });
    await expectHardened(decodeDeviceWork, [encoded]);
  });
});

describe("key packages for siblings", () => {
  const packages = Array.from({ length: 100 }, (_, n) => ({
    conversation: filled(32, n),
    keyPackage: filled(4_000 + n, n),
  }));

  it("[DV33] come in as many events as are needed, each within a body", () => {
    const contents = encodePackages(packages);
    expect(contents.length).toBe(9);
    const read = contents.map((content) => expectOk(decodeSupply(content), "supply"));
    expect(read.flatMap((one) => (one.kind === "packages" ? one.packages : []))).toEqual(packages);
    for (const content of contents) expect(content.length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
    const wanted = encodeWanted(
      filled(32),
      packages.map((one) => one.conversation),
    );
    expect(wanted.length).toBe(1);
    expect(expectOk(decodeSupply(wanted[0] as Uint8Array), "supply").kind).toBe("wanted");
    expect(encodeWanted(filled(32), [])).toEqual([]);
  });

  it("[DV39] a stock comes in as many events as are needed: the first in place of what was there, all in order", () => {
    const oneTime = Array.from({ length: 9 }, (_, n) => filled(20_000 + n, n));
    const contents = encodeStock(filled(32, 3), { oneTime, lastResort: filled(24_576, 9) });
    const read = contents.map((content) => expectOk(decodeSupply(content), "supply"));
    const stock = read.flatMap((one) => (one.kind === "stock" ? [one] : []));
    expect(stock.map(({ isAnew }) => isAnew)).toEqual([true, false, false, false, false]);
    expect(stock.flatMap((one) => one.oneTime)).toEqual(oneTime);
    expect(stock.map(({ lastResort }) => lastResort !== null)).toEqual([true, false, false, false, false]);
    for (const content of contents) expect(content.length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
    const largest = encodeStock(filled(32), {
      oneTime: Array.from({ length: 16 }, () => filled(24_576)),
      lastResort: filled(24_576),
    });
    for (const content of largest) expect(content.length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
  });

  it("survive truncation, flipped bits and random bytes", async () => {
    const stock = encodeStock(filled(32, 4), { oneTime: [filled(20, 1), filled(20, 2)], lastResort: filled(20, 3) });
    await expectHardened(decodeSupply, [...stock, encodeUnopened(filled(32, 1), filled(32, 2))]);
    const small = encodePackages([{ conversation: filled(32), keyPackage: filled(20) }]);
    expect(decodeSupply(encodeSnapshotWanted())).toEqual({ ok: true, value: { kind: "snapshot-wanted" } });
    await expectHardened(decodeSupply, [...small, ...encodeWanted(filled(32), [filled(32, 1)])]);
  });
});
