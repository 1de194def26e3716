/** Everything that the client needs from outside, as narrow interfaces. Adapters implement them. */
export type { Clock, Timer } from "./ports/clock.ts";
export type * from "./ports/node-access.ts";
export type * from "./ports/direct.ts";
export * from "./ports/store.ts";
export * from "./ports/records.ts";
