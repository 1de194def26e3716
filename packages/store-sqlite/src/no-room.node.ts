/** What the system reports where there is no room for what is to be written. */
const NO_ROOM: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

export const isNoRoom = (error: unknown): boolean =>
  error instanceof Error && "code" in error && NO_ROOM.has(error.code);
