/** What all connections of a node share. */
import type { CryptoProvider } from "@xchat/crypto";
import type { NodeDayKey, ReplayWindow } from "@xchat/protocol";
import type { SessionDeps } from "./exchange-session.ts";
import type { Relay } from "./relay/relay.ts";

export interface NodeContext extends SessionDeps {
  readonly provider: CryptoProvider;
  readonly dayKeyById: (id: Uint8Array) => NodeDayKey | null;
  readonly replays: ReplayWindow;
  /** Signed, as it is now. */
  readonly descriptor: () => Uint8Array;
  readonly isOverloaded: () => boolean;
  /** `null` where the node is none. */
  readonly relay: Relay | null;
  readonly counts: NodeCounts;
}

/** For limits and for `/healthz`; counts only. */
export interface NodeCounts {
  connections: number;
  exchanges: number;
  /** Streams that go on at other nodes. */
  relayed: number;
  openings: number;
  refusedOpenings: number;
  faults: number;
}
