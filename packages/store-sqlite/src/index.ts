/** The parts that run anywhere. Openers are at `@xchat/store-sqlite/node`, `/dom` and `/memory`. */
export type { Disk, DiskFile, DiskPlace } from "./disk.ts";
export { DiskError } from "./disk.ts";
export { createOpener, type OpenerInput } from "./opener.ts";
export type { Schedule } from "./store.ts";
export { normaliseText } from "./search-text.ts";
