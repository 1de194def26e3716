export { systemClock } from "./clock.node.ts";
export { allMessages, meet, person, untilTexts, type Person, type PersonInput } from "./person.ts";
export { until } from "./until.ts";
export { memoryConnector, MemoryNode, memoryNodes, type Lifeline } from "./memory-nodes.ts";
export { SealedKeys } from "./sealed-keys.ts";
export { freePort, startNodeProcess, type NodeProcess, type NodeProcessOptions } from "./node-process.ts";
