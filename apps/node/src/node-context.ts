/** What all connections of a node share. */
import type { CryptoProvider } from "@xchat/crypto";
import type { NodeDayKey, ReplayWindow } from "@xchat/protocol";
import type { SessionDeps } from "./exchange-session.ts";

export interface NodeContext extends SessionDeps {
  readonly provider: CryptoProvider;
  readonly dayKeyById: (id: Uint8Array) => NodeDayKey | null;
  readonly replays: ReplayWindow;
  /** Signed, as it is now. */
  readonly descriptor: () => Uint8Array;
  readonly isOverloaded: () => boolean;
  readonly counts: NodeCounts;
}

/** For limits and for `/healthz`; counts only. */
export interface NodeCounts {
  connections: number;
  exchanges: number;
  openings: number;
  refusedOpenings: number;
  faults: number;
}
