/** What the parts of an open session share: the account, and the few registers that several of them use. */
import type { AccountId, GroupCipher, JoinLink, NodeHint } from "@xchat/protocol";
import type { AccountCore } from "./account-core.ts";
import type { MessageFeed } from "./base/feed.ts";
import type { Introductions } from "./group/introductions.ts";
import type { Stock } from "./group/stock.ts";
import type { JoinRequest } from "./group-link/join-requests.ts";
import type { Outbox } from "./delivery/outbox.ts";
import type { Readers } from "./delivery/readers.ts";
import type { Step } from "./chat/step.ts";
import type { DirectTransport, EventRecord } from "./ports.ts";

/** What the devices of the person hear of conversations, in the steps in which it happens (`devices/`). */
export interface SiblingHooks {
  /** An event of a sibling in the conversation of the own devices. */
  heard(step: Step, record: EventRecord): void;
  /** A conversation has another epoch, or begins. After it was saved. */
  groupChanged(conversation: string): void;
  /** Of a transfer of history, from the device with this leaf. */
  historyCame(leafKey: string, content: Uint8Array): void;
  /** Somebody under this account has shown this chain. After it was saved. */
  chainShown(chain: Uint8Array): void;
}

/** What chats ask and tell of links to groups (`group-link/`). */
export interface LinkHooks {
  /** The group has another epoch, or begins, or ends. After it was saved. */
  changed(chat: string): void;
  /** Who asks to come in. */
  requests(chat: string): readonly JoinRequest[];
  /** The request that is answered with the addition of this account. */
  answering(chat: string, account: AccountId): JoinRequest | null;
  /** Its answer is in the outbox. */
  answered(request: JoinRequest): void;
  /** Whether its card is at a node, as far as this device knows. */
  isUp(chat: string, link: JoinLink): boolean;
  codeOf(link: JoinLink, nodes: readonly NodeHint[]): { readonly code: string; readonly link: string };
}

/** What chats ask of pictures (`group/pictures.ts`). */
export interface PictureHooks {
  isHere(chat: string, blob: string): boolean;
}

export interface SessionCore extends AccountCore {
  readonly cipher: GroupCipher;
  readonly direct: DirectTransport | null;
  readonly linkBase: string | null;
  readonly feed: MessageFeed;
  readonly readers: Readers;
  readonly outbox: Outbox;
  /** Last saved cursor by `cursorId`. */
  readonly cursors: Map<string, number>;
  readonly stock: Stock;
  readonly introductions: Introductions;
  readonly siblings: SiblingHooks;
  readonly links: LinkHooks;
  readonly pictures: PictureHooks;
  /** SHA-256 of the own account id. */
  readonly ownIdHash: Uint8Array;
  /** Ascending, for the order of the outbox. */
  nextSequence(): number;
}
