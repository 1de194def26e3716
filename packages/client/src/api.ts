/**
 * What a person can ask of the client (intents) and what they see (views). The web app, the terminal client and the
 * widget know nothing else of it. Everything here is plain data that survives a structured clone and JSON.
 *
 * A1 An intent that resolves has been saved; what it starts goes on after a crash.
 * A2 A refusal is an `IntentError` with a `code` of the closed list below; the app has words for each.
 * A3 A view is complete and current when it arrives; a later one replaces it (`messages` sends changes instead).
 * Times are milliseconds since 1970 by the clock of the device that wrote them.
 */
import { DEVICE_ERROR_CODES, type DeviceIntents, type DevicesView, type LinkView } from "./api-devices.ts";

import { BACKUP_ERROR_CODES, type BackupIntents, type BackupView, type RecoveryView } from "./api-backup.ts";
import {
  GROUP_ERROR_CODES,
  type GroupIntents,
  type GroupRole,
  type GroupView,
  type JoiningView,
  type PersonView,
  type RecordView,
} from "./api-groups.ts";

export * from "./api-backup.ts";
import { CONTENT_ERROR_CODES, type ContentIntents, type MentionView, type MessageMarks } from "./api-content.ts";

export * from "./api-content.ts";
export * from "./api-devices.ts";
export * from "./api-groups.ts";

export type ConversationId = string;
export type EventId = string;

// ---- views

export type ProfileView =
  | { readonly state: "none" }
  | { readonly state: "locked" }
  | {
      readonly state: "ready";
      readonly name: string;
      /** `xc1…` */
      readonly accountId: string;
      readonly deviceName: string;
      readonly hasPassphrase: boolean;
      /** `unwritten`: the reminder shows; `forgotten`: confirmed, and taken off this device. */
      readonly recoveryWords: "unwritten" | "written" | "forgotten";
      readonly settings: Settings;
    };

/** Shorter ones can be tried out by whoever has the disk, whatever the key derivation costs. */
export const MIN_PASSPHRASE_LENGTH = 8;

export interface Settings {
  /** Off switches every direct connection off, whatever a chat says. */
  readonly directAllowed: boolean;
  /** Tells others when their messages have been read. */
  readonly shareReadState: boolean;
}

export type ChatView = PairChatView | GroupChatView;

interface ChatCommon {
  readonly id: ConversationId;
  /** Of a pair: the petname if given, else the name that the other person gave. Of a group: its name. */
  readonly name: string;
  /** `waiting`: they have not said yes yet; messages queue. `ended`: blocked, removed or left, kept to read. */
  readonly state: "waiting" | "active" | "ended";
  /** What is in use now. */
  readonly way: "direct" | "nodes" | "none";
  readonly unread: number;
  readonly draft: string;
  readonly last: {
    readonly kind: MessageView["content"]["kind"];
    readonly text: string;
    readonly at: number;
    readonly isOwn: boolean;
    /** Who wrote it, in a group. */
    readonly author: PersonView | null;
    /** Where it is a line of who did what; `text` is empty then. */
    readonly record?: RecordView;
    readonly delivery: Delivery | null;
  } | null;
  /** Order of the list: newest first. */
  readonly activeAt: number;
  /** Messages known to exist that have not come yet. */
  readonly missing: number;
  readonly homeNodes: readonly string[];
  /** Seconds after which new messages disappear; null: they stay. */
  readonly disappearAfter: number | null;
  /** What went wrong here and what became of it, for whoever wants to know. In the order of the last change. */
  readonly notices: readonly ChatNotice[];
}

export interface PairChatView extends ChatCommon {
  readonly kind: "pair";
  readonly theirName: string;
  readonly petname: string | null;
  readonly accountId: string;
  readonly isVerified: boolean;
  readonly isBlocked: boolean;
  /** What this person has allowed. */
  readonly mayDirect: boolean;
}

/** What the list shows of a group; everything else is in `GroupView`. */
export interface GroupChatView extends ChatCommon {
  readonly kind: "group";
  /** Id of the picture, where there is one and it is here: `groupPicture` gives it. */
  readonly picture: string | null;
  readonly memberCount: number;
  /** Of this person; null when they are out. */
  readonly role: GroupRole | null;
  readonly mayWrite: boolean;
}

/**
 * One thing that a chat has found, and when it began and last changed. `of`: whose events. At most 16 of each kind are
 * kept, and what repeats itself is counted.
 */
