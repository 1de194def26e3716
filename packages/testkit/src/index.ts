export { systemClock } from "./clock.node.ts";
export { allMessages, meet, person, untilTexts, type Person, type PersonInput } from "./person.ts";
export { until } from "./until.ts";
export { memoryConnector, MemoryNode, memoryNodes } from "./memory-nodes.ts";
