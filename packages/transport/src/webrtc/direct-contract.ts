/**
 * What every adapter of `DirectTransport` keeps, tried on a real pair of connections. Sides may live in other processes,
 * so that `send` may answer later.
 */
import { describe, expect, it } from "vitest";
import type { DirectSignal } from "@xchat/client/ports";
import { MAX_MESSAGE, writeDescription } from "./session-description.ts";
import { MAX_CANDIDATES } from "./signals.ts";

export interface TestPeer {
  acceptSignal(signal: DirectSignal): void;
  send(message: Uint8Array): boolean | Promise<boolean>;
  close(): void;
}

export interface TestInput {
  readonly stunAddresses: readonly string[];
  readonly role: "offerer" | "answerer";
  readonly onSignal: (signal: DirectSignal) => void;
  readonly onState: (state: "connecting" | "open" | "closed") => void;
  readonly onMessage: (message: Uint8Array) => void;
}

export interface TestTransport {
  createPeer(input: TestInput): TestPeer;
}

/** One end with a record of all that it told. */
interface End {
  readonly peer: TestPeer;
  readonly signals: DirectSignal[];
  readonly states: string[];
  readonly messages: Uint8Array[];
  /** Resolves as soon as the record satisfies the condition. */
  until(condition: (end: End) => boolean): Promise<void>;
}

function makeEnd(transport: TestTransport, role: "offerer" | "answerer", forward: (signal: DirectSignal) => void): End {
  const waiting = new Set<() => void>();
  const record = { signals: [] as DirectSignal[], states: [] as string[], messages: [] as Uint8Array[] };
  const wake = (): void => {
    for (const check of waiting) check();
  };
  const peer = transport.createPeer({
    stunAddresses: [],
    role,
    onSignal: (signal) => {
      record.signals.push(signal);
      forward(signal);
      wake();
    },
    onState: (state) => {
      record.states.push(state);
      wake();
    },
    onMessage: (message) => {
      record.messages.push(message);
      wake();
    },
  });
  const end: End = {
    ...record,
    peer,
    until: (condition) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!condition(end)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
  return end;
}

function connect(left: TestTransport, right: TestTransport): { offerer: End; answerer: End } {
  let [toOfferer, toAnswerer]: DirectSignal[][] = [[], []];
  // JSON is the least that any carrier of signals keeps.
  const copy = (signal: DirectSignal): DirectSignal => JSON.parse(JSON.stringify(signal)) as DirectSignal;
  const ends: { offerer?: End; answerer?: End } = {};
  const forward = (to: "offerer" | "answerer", queue: DirectSignal[]) => (signal: DirectSignal) => {
    const end = ends[to];
    if (end === undefined) queue.push(copy(signal));
    else end.peer.acceptSignal(copy(signal));
  };
  ends.offerer = makeEnd(left, "offerer", forward("answerer", (toAnswerer ??= [])));
  ends.answerer = makeEnd(right, "answerer", forward("offerer", (toOfferer ??= [])));
  for (const signal of toAnswerer) ends.answerer.peer.acceptSignal(signal);
  for (const signal of toOfferer) ends.offerer.peer.acceptSignal(signal);
  return ends as { offerer: End; answerer: End };
}

async function connectOpen(left: TestTransport, right: TestTransport): Promise<{ offerer: End; answerer: End }> {
  const ends = connect(left, right);
  const isOver = (end: End): boolean => end.states.includes("open") || end.states.includes("closed");
  await Promise.all([ends.offerer.until(isOver), ends.answerer.until(isOver)]);
  expect([ends.offerer.states, ends.answerer.states]).toEqual([
    ["connecting", "open"],
    ["connecting", "open"],
  ]);
  return ends;
}

const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255);

