/**
 * What the process that owns a profile and the commands say to each other besides the client's interface. These two
 * messages stay as they are in every version, so that an old process can be told to make room for a new one.
 */
export interface Hello {
  readonly kind: "hello";
  /** Grows with each change of the client's interface that an older side would not understand. */
  readonly protocol: number;
  readonly pid: number;
}

export const PROTOCOL = 1;
export const STOP = { kind: "stop" } as const;

export function readHello(message: unknown): Hello | null {
  const { kind, protocol, pid } = fieldsOf(message);
  if (kind !== "hello" || !Number.isSafeInteger(protocol) || !Number.isSafeInteger(pid)) return null;
  return { kind, protocol: protocol as number, pid: pid as number };
}

export const isStop = (message: unknown): boolean => fieldsOf(message)["kind"] === STOP.kind;

const fieldsOf = (message: unknown): Readonly<Record<string, unknown>> =>
  typeof message === "object" && message !== null ? (message as Record<string, unknown>) : {};
