import { bytesToHex } from "@xchat/codec";
import { describe, expect, it } from "vitest";
import { filled } from "../hostile-input.node.ts";
import {
  ACK_PATIENCE,
  CONNECT_PATIENCE,
  DEAD_AFTER,
  directStep,
  isDirectOpen,
  LONGEST_WAIT,
  MAX_IN_FLIGHT,
  MIN_OFFER_INTERVAL,
  PING_AFTER,
  POLITE_WAIT,
  startDirect,
  type DirectEffect,
  type DirectInput,
  type DirectState,
} from "./direct-session.ts";
import type { Signal } from "./payload.ts";

const NOW = 1_700_000_000_000;
const [lesser, greater] = [new Uint8Array(32), filled(32, 200)] as const;
const offer: Signal = { kind: "description", type: "offer", sdp: "o" };
const answer: Signal = { kind: "description", type: "answer", sdp: "a" };
const all = { kind: "permissions", isSwitchedOn: true, ownConsent: true, theirConsent: true } as const;

class Side {
  state: DirectState;
  now = NOW;
  random = 0.5;
  wakeAt: number | null = null;
  #session = 0;

  constructor(self: Uint8Array, peer: Uint8Array) {
    this.state = startDirect(self, peer);
  }

  step(input: DirectInput): readonly DirectEffect[] {
    const session = filled(16, (this.state.selfKey[0] as number) + ++this.#session);
    const { state, effects, wakeAt } = directStep(this.state, input, { now: this.now, session, random: this.random });
    this.state = state;
    this.wakeAt = wakeAt;
    return effects;
  }

  wait(milliseconds: number): readonly DirectEffect[] {
    this.now += milliseconds;
    return this.step({ kind: "tick" });
  }

  /** Connected, as the one who offered. */
  connect(): Uint8Array {
    const [created] = this.step(all) as [Extract<DirectEffect, { kind: "create-peer" }>];
    this.step({ kind: "peer-state", session: created.session, state: "open" });
    return created.session;
  }
}

const impolite = (): Side => new Side(greater, lesser);
const polite = (): Side => new Side(lesser, greater);
const kinds = (effects: readonly DirectEffect[]): readonly string[] => effects.map(({ kind }) => kind);

describe("consent", () => {
  it("[DS1] nothing happens before both have said yes and the switch is on", () => {
    for (const missing of ["isSwitchedOn", "ownConsent", "theirConsent"] as const) {
      const side = impolite();
      expect(side.step({ ...all, [missing]: false })).toEqual([]);
      expect(side.step({ kind: "signal", session: filled(16), signal: offer, isLive: true })).toEqual([]);
      expect(side.wait(3_600_000)).toEqual([]);
      expect(side.wakeAt).toBeNull();
      expect(kinds(side.step(all))).toEqual(["create-peer"]);
    }
  });

  it.each(["isSwitchedOn", "ownConsent", "theirConsent"] as const)(
    "[DS1] without %s an open connection closes at once",
    (taken) => {
      const side = impolite();
      side.connect();
      side.step({ kind: "send", hash: "aa" });
      expect(kinds(side.step({ ...all, [taken]: false }))).toEqual(["close-peer", "send-signal", "deposit"]);
      expect(isDirectOpen(side.state)).toBe(false);
      expect(side.wait(3_600_000)).toEqual([]);
    },
  );
});

describe("sessions", () => {
  it("[DS2] signals and states of another session are ignored", () => {
    const side = impolite();
    const session = side.connect();
    expect(side.step({ kind: "signal", session: filled(16, 99), signal: answer, isLive: true })).toEqual([]);
    expect(side.step({ kind: "signal", session: filled(16, 99), signal: { kind: "close" }, isLive: true })).toEqual([]);
    expect(side.step({ kind: "peer-state", session: filled(16, 99), state: "closed" })).toEqual([]);
    expect(side.step({ kind: "peer-signal", session: filled(16, 99), signal: answer })).toEqual([]);
    expect(kinds(side.step({ kind: "peer-signal", session, signal: answer }))).toEqual(["send-signal"]);
    expect(isDirectOpen(side.state)).toBe(true);
  });

  it("[DS2] what is read while catching up starts nothing", () => {
    const side = polite();
    side.step(all);
    expect(side.step({ kind: "signal", session: filled(16), signal: offer, isLive: false })).toEqual([]);
  });

  it("[DS3] when both offer, the lesser key answers and the greater one goes on", () => {
    const [a, b] = [impolite(), polite()];
    const [offered] = a.step(all) as [Extract<DirectEffect, { kind: "create-peer" }>];
    b.step(all);
    const [other] = b.wait(POLITE_WAIT) as [Extract<DirectEffect, { kind: "create-peer" }>];
    expect(other).toMatchObject({ kind: "create-peer", role: "offerer" });
    expect(a.step({ kind: "signal", session: other.session, signal: offer, isLive: true })).toEqual([]);
    const effects = b.step({ kind: "signal", session: offered.session, signal: offer, isLive: true });
    expect(effects).toEqual([
      { kind: "close-peer", session: other.session },
      { kind: "create-peer", session: offered.session, role: "answerer" },
      { kind: "accept-signal", session: offered.session, signal: offer },
    ]);
    expect(kinds(a.step({ kind: "signal", session: offered.session, signal: answer, isLive: true }))).toEqual([
      "accept-signal",
    ]);
  });

  it("[DS4] what does not open is closed, and the waits double up to a limit", () => {
    const side = impolite();
    side.step(all);
    const waits: number[] = [];
    for (let i = 0; i < 14; i++) {
      expect(kinds(side.wait(CONNECT_PATIENCE))).toEqual(["close-peer", "send-signal"]);
      const wait = (side.wakeAt as number) - side.now;
      waits.push(wait);
      expect(kinds(side.wait(wait))).toEqual(["create-peer"]);
    }
    expect(waits.slice(0, 3)).toEqual([1_500, 3_000, 6_000]);
    expect(Math.max(...waits)).toBe(LONGEST_WAIT * 0.75);
  });

  it("[DS4] jitter spreads the waits, and a new try begins at the person's wish", () => {
    const waitOf = (random: number): number => {
      const side = impolite();
      side.random = random;
      const session = side.connect();
      side.step({ kind: "peer-state", session, state: "closed" });
      return (side.wakeAt as number) - side.now;
    };
    expect(waitOf(0)).toBeLessThan(waitOf(0.99));
    const side = impolite();
    side.step(all);
    side.wait(CONNECT_PATIENCE);
    expect(kinds(side.step({ kind: "try-now" }))).toEqual(["create-peer"]);
  });

  it("[DS4] silence is asked after, and then counts as the end", () => {
    const side = impolite();
    side.connect();
    expect(side.wait(PING_AFTER)).toMatchObject([{ kind: "send-frame", frame: "ping" }]);
    side.step({ kind: "frame", frame: "pong", number: 1 });
    expect(side.step({ kind: "frame", frame: "ping", number: 9 })).toEqual([
      { kind: "send-frame", frame: "pong", number: 9 },
    ]);
    side.wait(PING_AFTER);
    expect(kinds(side.wait(DEAD_AFTER - PING_AFTER))).toEqual(["close-peer", "send-signal"]);
  });

  it("[DS4] a clock that jumps neither kills an open channel nor waits for ever", () => {
    const side = impolite();
    side.connect();
    expect(side.wait(-86_400_000)).toEqual([]);
    expect(isDirectOpen(side.state)).toBe(true);
    const waiting = impolite();
    waiting.step(all);
    waiting.wait(CONNECT_PATIENCE);
    expect(kinds(waiting.wait(-86_400_000))).toEqual(["create-peer"]);
  });

  it("[DS6] a flood of offers makes at most one session a second", () => {
    const side = polite();
    side.step(all);
    let peers = 0;
    for (let i = 0; i < 1_000; i++) {
      side.now += 10;
      const effects = side.step({
        kind: "signal",
        session: filled(16, i).map((b, k) => (k === 0 ? i >> 8 : b)),
        signal: offer,
        isLive: true,
      });
      peers += effects.filter(({ kind }) => kind === "create-peer").length;
    }
    expect(peers).toBeLessThanOrEqual(10_000 / MIN_OFFER_INTERVAL + 1);
  });
});

describe("envelopes", () => {
  it("[DS5] acknowledged in time: delivered, and never deposited", () => {
    const side = impolite();
    side.connect();
    expect(side.step({ kind: "send", hash: "aa" })).toEqual([{ kind: "send-envelope", hash: "aa" }]);
    expect(side.wakeAt).toBe(NOW + ACK_PATIENCE);
    expect(side.step({ kind: "acknowledged", hash: "aa" })).toEqual([{ kind: "delivered", hash: "aa" }]);
    expect(side.wait(ACK_PATIENCE)).toEqual([]);
    expect(side.step({ kind: "acknowledged", hash: "aa" })).toEqual([]);
  });

  it("[DS5] not acknowledged in time: deposited once, and a late acknowledgement changes nothing", () => {
    const side = impolite();
    side.connect();
    side.step({ kind: "send", hash: "aa" });
    expect(side.wait(ACK_PATIENCE)).toEqual([{ kind: "deposit", hash: "aa" }]);
    expect(side.step({ kind: "acknowledged", hash: "aa" })).toEqual([]);
  });

  it("[DS5] deposited at once when the channel is not open, is full, refuses, or closes", () => {
    const side = impolite();
    expect(side.step({ kind: "send", hash: "aa" })).toEqual([{ kind: "deposit", hash: "aa" }]);
    const session = side.connect();
    for (let i = 0; i < MAX_IN_FLIGHT; i++) side.step({ kind: "send", hash: `${i}` });
    expect(side.step({ kind: "send", hash: "full" })).toEqual([{ kind: "deposit", hash: "full" }]);
    expect(side.step({ kind: "refused", hash: "3" })).toEqual([{ kind: "deposit", hash: "3" }]);
    const effects = side.step({ kind: "peer-state", session, state: "closed" });
    expect(effects.filter(({ kind }) => kind === "deposit")).toHaveLength(MAX_IN_FLIGHT - 1);
  });

  it("[DS5] an acknowledgement of what was never sent delivers nothing", () => {
    const side = impolite();
    side.connect();
    expect(side.step({ kind: "acknowledged", hash: "ff" })).toEqual([]);
  });
});

describe("two devices", () => {
  /** Signals take a while and may be lost; a session opens when offer and answer have both arrived. */
  function meet(seed: number): { readonly sides: readonly [Side, Side]; readonly peers: number } {
    let random = seed;
    const next = (): number => (random = (random * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const sides = [impolite(), polite()] as const;
    const flights: { at: number; to: 0 | 1; session: Uint8Array; signal: Signal }[] = [];
    let peers = 0;
    const perform = (from: 0 | 1, effects: readonly DirectEffect[]): void => {
      const to = from === 0 ? 1 : 0;
      for (const effect of effects) {
        if (effect.kind === "create-peer") {
          peers++;
          if (effect.role === "offerer")
            perform(from, sides[from].step({ kind: "peer-signal", session: effect.session, signal: offer }));
        }
        if (effect.kind === "send-signal" && next() > 0.3) {
          flights.push({ at: sides[from].now + next() * 4_000, to, session: effect.session, signal: effect.signal });
        }
        if (effect.kind !== "accept-signal" || effect.signal.kind !== "description") continue;
        if (effect.signal.type === "offer")
          perform(from, sides[from].step({ kind: "peer-signal", session: effect.session, signal: answer }));
        else
          for (const i of [from, to] as const)
            perform(i, sides[i].step({ kind: "peer-state", session: effect.session, state: "open" }));
      }
    };
    perform(0, sides[0].step(all));
    perform(1, sides[1].step(all));
    for (let t = 0; t < 2_000; t++) {
      for (const i of [0, 1] as const) perform(i, sides[i].wait(250));
      for (const flight of flights.splice(0)) {
        if (flight.at > sides[0].now) flights.push(flight);
        else
          perform(
            flight.to,
            sides[flight.to].step({ kind: "signal", session: flight.session, signal: flight.signal, isLive: true }),
          );
      }
      if (sides.every(({ state }) => isDirectOpen(state))) break;
    }
    return { sides, peers };
  }

  it("[DS3] [DS4] end in one open session, though three signals of ten are lost", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { sides } = meet(seed);
      const sessions = sides.map(({ state }) => ("session" in state.phase ? bytesToHex(state.phase.session) : "none"));
      expect(
        sides.map(({ state }) => state.phase.kind),
        `seed ${seed}`,
      ).toEqual(["open", "open"]);
      expect(sessions[0], `seed ${seed}`).toBe(sessions[1]);
    }
  });
});
