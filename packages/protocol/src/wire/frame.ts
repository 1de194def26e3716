/**
 * Frames between a client and a node (spec/node-api.md, section 2): one binary WebSocket message is one frame.
 *
 * N4 A frame is type (1 byte) ‖ stream (4, big-endian) ‖ payload; a stream carries whole messages, one to a frame.
 *    Clients open streams, with ids that only grow, from 1; stream 0 is the connection itself.
 * N5 A frame that no rule allows ends the connection.
 */
import { err, ok, type Result } from "@xchat/codec";

/** Offered and chosen as the WebSocket's subprotocol: another version has another name. */
export const WIRE_SUBPROTOCOL = "xchat.1";
export const FRAME_HEADER_LENGTH = 5;
/** Holds the opening of an exchange with a chunk of the largest class. */
export const MAX_FRAME_PAYLOAD = 69_632;
export const MAX_FRAME_LENGTH = FRAME_HEADER_LENGTH + MAX_FRAME_PAYLOAD;

/** What a stream is for. The order is the number on the wire, from 1. */
export const STREAM_KINDS = ["descriptor", "exchange", "relay"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** Why a stream ends before its time. The order is the number on the wire. */
export const RESET_REASONS = [
  "cancelled",
  "try-later",
  "unknown-kind",
  "malformed",
  "unknown-key",
  "replayed",
  "clock-wrong",
  "exchange-over",
  "stopping",
  "not-relayed",
  "target-down",
] as const;
export type ResetReason = (typeof RESET_REASONS)[number];

export type Frame =
  | {
      readonly kind: "open";
      readonly stream: number;
      readonly streamKind: StreamKind | "unknown";
      readonly payload: Uint8Array;
    }
  | { readonly kind: "data"; readonly stream: number; readonly payload: Uint8Array }
  | { readonly kind: "end"; readonly stream: number }
  | { readonly kind: "reset"; readonly stream: number; readonly reason: ResetReason; readonly afterSeconds: number }
  | { readonly kind: "credit"; readonly stream: number; readonly bytes: number }
  | { readonly kind: "ping"; readonly token: number }
  | { readonly kind: "pong"; readonly token: number };

const TYPE = { open: 1, data: 2, end: 3, reset: 4, credit: 5, ping: 6, pong: 7 } as const;

export type FrameFault = { readonly reason: "frame-length" | "frame-type" | "frame-stream" | "frame-field" };
const fault = (reason: FrameFault["reason"]): Result<Frame, FrameFault> => err({ reason });

export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_LENGTH + payloadLength(frame));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, TYPE[frame.kind]);
  view.setUint32(1, "stream" in frame ? frame.stream : 0);
  switch (frame.kind) {
    case "open":
      view.setUint8(5, 1 + STREAM_KINDS.indexOf(frame.streamKind as StreamKind));
      bytes.set(frame.payload, 6);
      break;
    case "data":
      bytes.set(frame.payload, 5);
      break;
    case "reset":
      view.setUint8(5, RESET_REASONS.indexOf(frame.reason));
      view.setUint16(6, Math.min(frame.afterSeconds, 0xffff));
      break;
    case "credit":
      view.setUint32(5, frame.bytes);
      break;
    case "ping":
    case "pong":
      view.setUint32(5, frame.token);
      break;
  }
  return bytes;
}

/** The payload of "open" and "data" aliases the input. */
export function decodeFrame(bytes: Uint8Array): Result<Frame, FrameFault> {
  if (bytes.length < FRAME_HEADER_LENGTH || bytes.length > MAX_FRAME_LENGTH) return fault("frame-length");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stream = view.getUint32(1);
  const type = view.getUint8(0);
  if (type >= TYPE.open && type <= TYPE.reset ? stream === 0 : type > TYPE.credit && stream !== 0) {
    return fault("frame-stream");
  }
  const rest = bytes.length - FRAME_HEADER_LENGTH;
  switch (type) {
    case TYPE.open:
      if (rest < 1) return fault("frame-length");
      return ok({
        kind: "open",
        stream,
        streamKind: STREAM_KINDS[view.getUint8(5) - 1] ?? "unknown",
        payload: bytes.subarray(6),
      });
    case TYPE.data:
      return ok({ kind: "data", stream, payload: bytes.subarray(5) });
    case TYPE.end:
      return rest === 0 ? ok({ kind: "end", stream }) : fault("frame-length");
    case TYPE.reset: {
      if (rest !== 3) return fault("frame-length");
      const reason = RESET_REASONS[view.getUint8(5)];
      return reason === undefined
        ? fault("frame-field")
        : ok({ kind: "reset", stream, reason, afterSeconds: view.getUint16(6) });
    }
    case TYPE.credit: {
      if (rest !== 4) return fault("frame-length");
      const granted = view.getUint32(5);
      return granted === 0 ? fault("frame-field") : ok({ kind: "credit", stream, bytes: granted });
    }
    case TYPE.ping:
    case TYPE.pong:
      if (rest !== 4) return fault("frame-length");
      return ok({ kind: type === TYPE.ping ? "ping" : "pong", token: view.getUint32(5) });
    default:
      return fault("frame-type");
  }
}

function payloadLength(frame: Frame): number {
  switch (frame.kind) {
    case "open":
      return 1 + frame.payload.length;
    case "data":
      return frame.payload.length;
    case "end":
      return 0;
    case "reset":
      return 3;
    default:
      return 4;
  }
}
