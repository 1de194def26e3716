/**
 * Two to four logs over a network that loses, delays, reorders and duplicates, with partitions and restarts. The seed
 * is printed on failure; `XCHAT_SEED` runs one, `XCHAT_SEEDS` so many.
 */
import { createHash } from "node:crypto";
import { expectOk } from "@xchat/codec";
import { describe, expect, it } from "vitest";
import { nextAck, receiveAck, type AckFacts } from "./acknowledge.ts";
import { decodeLog, encodeLog } from "./log-codec.ts";
import { appended, prepareOwn, receiveEvent } from "./receive.ts";
import { answerWant, nextRepair } from "./repair.ts";
import {
  missingCount,
  startLog,
  type EventFacts,
  type Hex,
  type Log,
  type LogEffect,
  type LogStep,
  type Lookup,
  type WantRange,
} from "./state.ts";

const START = 1_700_000_000_000;
const CONVERSATION = hashOf("conversation");

type Message =
  | { readonly kind: "event"; readonly event: EventFacts }
  | { readonly kind: "ack"; readonly ack: AckFacts }
  | { readonly kind: "want"; readonly asked: Hex; readonly ids: readonly Hex[]; readonly ranges: readonly WantRange[] }
  | { readonly kind: "give"; readonly events: readonly EventFacts[] };

interface Flight {
  readonly at: number;
  readonly from: Hex;
  readonly to: Hex;
  readonly message: Message;
}

/** mulberry32: small, seeded, the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hashOf(text: string): Hex {
  return createHash("sha256").update(text).digest("hex");
}

class Device {
  readonly self: Hex;
  log: Log;
  readonly shown = new Map<Hex, EventFacts>();
  /** In the order in which they were shown. */
  readonly showings: Hex[] = [];
  readonly pending = new Map<Hex, EventFacts>();
  readonly placeholders = new Set<Hex>();
  readonly delivered = new Set<number>();
  readonly lookup: Lookup = {
    event: (id) => this.shown.get(id) ?? null,
    at: (author, sequence) => {
      for (const event of this.shown.values())
        if (event.author === author && event.sequence === sequence) return event.id;
      return null;
    },
  };

  constructor(name: string) {
    this.self = hashOf(`leaf ${name}`);
    this.log = startLog({ conversation: CONVERSATION, self: this.self });
  }

  write(now: number): EventFacts {
    const prepared = prepareOwn(this.log);
    const id = hashOf(JSON.stringify([this.self, prepared]));
    const event = { id, conversation: CONVERSATION, author: this.self, ...prepared };
    this.shown.set(id, event);
    this.take(appended(this.log, event, now), new Map([[id, event]]));
    return event;
  }

  take({ log, effects }: LogStep, arrived: ReadonlyMap<Hex, EventFacts> = new Map()): readonly LogEffect[] {
    this.log = log;
    for (const effect of effects) this.perform(effect, arrived);
    return effects;
  }

  perform(effect: LogEffect, arrived: ReadonlyMap<Hex, EventFacts>): void {
    switch (effect.kind) {
      case "show": {
        const event = arrived.get(effect.id) ?? this.pending.get(effect.id);
        expect(event, "an event is shown that was never kept").toBeDefined();
        expect(this.showings, "shown twice").not.toContain(effect.id);
        for (const parent of [event?.previous ?? null, ...(event?.parents ?? [])]) {
          if (parent !== null && !this.shown.has(parent))
            expect(this.placeholders.has(parent) || this.isSkipped(event)).toBe(true);
        }
        this.shown.set(effect.id, event as EventFacts);
        this.showings.push(effect.id);
        this.pending.delete(effect.id);
        return;
      }
      case "hold":
        this.pending.set(effect.id, arrived.get(effect.id) as EventFacts);
        return;
      case "drop":
        this.pending.delete(effect.id);
        return;
      case "placeholder":
        this.placeholders.add(effect.id);
        return;
      case "delivered":
        for (const { from, to } of effect.ranges) for (let i = from; i <= to; i++) this.delivered.add(i);
        return;
      default:
    }
  }

  isSkipped(event: EventFacts | undefined): boolean {
    const lost = this.log.authors.get(event?.author ?? "")?.lost ?? [];
    const before = (event?.sequence ?? 0) - 1;
    return lost.some(({ from, to }) => from <= before && before <= to);
  }

  receive(from: Hex, message: Message, now: number): readonly Message[] {
    switch (message.kind) {
      case "event":
        this.take(
          receiveEvent(this.log, message.event, this.lookup, now),
          new Map([[message.event.id, message.event]]),
        );
        return [];
      case "give":
        for (const event of message.events) {
          this.take(receiveEvent(this.log, event, this.lookup, now), new Map([[event.id, event]]));
        }
        return [];
      case "ack":
        this.take(receiveAck(this.log, from, message.ack, this.lookup, now));
        return [];
      case "want": {
        const granted = answerWant(this.log, { from, ...message }, now);
        this.log = granted.log;
        const events = granted.ids.map((id) => this.shown.get(id));
        for (const { author, from: first, to } of granted.ranges) {
          for (let i = first; i <= to; i++) events.push(this.shown.get(this.lookup.at(author, i) ?? ""));
        }
        const found = events.filter((event) => event !== undefined);
        return found.length > 0 ? [{ kind: "give", events: found }] : [];
      }
    }
  }

  /** What time makes due. */
  due(now: number, members: readonly Hex[], random: number): readonly Message[] {
    const messages: Message[] = [];
    for (const effect of this.take(nextRepair(this.log, { now, members, random })))
      if (effect.kind === "want") messages.push(effect);
    const { log, outgoing } = nextAck(this.log, { now, memberCount: members.length, isPiggyback: false });
    this.log = log;
    if (outgoing?.ack != null) messages.push({ kind: "ack", ack: outgoing.ack });
    return messages;
  }

  order(): readonly Hex[] {
    return [...this.shown.values()]
      .toSorted((a, b) => a.depth - b.depth || (a.id < b.id ? -1 : 1))
      .map((event) => event.id);
  }

  /** LG4: what waits, waits for something that is on the list. */
  checkGapsTold(): void {
    for (const { unresolved } of this.log.pending.values()) {
      expect(unresolved.length).toBeGreaterThan(0);
      for (const id of unresolved) expect(this.log.pending.has(id) || this.log.missing.has(id)).toBe(true);
    }
    expect([...this.log.pending.keys()].toSorted()).toEqual([...this.pending.keys()].toSorted());
  }
}

interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly slowest: number;
}

class World {
  readonly random: () => number;
  readonly devices: Device[];
  flights: Flight[] = [];
  now = START;
  weather: Weather;
  /** Devices on one side of a cut. */
  cut: ReadonlySet<Hex> = new Set();

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.devices = Array.from({ length: 2 + Math.floor(this.random() * 3) }, (_, i) => new Device(`${seed}/${i}`));
    this.weather = { loss: this.random() * 0.4, duplication: this.random() * 0.3, slowest: 1 + this.random() * 30_000 };
  }

  get members(): readonly Hex[] {
    return this.devices.map(({ self }) => self);
  }

  send(from: Device, message: Message): void {
    for (const to of this.devices) {
      if (to === from) continue;
      const copies = this.random() < this.weather.duplication ? 2 : 1;
      for (let i = 0; i < copies; i++) {
        if (this.random() < this.weather.loss || this.cut.has(from.self) !== this.cut.has(to.self)) continue;
        this.flights.push({
          at: this.now + this.random() * this.weather.slowest,
          from: from.self,
          to: to.self,
          message,
        });
      }
    }
  }

  /** Lets time pass; everything that arrives meanwhile is taken in its turn. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    const arrived = this.flights.filter(({ at }) => at <= this.now).toSorted((a, b) => a.at - b.at);
    this.flights = this.flights.filter(({ at }) => at > this.now);
    for (const { from, to, message } of arrived) {
      const device = this.devices.find(({ self }) => self === to) as Device;
      for (const answer of device.receive(from, message, this.now)) this.send(device, answer);
    }
    for (const device of this.devices) {
      for (const message of device.due(this.now, this.members, this.random())) this.send(device, message);
      device.checkGapsTold();
    }
  }

  chaos(steps: number): void {
    for (let i = 0; i < steps; i++) {
      const device = this.devices[Math.floor(this.random() * this.devices.length)] as Device;
      const choice = this.random();
      if (choice < 0.5) this.send(device, { kind: "event", event: device.write(this.now) });
      else if (choice < 0.55) device.log = expectOk(decodeLog(encodeLog(device.log)), "restart");
      else if (choice < 0.6) this.cut = new Set(this.members.filter(() => this.random() < 0.5));
      else if (choice < 0.65) this.cut = new Set();
      this.pass(this.random() < 0.02 ? this.random() * 600_000 : this.random() * 3_000);
    }
  }

  /** The network recovers; each says one last thing, so that nobody's end is missing without a sign. */
  heal(): void {
    this.cut = new Set();
    this.weather = { loss: 0, duplication: 0, slowest: 100 };
    for (const device of this.devices) this.send(device, { kind: "event", event: device.write(this.now) });
    for (let i = 0; i < 3_000; i++) {
      this.pass(500);
      const isQuiet =
        this.flights.length === 0 &&
        this.devices.every((device) => missingCount(device.log) === 0 && device.log.ackDueSince === null);
      if (isQuiet) return;
      // The last questions are a day apart.
      if (i % 50 === 49) this.pass(3_600_000);
    }
  }
}

function run(seed: number): void {
  const world = new World(seed);
  world.chaos(120);
  world.heal();
  const [first, ...others] = world.devices as [Device, ...Device[]];
  const written = world.devices.flatMap((device) =>
    [...device.shown.values()].filter((event) => event.author === device.self),
  );
  expect(first.order()).toHaveLength(written.length);
  for (const device of others) expect(device.order()).toEqual(first.order());
  for (const device of world.devices) {
    expect(missingCount(device.log)).toBe(0);
    expect(device.log.pending.size).toBe(0);
    const own = [...device.shown.values()].filter((event) => event.author === device.self).length;
    expect(device.delivered.size, "acknowledged").toBe(own);
    expect(device.log.heads.length).toBeLessThanOrEqual(world.devices.length);
  }
}

describe("logs over a bad network", () => {
  const only = process.env["XCHAT_SEED"];
  const count = Number(process.env["XCHAT_SEEDS"] ?? 60);
  const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];

  it("[LG1] [LG2] [LG3] [LG4] converge to one order, nothing twice, every gap told", { timeout: 600_000 }, () => {
    for (const seed of seeds) {
      try {
        run(seed);
      } catch (error) {
        console.error(`seed ${seed}`);
        throw error;
      }
    }
  });
});
