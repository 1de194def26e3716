/** The work that follows a change of the list of devices, over conversations that a test makes fail, hang and crash. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { ConversationFacts } from "@xchat/protocol";
import { describe, expect, it } from "vitest";
import { Background } from "../base/background.ts";
import type { Clock } from "../ports.ts";
import { DeviceWorkDriver, type DeviceWorkHost } from "./device-work-driver.ts";

const hash = (n: number): string => n.toString(16).padStart(64, "0");
const [self, phone, lost] = [hash(1), hash(2), hash(3)];
const SELF = hash(100);

class TestClock implements Clock {
  at = 1_000;
  readonly timers = new Set<{ readonly due: number; readonly call: () => void }>();
  now = (): number => this.at;
  after(milliseconds: number, call: () => void): { cancel(): void } {
    const timer = { due: this.at + milliseconds, call };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) };
  }
  /** To the next moment at which something is due. */
  async next(): Promise<void> {
    const [first] = [...this.timers].toSorted((a, b) => a.due - b.due);
    if (first === undefined) throw new Error("nothing is due");
    this.timers.delete(first);
    this.at = Math.max(this.at, first.due);
    first.call();
    await settled();
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 5_000; i++) await Promise.resolve();
};

/** A device and what its conversations hold; `fail` decides on each commit. */
function world(chats: number) {
  const leaves = new Map<string, string[]>([[SELF, [self, lost]]]);
  for (let i = 0; i < chats; i++) leaves.set(hash(200 + i), [self, lost]);
  const clock = new TestClock();
  const told = new Set<string>();
  const asked: string[] = [];
  const chores: string[] = [];
  const packaged = new Map<string, string[]>();
  const state = {
    leaves,
    clock,
    told,
    asked,
    chores,
    packaged,
    devices: [self, phone] as readonly string[],
    head: hash(50),
    stored: null as Uint8Array | null,
    fails: ((): string | null => null) as (id: string) => string | null,
    hangs: ((): boolean => false) as (id: string) => boolean,
    commits: [] as string[],
    isExpelled: false,
    chainRead: async () => {},
    progress: 0,
  };
  const commit = async (id: string, change: (held: string[]) => string[]): Promise<void> => {
    state.commits.push(id);
    if (state.hangs(id)) return new Promise(() => {});
    const reason = state.fails(id);
    if (reason !== null) throw Object.assign(new Error("no"), { code: reason });
    leaves.set(id, change(leaves.get(id) ?? []));
  };
  const host: DeviceWorkHost = {
    provider: nodeCryptoProvider(),
    clock,
    background: new Background(),
    chainRead: () => state.chainRead(),
    account: () => ({ head: state.head, devices: state.devices, self, changedBy: self, stock: new Map() }),
    conversations: () =>
      [...leaves].map(([conversation, held]): ConversationFacts => ({
        conversation,
        isSelf: conversation === SELF,
        leaves: held,
        canCommit: true,
        packaged: packaged.get(conversation) ?? [],
        unopened: [],
        lastActiveAt: 0,
      })),
    tell: async (id) => void told.add(id),
    remove: (id, gone) => commit(id, (held) => held.filter((leaf) => !gone.includes(leaf))),
    add: (id, more) => commit(id, (held) => [...held, ...more]),
    wantPackages: async (device, conversations) => void asked.push(...conversations.map((id) => `${device} ${id}`)),
    chore: async (chore) => void chores.push(chore),
    expelled: () => void (state.isExpelled = true),
    load: async () => state.stored,
    save: async (work) => void (state.stored = work),
    onProgress: () => void state.progress++,
  };
  return { state, open: () => new DeviceWorkDriver(host) };
}

describe("the work after the list of devices has changed", () => {
  it("[DV30] takes a removed device out of every conversation and puts a listed one in, the own devices' first", async () => {
    const { state, open } = world(6);
    for (const id of state.leaves.keys()) state.packaged.set(id, [phone]);
    const driver = open();
    driver.look();
    await settled();
    expect(state.commits[0]).toBe(SELF);
    expect([...state.leaves.values()]).toEqual(Array.from({ length: 7 }, () => [self, phone]));
    expect(state.told.size).toBe(7);
    expect(driver.progress()).toBeNull();
    expect(state.chores).toContain("renew-cards");
    await driver.close();
  });

  it("[DD2] [DV32] one that fails holds up no other, says why, and is tried again until it is done", async () => {
    const { state, open } = world(3);
    const bad = hash(201);
    for (const id of state.leaves.keys()) state.packaged.set(id, [phone]);
    state.fails = (id) => (id === bad ? "unreachable" : null);
    const driver = open();
    driver.look();
    await settled();
    expect(driver.progress()).toEqual({ total: 4, done: 3, failing: [{ conversation: bad, reason: "unreachable" }] });
    const tried = state.commits.length;
    await state.clock.next();
    expect(state.commits.length).toBe(tried + 1);
    state.fails = () => null;
    while (driver.progress() !== null) await state.clock.next();
    expect(state.leaves.get(bad)).toEqual([self, phone]);
    await driver.close();
  });

  it("[DD1] a crash in the middle loses nothing and does nothing twice at once", async () => {
    const { state, open } = world(2);
    for (const id of state.leaves.keys()) state.packaged.set(id, [phone]);
    const slow = hash(200);
    state.hangs = (id) => id === slow;
    const before = open();
    before.look();
    await settled();
    await before.close();
    const count = state.commits.filter((id) => id === slow).length;
    const after = open();
    after.look();
    await settled();
    expect(state.commits.filter((id) => id === slow)).toHaveLength(count);
    state.hangs = () => false;
    while (after.progress() !== null) await state.clock.next();
    expect([...state.leaves.values()]).toEqual(Array.from({ length: 3 }, () => [self, phone]));
    await after.close();
  });

  it("[DV33] asks for key packages that are not there, and goes on when they have come", async () => {
    const { state, open } = world(1);
    const driver = open();
    driver.look();
    await settled();
    expect(state.asked).toEqual([`${phone} ${SELF}`, `${phone} ${hash(200)}`]);
    expect(driver.progress()?.done).toBe(0);
    for (const id of state.leaves.keys()) state.packaged.set(id, [phone]);
    driver.look();
    await settled();
    expect(driver.progress()).toBeNull();
    await driver.close();
  });

  it("[DV30] takes nobody out who came with a longer list, before that has been read", async () => {
    const { state, open } = world(1);
    state.devices = [self];
    for (const id of state.leaves.keys()) state.leaves.set(id, [self, phone]);
    state.chainRead = async () => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      state.devices = [self, phone];
    };
    const driver = open();
    driver.look();
    await settled();
    expect(state.commits).toEqual([]);
    expect([...state.leaves.values()]).toEqual([
      [self, phone],
      [self, phone],
    ]);
    await driver.close();
  });

  it("a device that is not listed any more stops", async () => {
    const { state, open } = world(1);
    state.devices = [phone];
    const driver = open();
    driver.look();
    await settled();
    expect(state.isExpelled).toBe(true);
    expect(state.commits).toEqual([]);
    await driver.close();
  });
});
