/**
 * What people do with messages beyond writing them: answer, edit, delete, react, star, pin, forward, let disappear. The
 * other part of the contract in `api.ts`; the same promises hold (A1 to A3). What counts is law: spec/content.md.
 */
import type { ConversationId, EventId, MessageView } from "./api.ts";
import type { PersonView } from "./api-groups.ts";

/** Somebody named in a text, from `start` up to `end` of the string as JavaScript counts it. */
export interface MentionInput {
  readonly start: number;
  readonly end: number;
  readonly accountId: string;
}

export interface MentionView {
  readonly start: number;
  readonly end: number;
  readonly person: PersonView;
}

/** What a message answers. `text` is its beginning, as it reads now. */
export type ReplyView =
  | { readonly state: "there"; readonly id: EventId; readonly person: PersonView; readonly text: string }
  /** Not here yet, or not here any more. */
  | { readonly state: "deleted" | "missing"; readonly id: EventId };

export interface ReactionView {
  readonly reaction: string;
  /** In the order in which they reacted. */
  readonly people: readonly PersonView[];
  readonly isOwn: boolean;
}

/** What has become of a message by what was said of it. */
export interface MessageMarks {
  readonly replyTo: ReplyView | null;
  /** Versions before the one that is shown, oldest first; empty where it was never edited. */
  readonly earlier: readonly { readonly text: string; readonly at: number }[];
  readonly reactions: readonly ReactionView[];
  readonly isPinned: boolean;
  readonly isStarred: boolean;
  readonly isForwarded: boolean;
  readonly mentionsMe: boolean;
  /** It disappears at this moment; null: never, or not before it has been read. */
  readonly disappearsAt: number | null;
  /** It disappears, at `disappearsAt` or some time after it has been read. */
  readonly isDisappearing: boolean;
}

/** Of a message of which nobody has said anything yet. */
export const NO_MARKS: MessageMarks = {
  replyTo: null,
  earlier: [],
  reactions: [],
  isPinned: false,
  isStarred: false,
  isForwarded: false,
  mentionsMe: false,
  disappearsAt: null,
  isDisappearing: false,
};

/** At most so many messages to so many chats at once. */
export const MAX_FORWARD = { messages: 30, chats: 20 } as const;

type OneMessage = { readonly chat: ConversationId; readonly id: EventId };

export interface ContentIntents {
  sendMessage: [
    {
      readonly chat: ConversationId;
      readonly text: string;
      readonly replyTo?: EventId | null;
      readonly mentions?: readonly MentionInput[];
    },
    { readonly id: EventId },
  ];
  /** Own messages of words only. The versions before stay to be looked up. */
  editMessage: [OneMessage & { readonly text: string; readonly mentions?: readonly MentionInput[] }, void];
  /**
   * `me`: from this person's devices. `everyone`: own ones only; asks the apps of the others to drop it, which honest ones
   * do. Neither can be taken back.
   */
  deleteMessage: [OneMessage & { readonly who: "me" | "everyone" }, void];
  setReaction: [OneMessage & { readonly reaction: string; readonly isOn: boolean }, void];
  setStarred: [OneMessage & { readonly isStarred: boolean }, void];
  /** In the chat, for everyone. */
  setPinned: [OneMessage & { readonly isPinned: boolean }, void];
  /** The words alone: not whose they are, nor whence they come. */
  forwardMessages: [
    { readonly chat: ConversationId; readonly ids: readonly EventId[]; readonly to: readonly ConversationId[] },
    void,
  ];
  /** The latest pin first, at most 50. */
  pinnedMessages: [{ readonly chat: ConversationId }, { readonly messages: readonly MessageView[] }];
  /** The latest star first; `chat` null: of all chats. */
  starredMessages: [
    { readonly chat: ConversationId | null; readonly limit: number },
    { readonly hits: readonly { readonly chat: ConversationId; readonly message: MessageView }[] },
  ];
}

export const CONTENT_ERROR_CODES = [
  /** Not here, or deleted. */
  "message-gone",
  /** Only own ones are deleted for everyone, and only own words are edited. */
  "message-not-own",
  "reaction-malformed",
  "forward-too-many",
] as const;