export type ChatNotice = { readonly id: string; readonly at: number; readonly changedAt: number } & (
  | {
      /** Messages that are known to exist and did not come: being asked for, come after all, or asked for in vain. */
      readonly kind: "gap";
      readonly state: "asked" | "closed" | "given-up";
      readonly of: "me" | "them" | null;
      /** Null where it is not known how many. */
      readonly count: number | null;
    }
  /** A device has signed two different messages with one number: it was copied, or it lies. */
  | { readonly kind: "equivocation"; readonly of: "me" | "them"; readonly sequence: number }
  /** A message of this very device came that its store has never seen: the store is an old copy, or was copied. */
  | { readonly kind: "behind"; readonly count: number }
  /** Something was refused because it contradicts what is known here. `reason` is a word of spec/event.md. */
  | {
      readonly kind: "refused";
      readonly what: "event" | "acknowledgement";
      readonly reason: string;
      readonly count: number;
    }
  /** The list of the other person's devices has changed, an old state of it was shown, or two that contradict. */
  | { readonly kind: "identity"; readonly change: IdentityChange; readonly count: number }
  /**
   * Two changes were made at once, and one counts; a node or a member has contradicted itself, which is proved; nothing is
   * sent while somebody is back who had been removed, and is again; or this device has to be let in again.
   */
  | {
      readonly kind: "fork";
      readonly what: "healed" | "node-signed-twice" | "member-contradicts" | "held" | "released" | "outside" | "back";
      readonly count: number;
    }
);

/** `recovered`: by their 24 words; whatever devices they had before are out. */
export type IdentityChange = "newer" | "recovered" | "rolled-back" | "forked";

/** `k of n` counts home nodes whose signed receipt is held. */
export type Delivery =
  | {
      readonly state: "queued";
      readonly why:
        | "waiting-for-acceptance"
        | "no-node"
        | "no-relay"
        | "node-refuses"
        | "clock-wrong"
        | "sending"
        | "offline";
    }
  | { readonly state: "stored"; readonly count: number; readonly of: number }
  | { readonly state: "delivered"; readonly via: "direct" | "nodes" }
  | { readonly state: "read"; readonly via: "direct" | "nodes" }
  /** The chat ended before it could be sent, and it is here alone. */
  | { readonly state: "unsent" };

