export {
  decodeFrame,
  encodeFrame,
  FRAME_HEADER_LENGTH,
  MAX_FRAME_LENGTH,
  MAX_FRAME_PAYLOAD,
  RESET_REASONS,
  STREAM_KINDS,
  WIRE_SUBPROTOCOL,
  type Frame as WireFrame,
  type FrameFault,
  type ResetReason,
  type StreamKind,
} from "./frame.ts";
export {
  CONNECTION_CREDIT,
  MESSAGE_COST,
  Multiplexer,
  STREAM_CREDIT,
  type MultiplexerEvent,
  type MultiplexerOptions,
  type WireFault,
} from "./multiplexer.ts";
