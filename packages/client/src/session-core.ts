/** What the parts of an open session share: ports, the person, and the few registers that several of them use. */
import type { CryptoProvider } from "@xchat/crypto";
import type { GroupCipher } from "@xchat/protocol";
import type { Background } from "./base/background.ts";
import type { MessageFeed } from "./base/feed.ts";
import type { Lane } from "./base/lane.ts";
import type { Profile } from "./base/profile.ts";
import type { Topics } from "./base/topics.ts";
import type { NodePool } from "./delivery/nodes.ts";
import type { Outbox } from "./delivery/outbox.ts";
import type { Readers } from "./delivery/readers.ts";
import type { Clock, ContactRecord, DirectTransport, Store } from "./ports.ts";

export interface SessionCore {
  readonly provider: CryptoProvider;
  readonly cipher: GroupCipher;
  readonly clock: Clock;
  readonly store: Store;
  readonly direct: DirectTransport | null;
  readonly linkBase: string | null;
  readonly topics: Topics;
  readonly feed: MessageFeed;
  readonly pool: NodePool;
  readonly readers: Readers;
  readonly outbox: Outbox;
  /** Last saved cursor by `cursorId`. */
  readonly cursors: Map<string, number>;
  readonly contacts: Map<string, ContactRecord>;
  /** Steps that concern the person as a whole, not one chat. */
  readonly lane: Lane;
  readonly background: Background;
  /** SHA-256 of the own account id. */
  readonly ownIdHash: Uint8Array;
  profile(): Profile;
  isClosed(): boolean;
  /** Ascending, for the order of the outbox. */
  nextSequence(): number;
}
