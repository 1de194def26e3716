import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectOk } from "@xchat/codec";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { decodeFrame, encodeFrame, MAX_FRAME_PAYLOAD, RESET_REASONS, type Frame, type ResetReason } from "./frame.ts";
import { CONNECTION_CREDIT, MESSAGE_COST, Multiplexer, STREAM_CREDIT, type MultiplexerEvent } from "./multiplexer.ts";

const FRAMES: readonly Frame[] = [
  { kind: "open", stream: 1, streamKind: "descriptor", payload: new Uint8Array(0) },
  { kind: "open", stream: 0xffff_ffff, streamKind: "exchange", payload: filled(40) },
  { kind: "open", stream: 3, streamKind: "relay", payload: filled(40) },
  { kind: "data", stream: 7, payload: filled(30) },
  { kind: "end", stream: 7 },
  ...RESET_REASONS.map((reason, i): Frame => ({ kind: "reset", stream: 3, reason, afterSeconds: i * 1_000 })),
  { kind: "credit", stream: 0, bytes: 1 },
  { kind: "credit", stream: 9, bytes: 0xffff_ffff },
  { kind: "ping", token: 0 },
  { kind: "pong", token: 0xffff_ffff },
];
const FIXED = FRAMES.filter(({ kind }) => kind !== "open" && kind !== "data");

describe("frames", () => {
  it.each(FRAMES)("[N4] $kind comes back as it was", (frame) => {
    expect(expectOk(decodeFrame(encodeFrame(frame)), "frame")).toEqual(frame);
  });

  it("[N5] truncated, lengthened, flipped and random frames are refused or read, and never throw", async () => {
    await expectHardened(decodeFrame, FIXED.map(encodeFrame));
    for (const frame of FRAMES) {
      const bytes = encodeFrame(frame);
      for (let length = 0; length < 5; length++) expect(decodeFrame(bytes.slice(0, length)).ok).toBe(false);
    }
  });

  it.each([
    ["a longer frame than allowed", Uint8Array.of(2, 0, 0, 0, 1, ...new Uint8Array(MAX_FRAME_PAYLOAD + 1))],
    ["an unknown type", Uint8Array.of(8, 0, 0, 0, 0)],
    ["data on the connection itself", Uint8Array.of(2, 0, 0, 0, 0, 1)],
    ["a ping on a stream", Uint8Array.of(6, 0, 0, 0, 1, 0, 0, 0, 0)],
    ["a reset for no known reason", Uint8Array.of(4, 0, 0, 0, 1, 200, 0, 0)],
    ["credit of nothing", Uint8Array.of(5, 0, 0, 0, 1, 0, 0, 0, 0)],
    ["an opening without a kind", Uint8Array.of(1, 0, 0, 0, 1)],
  ])("[N5] %s is refused", (_, bytes) => {
    expect(decodeFrame(bytes).ok).toBe(false);
  });

  it("[N6] reasons of a reset have the numbers of the document, and `seconds` two bytes", () => {
    const document = readFileSync(new URL("../../../../spec/node-api.md", import.meta.url), "utf8");
    const rule = document.split("\n").find((line) => line.startsWith("- **N6**")) ?? "";
    const numbered = [...rule.matchAll(/(\d+) ([a-z-]+)/g)];
    expect(numbered.map(([, , word]) => word)).toEqual([...RESET_REASONS]);
    for (const [, number, word] of numbered) {
      const frame: Frame = { kind: "reset", stream: 3, reason: word as ResetReason, afterSeconds: 0x0102 };
      expect([...encodeFrame(frame)]).toEqual([4, 0, 0, 0, 3, Number(number), 1, 2]);
    }
  });

  it("[N14] a stream of an unknown kind is told apart from a malformed one", () => {
    const decoded = expectOk(decodeFrame(Uint8Array.of(1, 0, 0, 0, 1, 99)), "frame");
    expect(decoded).toMatchObject({ kind: "open", streamKind: "unknown" });
  });
});

const client = (maxStreams = 4): Multiplexer => new Multiplexer({ role: "client", maxStreams });
const node = (maxStreams = 4): Multiplexer => new Multiplexer({ role: "node", maxStreams });
const take = (at: Multiplexer, frame: Uint8Array): MultiplexerEvent => expectOk(at.receive(frame), "frame");
const reasonOf = (at: Multiplexer, frame: Uint8Array): string => {
  const received = at.receive(frame);
  return received.ok ? "accepted" : received.error.reason;
};

function openStream(a: Multiplexer, b: Multiplexer): number {
  const opened = a.open("exchange", new Uint8Array(0));
  if (opened === null) throw new Error("no room for a stream");
  expect(take(b, opened.frame).kind).toBe("opened");
  return opened.stream;
}