export interface MessageView extends MessageMarks {
  readonly id: EventId;
  readonly isOwn: boolean;
  /** Who wrote it, in a group; null in a chat of two, of a line of who did what, and where it is not known. */
  readonly author: PersonView | null;
  /** Opaque; ascending in the order of the chat (causal, then by id). Unique within the chat. */
  readonly order: string;
  readonly content:
    | { readonly kind: "text"; readonly text: string; readonly mentions: readonly MentionView[] }
    /** Its author has deleted it for everyone. */
    | { readonly kind: "deleted" }
    | { readonly kind: "pin"; readonly target: EventId; readonly isPinned: boolean }
    /** Something a newer version wrote; kept, and shown as such. */
    | { readonly kind: "unknown" }
    /**
     * Messages that are known to exist and have not come. `asked`: they are still asked for; `given-up`: in vain. Should
     * they come all the same, they take this place. `count` null: not known how many.
     */
    | { readonly kind: "lost"; readonly state: "asked" | "given-up"; readonly count: number | null }
    | { readonly kind: "notice"; readonly notice: "accepted" | "verified" | "unverified" | "direct-on" | "direct-off" }
    /** In a group: what somebody changed. */
    | { readonly kind: "record"; readonly record: RecordView };
  readonly sentAt: number;
  readonly receivedAt: number | null;
  /** Own messages only. */
  readonly delivery: Delivery | null;
  /** How a message of the other person came. */
  readonly via: "direct" | "nodes" | null;
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: readonly MessageView[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export interface RequestView {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly greeting: string;
  readonly receivedAt: number;
  readonly invitationLabel: string;
  /** Who it is, where it is a contact already. */
  readonly known: KnownPersonView | null;
}

/** Somebody who is a contact already and is met again. */
export interface KnownPersonView {
  /** As this person knows them. */
  readonly name: string;
  readonly isVerified: boolean;
  /**
   * What the list of their devices, as it is shown now, is beside the known one; null: nothing new. `recovered`: the
   * account is the same, the devices before are out, and the chat with them begins anew.
   */
  readonly change: IdentityChange | null;
}

export interface InvitationView {
  readonly id: string;
  readonly label: string;
  /** Complete link to copy, or the bare code where this node has no public address. */
  readonly link: string;
  /** What is pasted into another instance of the app: everything after `#`. */
  readonly code: string;
  readonly isLasting: boolean;
  readonly state: "preparing" | "open" | "used" | "revoked" | "expired";
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly uses: number;
}

/** A node's address as people type it: that of its app. Intents take it as they take the address itself. */
export const typedAddress = (address: string): string => address.replace(/^ws(s?):\/\/([^/]+)\/x$/u, "http$1://$2");

export interface NodeView {
  readonly address: string;
  /** Short hash of the node's key, to compare. */
  readonly keyHash: string;
  /** `clock-wrong`: its clock and that of this device differ by more than an hour. */
  /** `no-relay`: none of the person's relays reaches it, and it is not to be reached directly. */
  readonly state: "connecting" | "ready" | "down" | "key-changed" | "clock-wrong" | "refused" | "no-relay";
  /** Address of the relay through which it is reached now; null where directly, or not at all. */
  readonly via: string | null;
  /** Present where it is not `ready`: when the next try is. */
  readonly retryAt: number | null;
}

export interface RelayView {
  readonly address: string;
  /** Short hash of its key, to compare. */
  readonly keyHash: string;
  /** `idle`: nothing has gone through it yet. */
  readonly state: "idle" | "connecting" | "ready" | "down" | "key-changed" | "clock-wrong" | "not-a-relay";
  /** Who runs it, by their own word; null before it was heard, or where they say nothing. */
  readonly operator: string | null;
}

export interface NetworkView {
  readonly nodes: readonly NodeView[];
  /** Through which nodes are reached, so that these do not see the address of this device; none: directly. */
  readonly relays: readonly RelayView[];
  /** What becomes of a node that no relay reaches: what is meant for it waits, or it is reached directly after all. */
  readonly whenNoRelay: WhenNoRelay;
  /** True with a single node: no address hiding, and "stored" is 1 of 1. */
  readonly isSingleNode: boolean;
  /** True where links open on this machine only. */
  readonly isLocalOnly: boolean;
  /**
   * Milliseconds by which this device's clock is ahead (negative: behind), as most of the nodes that have been heard
   * say; null where it is right to a quarter of an hour, or nobody has been heard. Beyond an hour nothing is sent:
   * messages wait, and go when the clock is right.
   */
  readonly clockError: number | null;
}

export type WhenNoRelay = "wait" | "direct";

export type Query =
  | { readonly view: "profile" }
  | { readonly view: "chats" }
  | { readonly view: "requests" }
  | { readonly view: "invitations" }
  | { readonly view: "network" }
  | { readonly view: "backup" }
  | { readonly view: "recovery" }
  | { readonly view: "link" }
  | { readonly view: "devices" }
  | { readonly view: "joining" }
  | { readonly view: "messages"; readonly chat: ConversationId }
  | { readonly view: "group"; readonly chat: ConversationId };

export interface ViewTypes {
  profile: ProfileView;
  chats: readonly ChatView[];
  requests: readonly RequestView[];
  invitations: readonly InvitationView[];
  network: NetworkView;
  backup: BackupView;
  recovery: RecoveryView;
  link: LinkView;
  devices: DevicesView;
  joining: readonly JoiningView[];
  /** Only what changed since the subscription began; pages come by the intent `messages`. */
  messages: { readonly changed: readonly MessageView[]; readonly removed: readonly EventId[] };
  group: GroupView;
}

// ---- intents

export type InvitationPreview = {
  readonly name: string;
  readonly accountId: string;
  readonly isLasting: boolean;
  readonly expiresAt: number;
  readonly nodes: readonly string[];
  /** A chat with a device that this person still has is there already. */
  readonly existingChat: ConversationId | null;
  readonly known: KnownPersonView | null;
};

/** Each entry: what goes in, what comes out. */
export interface Intents extends BackupIntents, ContentIntents, DeviceIntents, GroupIntents {
  /** Makes keys and store; the words exist from now on and are shown on demand. */
  createProfile: [{ readonly name: string; readonly passphrase: string | null }, void];
  unlock: [{ readonly passphrase: string }, void];
  lock: [Record<never, never>, void];
  setName: [{ readonly name: string }, void];
  /** `current` where one is set; `next` null takes it away. */
  setPassphrase: [{ readonly current: string | null; readonly next: string | null }, void];
  setSettings: [Partial<Settings>, void];
  recoveryWords: [Record<never, never>, { readonly words: readonly string[] }];
  confirmRecoveryWords: [{ readonly forget: boolean }, void];

  createInvitation: [{ readonly label: string; readonly isLasting: boolean; readonly days: number }, InvitationView];
  revokeInvitation: [{ readonly id: string }, void];
  /** Takes a whole link or the code alone, with white space around or within. */
  previewInvitation: [{ readonly text: string }, InvitationPreview];
  acceptInvitation: [
    { readonly text: string; readonly greeting: string; readonly mayDirect: boolean },
    { readonly chat: ConversationId },
  ];
  answerRequest: [
    { readonly id: string; readonly answer: "accept" | "decline" | "block"; readonly mayDirect: boolean },
    { readonly chat: ConversationId | null },
  ];

  /** `before` null: the newest. At most 200. */
  messages: [{ readonly chat: ConversationId; readonly before: string | null; readonly limit: number }, MessagePage];
  /** The page that holds a message, for a jump from search. */
  messagesAround: [{ readonly chat: ConversationId; readonly id: EventId; readonly limit: number }, MessagePage];
  messagesAfter: [{ readonly chat: ConversationId; readonly after: string; readonly limit: number }, MessagePage];
  search: [
    { readonly text: string; readonly chat: ConversationId | null; readonly limit: number },
    { readonly hits: readonly { readonly chat: ConversationId; readonly message: MessageView }[] },
  ];
  /** Everything up to this message has been seen. */
  markRead: [{ readonly chat: ConversationId; readonly upTo: EventId }, void];
  setDraft: [{ readonly chat: ConversationId; readonly text: string }, void];
  setPetname: [{ readonly chat: ConversationId; readonly petname: string | null }, void];
  setMayDirect: [{ readonly chat: ConversationId; readonly mayDirect: boolean }, void];
  setBlocked: [{ readonly chat: ConversationId; readonly isBlocked: boolean }, void];
  /** Takes the chat and its history off this device. */
  deleteChat: [{ readonly chat: ConversationId }, void];

  /** Twelve groups of five digits, and the text of a QR code that the other person's app can check. */
  safetyNumber: [{ readonly chat: ConversationId }, { readonly digits: string; readonly code: string }];
  checkSafetyCode: [{ readonly chat: ConversationId; readonly code: string }, { readonly matches: boolean }];
  setVerified: [{ readonly chat: ConversationId; readonly isVerified: boolean }, void];

  addNode: [{ readonly address: string }, NodeView];
  removeNode: [{ readonly address: string }, void];
  addRelay: [{ readonly address: string }, RelayView];
  removeRelay: [{ readonly address: string }, void];
  setWhenNoRelay: [{ readonly way: WhenNoRelay }, void];
  /** Try again now: all that waits for its back-off. */
  retryNow: [Record<never, never>, void];

  /** Every chat as JSON text, readable without this program. */
  export: [Record<never, never>, { readonly json: string }];
  /** A redacted report to read before sharing: states and counts, no names, ids, addresses or texts. */
  doctor: [Record<never, never>, { readonly checks: readonly DoctorCheck[] }];
}

export interface DoctorCheck {
  readonly name: string;
  readonly state: "good" | "warning" | "bad";
  readonly detail: string;
}

export type IntentName = keyof Intents;
export type IntentInput<N extends IntentName> = Intents[N][0];
export type IntentOutput<N extends IntentName> = Intents[N][1];

export const INTENT_ERROR_CODES = [
  "profile-missing",
  "profile-exists",
  "locked",
  "wrong-passphrase",
  "passphrase-too-short",
  "name-empty",
  "name-too-long",
  "words-forgotten",
  "invitation-malformed",
  "invitation-newer-version",
  "invitation-expired",
  "invitation-used",
  "invitation-revoked",
  "invitation-not-found",
  "invitation-forged",
  "invitation-own",
  "invitation-is-group-link",
  "request-gone",
  "chat-missing",
  "chat-ended",
  "message-empty",
  "message-too-long",
  ...CONTENT_ERROR_CODES,
  "node-unreachable",
  "node-refused",
  "node-address-malformed",
  "node-last",
  "no-relay",
  "not-a-relay",
  "too-many-relays",
  "code-malformed",
  "store-damaged",
  "store-newer-version",
  "store-full",
  "store-in-use",
  "clock-wrong",
  "not-the-leader",
  /** A part of the app that is loaded apart could not be. */
  "part-missing",
  "internal",
  ...BACKUP_ERROR_CODES,
  ...DEVICE_ERROR_CODES,
  ...GROUP_ERROR_CODES,
] as const;

export type IntentErrorCode = (typeof INTENT_ERROR_CODES)[number];

export class IntentError extends Error {
  override readonly name = "IntentError";
  readonly code: IntentErrorCode;
  constructor(code: IntentErrorCode, cause?: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/** The one object that an app talks to, whether it runs in the same thread, a worker, another tab or a daemon. */
export interface ClientApi {
  call<N extends IntentName>(intent: N, input: IntentInput<N>): Promise<IntentOutput<N>>;
  /** Sends the view at once and at every change, until the answered function is called. */
  watch<Q extends Query>(query: Q, listener: (view: ViewTypes[Q["view"]]) => void): () => void;
}
