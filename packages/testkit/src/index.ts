export { systemClock } from "./clock.node.ts";
export { allMessages, meet, person, untilTexts, type Person, type PersonInput } from "./person.ts";
export { TestDevice, type DeviceInput } from "./device.ts";
export { passUntil, present, VirtualClock } from "./virtual-clock.ts";
export { until } from "./until.ts";
export { changedConnector, memoryConnector, MemoryNode, memoryNodes, type Lifeline } from "./memory-nodes.ts";
export { SealedKeys } from "./sealed-keys.ts";
export { freePort, startNodeProcess, type NodeProcess, type NodeProcessOptions } from "./node-process.ts";
