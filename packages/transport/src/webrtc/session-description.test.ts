import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_CANDIDATE, readCandidate, writeCandidate } from "./candidate.ts";
import { MAX_DESCRIPTION, readDescription, writeDescription } from "./session-description.ts";
import { MAX_CANDIDATES, SignalOrder } from "./signals.ts";

const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i + 160).toString(16).toUpperCase()).join(":");
const offer = {
  type: "offer",
  iceUser: "abcd",
  icePassword: "0123456789abcdefABCDEF",
  fingerprint: FINGERPRINT,
  setup: "actpass",
} as const;
const sdp = writeDescription(offer);
const HOST = "candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host";

/** What Chromium writes for a data channel, shortened to its kinds of lines. */
const CHROMIUM = [
  "v=0",
  "o=- 3485763498576 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "a=extmap-allow-mixed",
  "a=msid-semantic: WMS",
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  "c=IN IP4 0.0.0.0",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789abcdefABCDEF",
  "a=ice-options:trickle",
  `a=fingerprint:sha-256 ${FINGERPRINT}`,
  "a=setup:actpass",
  "a=mid:0",
  "a=sctp-port:5000",
  "a=max-message-size:262144",
  "",
].join("\r\n");

describe("session description", () => {
  it("reads what libraries write, and writes it in the one form", () => {
    expect(readDescription("offer", CHROMIUM)).toEqual({ ok: true, value: offer });
    expect(readDescription("offer", sdp)).toEqual({ ok: true, value: offer });
    const answer = { ...offer, type: "answer", setup: "active" } as const;
    expect(readDescription("answer", writeDescription(answer))).toEqual({ ok: true, value: answer });
  });

  it("carries nothing of the sender but keys", () => {
    const read = readDescription("offer", `${CHROMIUM}a=x-secret:1\r\na=candidate:1 1 udp 1 10.0.0.7 9 typ host\r\n`);
    expect(read.ok && writeDescription(read.value)).toBe(sdp);
  });

  it.each([
    ["audio beside the channel", `${sdp}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\n`],
    [
      "video instead",
      sdp.replace("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=video 9 UDP/TLS/RTP/SAVPF 96"),
    ],
    ["a second channel section", `${sdp}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n`],
    ["TCP", sdp.replace("UDP/DTLS/SCTP", "TCP/DTLS/SCTP")],
    ["nothing", ""],
  ])("[D1] refuses %s", (_, text) => {
    expect(readDescription("offer", text)).toEqual({ ok: false, error: { reason: "not-data-only" } });
  });

  it.each([
    ["SHA-1", sdp.replace("sha-256", "sha-1")],
    ["a short digest", sdp.replace(`:${FINGERPRINT.slice(-2)}`, "")],
    ["no fingerprint", sdp.replace(/a=fingerprint.*\r\n/u, "")],
    ["two", sdp.replace("a=setup", `a=fingerprint:sha-256 ${FINGERPRINT}\r\na=setup`)],
  ])("[D2] refuses %s", (_, text) => {
    expect(readDescription("offer", text)).toEqual({ ok: false, error: { reason: "fingerprint-unsupported" } });
  });

  it("[D3] refuses one character too many", () => {
    const padded = `${sdp}a=${"x".repeat(MAX_DESCRIPTION - sdp.length - 2)}`;
    expect(readDescription("offer", padded).ok).toBe(true);
    expect(readDescription("offer", `${padded}x`)).toEqual({ ok: false, error: { reason: "description-too-long" } });
  });

  it.each([
    ["a wrong role in DTLS", sdp.replace("actpass", "holdconn")],
    ["a short password", sdp.replace("0123456789abcdefABCDEF", "short")],
    ["strange characters", sdp.replace("abcd", "ab cd")],
    ["a missing user", sdp.replace(/a=ice-ufrag.*\r\n/u, "")],
  ])("refuses %s", (_, text) => {
    expect(readDescription("offer", text)).toEqual({ ok: false, error: { reason: "description-malformed" } });
  });

  it("never throws, and what it takes it can write and read again", () => {
    const mutated = fc
      .tuple(fc.nat(sdp.length), fc.nat(4), fc.string({ unit: "binary", maxLength: 5 }))
      .map(([at, cut, put]) => sdp.slice(0, at) + put + sdp.slice(at + cut));
    fc.assert(
      fc.property(
        fc.oneof(mutated, fc.string({ unit: "binary" })),
        fc.constantFrom("offer" as const, "answer" as const),
        (text, type) => {
          const read = readDescription(type, text);
          if (read.ok) expect(readDescription(type, writeDescription(read.value))).toEqual(read);
        },
      ),
    );
  });
});