describe("streams with credit", () => {
  it("[N4] messages go both ways, and an end at both sides forgets the stream", () => {
    const [a, b] = [client(), node()];
    const stream = openStream(a, b);
    expect(take(b, a.send(stream, filled(10)))).toMatchObject({ kind: "message", stream, payload: filled(10) });
    expect(take(a, b.send(stream, filled(11)))).toMatchObject({ kind: "message", payload: filled(11) });
    expect(take(b, a.end(stream) as Uint8Array)).toEqual({ kind: "ended", stream });
    expect(take(a, b.end(stream) as Uint8Array)).toEqual({ kind: "ended", stream });
    expect([a.openStreams, b.openStreams]).toEqual([0, 0]);
  });

  it("[N7] nobody sends beyond the credit of a stream, and credit that comes back lets it go on", () => {
    const [a, b] = [client(), node()];
    const stream = openStream(a, b);
    const message = new Uint8Array(60_000);
    const costs: number[] = [];
    while (a.canSend(stream, message.length)) {
      const event = take(b, a.send(stream, message)) as Extract<MultiplexerEvent, { kind: "message" }>;
      costs.push(event.cost);
    }
    expect(costs.length).toBe(Math.floor((STREAM_CREDIT - MESSAGE_COST) / (message.length + MESSAGE_COST)));
    expect(() => a.send(stream, message)).toThrow("credit");
    const frames = costs.flatMap((cost) => [...b.release(stream, cost)]);
    for (const frame of frames) expect(take(a, frame).kind).toBe("credit");
    expect(a.canSend(stream, message.length)).toBe(true);
  });

  it("[N7] the credit of the connection bounds all streams together", () => {
    const [a, b] = [client(64), node(64)];
    let sent = 0;
    const message = new Uint8Array(65_000);
    for (let i = 0; i < 40; i++) {
      const opened = a.open("exchange", message);
      if (opened === null) break;
      take(b, opened.frame);
      sent += message.length + MESSAGE_COST;
    }
    expect(sent).toBeLessThanOrEqual(CONNECTION_CREDIT);
    expect(sent).toBeGreaterThan(CONNECTION_CREDIT - message.length - MESSAGE_COST);
  });

  it("[N7] a sender that ignores its credit is found out", () => {
    const b = node();
    const open = encodeFrame({ kind: "open", stream: 1, streamKind: "exchange", payload: new Uint8Array(0) });
    expect(take(b, open).kind).toBe("opened");
    const data = encodeFrame({ kind: "data", stream: 1, payload: new Uint8Array(MAX_FRAME_PAYLOAD) });
    for (let i = 0; i < 3; i++) expect(reasonOf(b, data)).toBe("accepted");
    expect(reasonOf(b, data)).toBe("credit-exceeded");
  });

  it("[N8] a wider window is given at once, and taken back by returning less", () => {
    const [a, b] = [client(64), node(64)];
    const message = new Uint8Array(65_000);
    const cost = message.length + MESSAGE_COST;
    const fill = (): number => {
      let sent = 0;
      for (; sent < 40; sent++) {
        const opened = a.open("exchange", message);
        if (opened === null) return sent;
        take(b, opened.frame);
        take(b, a.reset(opened.stream, "cancelled") as Uint8Array);
      }
      return sent;
    };
    const first = fill();
    expect(first).toBe(Math.floor(CONNECTION_CREDIT / cost));
    for (const frame of b.setWindow(2 * CONNECTION_CREDIT)) take(a, frame);
    const second = fill();
    expect(first + second).toBe(Math.floor((2 * CONNECTION_CREDIT) / cost));
    expect(b.setWindow(0)).toEqual([]);
    for (let done = 0; done < first + second; done++) for (const frame of b.release(0, cost)) take(a, frame);
    const third = fill();
    expect(third).toBeLessThanOrEqual(first);
    expect(third).toBeGreaterThanOrEqual(first - 5);
  });

  it("[N5] ids that do not grow, too many streams, data on streams that never were, and opening nodes end it", () => {
    const frame = (stream: number): Uint8Array =>
      encodeFrame({ kind: "open", stream, streamKind: "exchange", payload: new Uint8Array(0) });
    const b = node(2);
    expect(reasonOf(b, frame(5))).toBe("accepted");
    expect(reasonOf(b, frame(5))).toBe("stream-order");
    expect(reasonOf(b, frame(4))).toBe("stream-order");
    expect(reasonOf(b, frame(6))).toBe("accepted");
    expect(reasonOf(b, frame(7))).toBe("too-many-streams");
    expect(reasonOf(b, encodeFrame({ kind: "data", stream: 8, payload: filled(1) }))).toBe("stream-order");
    expect(reasonOf(client(), frame(1))).toBe("not-a-client");
    expect(reasonOf(b, encodeFrame({ kind: "credit", stream: 0, bytes: 0xffff_ffff }))).toBe("credit-overflow");
  });

  it("[N5] what was under way when a stream was reset is let pass, and its credit comes back", () => {
    const [a, b] = [client(), node()];
    const streams = [openStream(a, b), openStream(a, b)];
    const late = streams.flatMap((stream) => [1, 2, 3].map(() => a.send(stream, new Uint8Array(65_000))));
    for (const stream of streams) take(a, b.reset(stream, "exchange-over") as Uint8Array);
    const answers = late.map((frame) => take(b, frame));
    expect(answers.some(({ kind }) => kind === "answer")).toBe(true);
    expect(answers.every(({ kind }) => kind === "answer" || kind === "nothing")).toBe(true);
  });

  it("[N8] whatever is sent and released in whatever order, no credit is lost or made", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(69_000), fc.boolean()), { maxLength: 200 }), (steps) => {
        const [a, b] = [client(), node()];
        const streams = Array.from({ length: 4 }, () => openStream(a, b));
        const held: { stream: number; cost: number }[] = [];
        for (const [which, length, releases] of steps) {
          const stream = streams[which] as number;
          if (a.canSend(stream, length)) {
            const event = take(b, a.send(stream, new Uint8Array(length)));
            if (event.kind === "message") held.push({ stream, cost: event.cost });
          }
          if (!releases) continue;
          const done = held.shift();
          if (done !== undefined) for (const frame of b.release(done.stream, done.cost)) take(a, frame);
        }
        for (const { stream, cost } of held) for (const frame of b.release(stream, cost)) take(a, frame);
        // Less than a quarter may be owed still: it is given back in portions.
        expect(a.canSend(streams[0] as number, (STREAM_CREDIT / 4) * 3 - MESSAGE_COST)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