const FINGERPRINT = Array.from({ length: 32 }, () => "AA").join(":");
const validOffer = writeDescription({
  type: "offer",
  iceUser: "abcd",
  icePassword: "0123456789abcdefABCDEF",
  fingerprint: FINGERPRINT,
  setup: "actpass",
});
const candidate = { kind: "candidate", candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", mid: "0" } as const;
const BAD_SIGNALS: Readonly<Record<string, readonly unknown[]>> = {
  "media beside the channel": [
    { kind: "description", type: "offer", sdp: `${validOffer}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n` },
  ],
  "an oversized description": [{ kind: "description", type: "offer", sdp: validOffer + "a=x\r\n".repeat(2000) }],
  "a second description": [
    { kind: "description", type: "offer", sdp: validOffer },
    { kind: "description", type: "offer", sdp: validOffer },
  ],
  "an answer to nothing": [{ kind: "description", type: "answer", sdp: validOffer }],
  "a candidate outside": [{ ...candidate, candidate: "candidate:1 1 udp 1 example.org 9 typ host" }],
  "too many candidates": Array.from({ length: MAX_CANDIDATES + 1 }, () => candidate),
  "another kind": [{ kind: "renegotiate" }],
  "fields of other types": [{ kind: "description", type: 1, sdp: null }],
};

export function directContract(
  name: string,
  make: () => { readonly left: TestTransport; readonly right: TestTransport },
): void {
  describe(`direct transport: ${name}`, () => {
    it("opens once on both sides, and tells nothing twice", async () => {
      const { offerer, answerer } = await connectOpen(make().left, make().right);
      offerer.peer.close();
      await Promise.all([offerer, answerer].map((end) => end.until(({ states }) => states.includes("closed"))));
      expect(offerer.states).toEqual(["connecting", "open", "closed"]);
      expect(answerer.states).toEqual(["connecting", "open", "closed"]);
      expect(await offerer.peer.send(new Uint8Array(1))).toBe(false);
      expect(await answerer.peer.send(new Uint8Array(1))).toBe(false);
    });

    it("sends whole messages in order, up to the limit", async () => {
      const { offerer, answerer } = await connectOpen(make().left, make().right);
      const sizes = [1, 1000, 8192, 65_535, 65_536, MAX_MESSAGE - 1, MAX_MESSAGE, 2];
      for (const [from, to] of [
        [offerer, answerer],
        [answerer, offerer],
      ] as const) {
        for (const [i, size] of sizes.entries()) expect(await from.peer.send(pattern(size, i))).toBe(true);
        expect(await from.peer.send(new Uint8Array(MAX_MESSAGE + 1))).toBe(false);
        await to.until(({ messages }) => messages.length === sizes.length);
        expect(to.messages.map((message) => message.length)).toEqual(sizes);
        for (const [i, message] of to.messages.entries()) {
          expect(Buffer.compare(message, pattern(message.length, i))).toBe(0);
        }
      }
      offerer.peer.close();
      answerer.peer.close();
    });

    it("[DS8] tells nobody of an empty message", async () => {
      const { offerer, answerer } = await connectOpen(make().left, make().right);
      for (const [from, to] of [
        [offerer, answerer],
        [answerer, offerer],
      ] as const) {
        for (const length of [0, 0, 3]) expect(await from.peer.send(new Uint8Array(length))).toBe(true);
        await to.until(({ messages }) => messages.length > 0);
        expect(to.messages.map((message) => message.length)).toEqual([3]);
        expect(to.states).toEqual(["connecting", "open"]);
      }
      offerer.peer.close();
      answerer.peer.close();
    });

    it("leaves the bytes of a message with the caller", async () => {
      const { offerer, answerer } = await connectOpen(make().left, make().right);
      const message = pattern(5000, 3);
      expect(await offerer.peer.send(message)).toBe(true);
      message.fill(0);
      await answerer.until(({ messages }) => messages.length === 1);
      expect(Buffer.compare(answerer.messages[0] as Uint8Array, pattern(5000, 3))).toBe(0);
      offerer.peer.close();
      answerer.peer.close();
    });

    it("says no when the buffer is full, and loses nothing that it took", async () => {
      const { offerer, answerer } = await connectOpen(make().left, make().right);
      let taken = 0;
      let refused = 0;
      for (let i = 0; i < 60; i++) {
        if (await offerer.peer.send(pattern(MAX_MESSAGE, taken))) taken++;
        else refused++;
      }
      await answerer.until(({ messages }) => messages.length === taken);
      expect(taken + refused).toBe(60);
      for (const [i, message] of answerer.messages.entries()) expect(message[0]).toBe(i & 255);
      offerer.peer.close();
      answerer.peer.close();
    });

    it("tells only canonical signals: data, no related addresses, within the limits", async () => {
      const { offerer, answerer } = await connectOpen(make().left, make().right);
      for (const { signals } of [offerer, answerer]) {
        expect(signals.length).toBeLessThanOrEqual(1 + MAX_CANDIDATES);
        expect(signals.map(({ kind }) => kind).indexOf("description")).toBe(0);
        for (const signal of signals) {
          const text = signal.kind === "description" ? signal.sdp : signal.candidate;
          expect(text).not.toMatch(/m=audio|m=video|raddr (?!0\.0\.0\.0|::)|network-id|generation|tcptype|o=rtc/u);
          if (signal.kind === "description") expect(text.match(/^m=/gmu)).toHaveLength(1);
        }
      }
      offerer.peer.close();
      answerer.peer.close();
    });

    it("an offer alone tells no address", async () => {
      const timeline: string[] = [];
      const offerer = makeEnd(make().left, "offerer", (signal) => {
        timeline.push(`offerer's ${signal.kind}`);
        answerer.peer.acceptSignal(signal);
      });
      const answerer = makeEnd(make().right, "answerer", (signal) => {
        timeline.push(`answerer's ${signal.kind}`);
        offerer.peer.acceptSignal(signal);
      });
      await offerer.until(({ states }) => states.includes("open"));
      expect(timeline.slice(0, 2)).toEqual(["offerer's description", "answerer's description"]);
      offerer.peer.close();
      answerer.peer.close();
    });

    it("a side that waits tells nothing before an offer comes", async () => {
      const end = makeEnd(make().left, "answerer", () => {});
      end.peer.acceptSignal(candidate);
      await end.until(({ states }) => states.includes("connecting"));
      end.peer.close();
      await end.until(({ states }) => states.includes("closed"));
      expect(end.signals).toEqual([]);
    });

    it.each(Object.entries(BAD_SIGNALS))("closes at %s, and throws nothing", async (_, signals) => {
      const end = makeEnd(make().left, "answerer", () => {});
      for (const signal of signals) end.peer.acceptSignal(signal as DirectSignal);
      await end.until(({ states }) => states.includes("closed"));
      expect(end.states.filter((state) => state === "closed")).toHaveLength(1);
      end.peer.acceptSignal(candidate);
    });

    it("drops a STUN address of a bad form instead of throwing", async () => {
      const states: string[] = [];
      let seeClosed = (): void => {};
      const closed = new Promise<void>((resolve) => (seeClosed = resolve));
      const peer = make().left.createPeer({
        stunAddresses: ["", "http://x", "turn:a:1", "stun:", "stun:a b:1", `stun:${"a".repeat(300)}:1`],
        role: "answerer",
        onSignal: () => {},
        onState: (state) => {
          states.push(state);
          if (state === "closed") seeClosed();
        },
        onMessage: () => {},
      });
      peer.close();
      await closed;
      expect(states.at(-1)).toBe("closed");
    });
  });
}