describe("candidate", () => {
  it("reads what libraries write", () => {
    const value = { foundation: "1", priority: 2113937151, address: "192.0.2.7", port: 50000, type: "host" };
    expect(readCandidate(HOST)).toEqual({ ok: true, value });
    expect(
      readCandidate(`a=${HOST.replace("udp", "UDP")} generation 0 ufrag abcd network-id 1 network-cost 10`),
    ).toEqual({ ok: true, value });
    expect(readCandidate("")).toEqual({ ok: true, value: null });
  });

  it("[K3] tells neither related address nor kind of network", () => {
    const line =
      "candidate:2 1 udp 1677729535 198.51.100.9 40000 typ srflx raddr 192.168.1.7 rport 40001 generation 0 network-id 1";
    const read = readCandidate(line);
    expect(read.ok && read.value !== null && writeCandidate(read.value)).toBe(
      "candidate:2 1 udp 1677729535 198.51.100.9 40000 typ srflx raddr 0.0.0.0 rport 9",
    );
  });

  it.each([HOST.replace("udp", "tcp"), HOST.replace("1 1 udp", "1 2 udp"), HOST.replace("host", "prflx")])(
    "[K1] refuses %s",
    (line) => {
      expect(readCandidate(line)).toEqual({ ok: false, error: { reason: "candidate-unsupported" } });
    },
  );

  it.each([
    "192.0.2.7",
    "10.1.2.3",
    "127.0.0.1",
    "fd00::2",
    "2001:db8::1",
    "1:2:3:4:5:6:7:8",
    "::1",
    "6f1d3c5e-0b1a-4c57-9c0f-0a1b2c3d4e5f.local",
  ])("[K2] takes %s", (address) => {
    expect(readCandidate(HOST.replace("192.0.2.7", address))).toMatchObject({ ok: true, value: { address } });
  });

  it.each([
    "example.org",
    "localhost",
    "x.local",
    "6f1d3c5e-0b1a-4c57-9c0f-0a1b2c3d4e5f.local.example",
    "0.0.0.0",
    "224.0.0.251",
    "255.255.255.255",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.",
    "1.2.3.04",
    "ff02::fb",
    "::",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:102:304",
    "1::2::3",
    "1:2:3",
    ":::",
    "12345::",
  ])("[K2] refuses %s", (address) => {
    expect(readCandidate(HOST.replace("192.0.2.7", address))).toEqual({
      ok: false,
      error: { reason: "candidate-address-refused" },
    });
  });

  it.each([
    HOST.replace("50000", "0"),
    HOST.replace("50000", "70000"),
    HOST.replace("2113937151", "4294967296"),
    HOST.slice(5),
    `${HOST}\r\na=x`,
    `${HOST} ${"x".repeat(MAX_CANDIDATE)}`,
  ])("refuses %s", (line) => {
    expect(readCandidate(line)).toEqual({ ok: false, error: { reason: "candidate-malformed" } });
  });

  it("never throws, and what it takes it can write and read again", () => {
    const mutated = fc
      .tuple(fc.nat(HOST.length), fc.nat(4), fc.string({ maxLength: 5 }))
      .map(([at, cut, put]) => HOST.slice(0, at) + put + HOST.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({ unit: "binary" })), (line) => {
        const read = readCandidate(line);
        if (read.ok && read.value !== null) expect(readCandidate(writeCandidate(read.value))).toEqual(read);
      }),
    );
  });
});

describe("order of signals", () => {
  const description = { kind: "description", type: "offer", sdp } as const;
  const candidate = { kind: "candidate", candidate: HOST, mid: "0" } as const;

  it("[G3] candidates wait for the description", () => {
    const order = new SignalOrder("answerer");
    expect(order.accept(candidate)).toEqual({ ok: true, value: [] });
    expect(order.accept(description)).toEqual({
      ok: true,
      value: [
        { kind: "describe", type: "offer", sdp },
        { kind: "candidate", candidate: HOST },
      ],
    });
    expect(order.accept(candidate)).toEqual({ ok: true, value: [{ kind: "candidate", candidate: HOST }] });
  });

  it("[G1] one description, of the other side's kind", () => {
    expect(new SignalOrder("offerer").accept(description)).toEqual({
      ok: false,
      error: { reason: "signal-out-of-order" },
    });
    const order = new SignalOrder("answerer");
    expect(order.accept(description).ok).toBe(true);
    expect(order.accept(description)).toEqual({ ok: false, error: { reason: "signal-out-of-order" } });
  });

  it("[G2] bounds candidates both ways", () => {
    const order = new SignalOrder("answerer");
    order.release();
    for (let i = 0; i < MAX_CANDIDATES; i++) {
      expect(order.accept(candidate).ok).toBe(true);
      expect(order.tell(HOST)).toEqual([candidate]);
    }
    expect(order.accept(candidate)).toEqual({ ok: false, error: { reason: "too-many-candidates" } });
    expect(order.tell(HOST)).toEqual([]);
  });

  it("[G4] holds own candidates back until they are released", () => {
    const order = new SignalOrder("offerer");
    expect(order.tell(HOST)).toEqual([]);
    expect(order.tell(HOST)).toEqual([]);
    expect(order.release()).toEqual([candidate, candidate]);
    expect(order.release()).toEqual([]);
    expect(order.tell(HOST)).toEqual([candidate]);
  });

  it("never throws on anything", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.jsonValue(),
            fc.record({
              kind: fc.constantFrom("description", "candidate"),
              type: fc.jsonValue(),
              sdp: fc.jsonValue(),
              candidate: fc.jsonValue(),
            }),
          ),
        ),
        (signals) => {
          const order = new SignalOrder("answerer");
          for (const signal of signals) if (signal !== null) order.accept(signal as never);
        },
      ),
    );
  });
});
