/** What everything that concerns the person shares, with company or without: ports, who they are, and their nodes. */
import type { CryptoProvider } from "@xchat/crypto";
import type { ChainPin } from "@xchat/protocol";
import type { Background } from "./base/background.ts";
import type { Lane } from "./base/lane.ts";
import type { Profile } from "./base/profile.ts";
import type { Topics } from "./base/topics.ts";
import type { NodePool } from "./delivery/nodes.ts";
import type { Clock, ContactRecord, Store } from "./ports.ts";

export interface AccountCore {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly store: Store;
  readonly topics: Topics;
  readonly pool: NodePool;
  readonly contacts: Map<string, ContactRecord>;
  /** By account: what a backup has brought back of contacts whose chain has not been seen since (DV20). */
  readonly pins: Map<string, ChainPin>;
  /** Steps that concern the person as a whole, not one chat. */
  readonly lane: Lane;
  readonly background: Background;
  profile(): Profile;
  isClosed(): boolean;
}
