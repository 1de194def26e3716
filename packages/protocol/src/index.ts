export type * from "./group/port.ts";
