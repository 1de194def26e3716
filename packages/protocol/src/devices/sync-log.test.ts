/** Registers over the real log: three devices of one person, who write while others are away. */
import { bytesToHex, expectOk } from "@xchat/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filled } from "../hostile-input.node.ts";
import { appended, prepareOwn, receiveEvent } from "../log/receive.ts";
import { startLog, type EventFacts, type Hex, type KnownEvent, type Log, type LogStep } from "../log/state.ts";
import { decodeSyncEvent, decodeSyncSnapshot, encodeSyncEvents, encodeSyncSnapshot } from "./sync-event.ts";
import { writeRegister, type SyncOperation } from "./sync-registers.ts";
import { EMPTY_SYNC, foldSync, readRegister, writesOf, type SyncState } from "./sync-state.ts";

const CONVERSATION = bytesToHex(filled(32, 200));
const NAMES = [1, 2, 3].map((n) => bytesToHex(filled(32, n))) as [Hex, Hex, Hex];

interface Sent {
  readonly event: EventFacts;
  readonly content: Uint8Array;
  readonly isSnapshot: boolean;
}

class Device {
  readonly self: Hex;
  log: Log;
  state: SyncState = EMPTY_SYNC;
  readonly shown = new Map<Hex, KnownEvent & Sent>();
  readonly held = new Map<Hex, Sent>();

  constructor(self: Hex) {
    this.self = self;
    this.log = startLog({ conversation: CONVERSATION, self });
  }

  write(content: Uint8Array, isSnapshot = false): Sent {
    const prepared = prepareOwn(this.log);
    const id =
      bytesToHex(filled(32, 0)).slice(0, 40) + this.self.slice(0, 8) + prepared.sequence.toString(16).padStart(16, "0");
    const event = { id, conversation: CONVERSATION, author: this.self, ...prepared };
    const sent = { event, content, isSnapshot };
    this.take(appended(this.log, event, 0), sent);
    this.show(sent);
    return sent;
  }

  receive(sent: Sent): void {
    const lookup = {
      event: (id: Hex) => this.shown.get(id) ?? null,
      at: (author: Hex, sequence: number) =>
        [...this.shown.values()].find((one) => one.author === author && one.sequence === sequence)?.event.id ?? null,
    };
    this.take(receiveEvent(this.log, sent.event, lookup, 0), sent);
  }

  take({ log, effects }: LogStep, sent: Sent): void {
    this.log = log;
    for (const effect of effects) {
      if (effect.kind === "hold") this.held.set(effect.id, sent);
      if (effect.kind === "show") this.show(effect.id === sent.event.id ? sent : (this.held.get(effect.id) as Sent));
    }
  }

  show(sent: Sent): void {
    const { event, content, isSnapshot } = sent;
    if (this.shown.has(event.id)) return;
    this.shown.set(event.id, { ...event, ...sent });
    const writes = isSnapshot
      ? expectOk(decodeSyncSnapshot(content, event), "snapshot").writes
      : expectOk(decodeSyncEvent(content, event), "event");
    this.state = foldSync(this.state, writes).state;
  }
}

const register = (n: number, name: string): SyncOperation =>
  writeRegister("contact", { account: filled(32, n) }, { petname: name });

describe("registers over the log", () => {
  it("[DV22] whoever had shown a write overrules it, and all come to the same, in any order of arrival", () => {
    const step = fc.record({ by: fc.nat(2), to: fc.nat(2), register: fc.nat(1), what: fc.nat(5), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { size: "max", maxLength: 50 }), (steps) => {
        const devices = NAMES.map((name) => new Device(name)) as [Device, Device, Device];
        const all: (Sent & { register: number; saw: ReadonlySet<Hex> })[] = [];
        for (const [n, one] of steps.entries()) {
          const device = devices[one.by] as Device;
          if (one.what <= 2) {
            const saw = new Set(device.shown.keys());
            const [content] = encodeSyncEvents([register(one.register, `name ${n}`)]);
            all.push({ ...device.write(content as Uint8Array), register: one.register, saw });
          } else if (one.what === 3) {
            const saw = new Set(device.shown.keys());
            const [content] = encodeSyncSnapshot(device.state, filled(16, n));
            all.push({ ...device.write(content as Uint8Array, true), register: -1, saw });
          } else if (all.length > 0) (devices[one.to] as Device).receive(all[one.pick % all.length] as Sent);
        }
        // Quiescence: everything reaches everyone, twice, once backwards.
        for (const device of devices) for (const sent of [...all.toReversed(), ...all]) device.receive(sent);
        const [first, ...others] = devices.map(({ state }) => writesOf(state));
        for (const other of others) expect(other).toEqual(first);
        const { state } = devices[0];
        for (const n of [0, 1]) {
          const writes = all.filter((one) => one.register === n);
          const winner = readRegister(state, "contact", { account: filled(32, n) })?.petname;
          const isOverruled = (one: (typeof all)[number]): boolean => writes.some(({ saw }) => saw.has(one.event.id));
          const candidates = writes
            .filter((one) => !isOverruled(one))
            .map(({ content, event }) => nameIn(content, event));
          if (writes.length > 0) expect(candidates).toContain(winner);
        }
      }),
      { numRuns: 100 },
    );
  });
});

function nameIn(content: Uint8Array, event: EventFacts): string | undefined {
  const writes = expectOk(decodeSyncEvent(content, event), "event");
  const { state } = foldSync(EMPTY_SYNC, writes);
  return [0, 1]
    .map((n) => readRegister(state, "contact", { account: filled(32, n) })?.petname)
    .find((one) => one !== undefined);
}
