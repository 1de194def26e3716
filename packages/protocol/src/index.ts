export type * from "./group/port.ts";
export { isNodeAddress, MAX_NODE_ADDRESS_BYTES, MAX_NODE_HINTS, nodeHintCodec, type NodeHint } from "./node-hint.ts";
