export { CHUNK_CLASSES, decodeChunk, encodeChunk, MAX_CHUNK_CONTENT, type Chunk } from "./chunk.ts";
export { openClientExchange, type ClientExchange, type ClientExchangeInput } from "./client.ts";
export {
  acceptExchange,
  type AcceptedExchange,
  type NodeDayKey,
  type NodeExchange,
  type NodeExchangeInput,
  type OpeningRefusal,
} from "./node.ts";
export { EXCHANGE_SUITE } from "./opening.ts";
export { REPLAY_WINDOW_MINUTES, ReplayWindow } from "./replay.ts";
