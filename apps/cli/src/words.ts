/** What each refusal says to a person (what happened, what was kept, what to do) and to a script (the exit code). */
import type { IntentErrorCode } from "@xchat/client/api";

export const EXIT = {
  done: 0,
  /** Something is wrong with this program or machine. */
  internal: 1,
  usage: 2,
  locked: 3,
  /** No profile, chat or request of that name. */
  missing: 4,
  invitation: 5,
  node: 6,
  store: 7,
  /** The background process ended; whether the command was carried out is not known. */
  ended: 8,
  /** What was given cannot be taken. */
  refused: 9,
  /** `verify --code`: it is not the same. */
  mismatch: 10,
} as const;

export interface Words {
  readonly words: string;
  readonly exit: (typeof EXIT)[keyof typeof EXIT];
}

const as = (exit: Words["exit"], words: string): Words => ({ words, exit });

export const ERROR_WORDS: Readonly<Record<IntentErrorCode, Words>> = {
  "profile-missing": as(EXIT.missing, "There is no profile here yet. Make one: xchat init --name NAME"),
  "profile-exists": as(
    EXIT.refused,
    "There is a profile here already; nothing was changed. For another one: --profile DIR",
  ),
  locked: as(EXIT.locked, "The profile is locked. Run the command in a terminal, or set XCHAT_PASSPHRASE."),
  "wrong-passphrase": as(EXIT.locked, "That is not the passphrase. Nothing was changed."),
  "passphrase-too-short": as(EXIT.refused, "A passphrase has at least 8 characters. Nothing was changed."),
  "name-empty": as(EXIT.refused, "A name shows at least one character."),
  "name-too-long": as(EXIT.refused, "That name is too long: at most 64 characters."),
  "words-forgotten": as(EXIT.missing, "The recovery words are not on this device any more."),
  "invitation-malformed": as(
    EXIT.invitation,
    "That is no invitation, or a part of it is missing. Copy the whole code once more.",
  ),
  "invitation-newer-version": as(
    EXIT.invitation,
    "That invitation was made by a newer version. Update this program, then try again.",
  ),
  "invitation-expired": as(EXIT.invitation, "That invitation has expired. Ask for a new one."),
  "invitation-used": as(EXIT.invitation, "That invitation has been used already. Ask for a new one."),
  "invitation-revoked": as(EXIT.invitation, "That invitation has been taken back. Ask for a new one."),
  "invitation-not-found": as(
    EXIT.invitation,
    "Nothing lies where the invitation points: it was used or taken back, or has expired. Ask for a new one.",
  ),
  "invitation-forged": as(
    EXIT.invitation,
    "What lies where the invitation points was not made by the person who invites. Nothing was sent.",
  ),
  "invitation-own": as(EXIT.invitation, "That is your own invitation: give it to somebody else."),
  "request-gone": as(EXIT.missing, "There is no such request, or it cannot be answered any more. See: xchat requests"),
  "chat-missing": as(EXIT.missing, "There is no such chat. See: xchat chats"),
  "chat-ended": as(EXIT.refused, "That chat has ended. Its messages are kept; nothing was sent."),
  "message-empty": as(EXIT.refused, "There is nothing to send."),
  "message-too-long": as(
    EXIT.refused,
    "That is too long: at most 32 KiB of text in a message, and 1,000 bytes in a greeting. Nothing was sent.",
  ),
  "node-unreachable": as(EXIT.node, "The node cannot be reached. What waits is kept, and sent when it can."),
  "node-refused": as(
    EXIT.node,
    "The node refuses, or is another one than the one meant. An invitation that names localhost can be used on the " +
      "machine where it was made alone. Nothing was sent.",
  ),
  "node-address-malformed": as(EXIT.node, "That is no address of a node. For example: https://chat.example"),
  "node-last": as(EXIT.node, "That is your last node. Add another one first: xchat nodes add ADDRESS"),
  "code-malformed": as(EXIT.refused, "That is no safety code."),
  "store-damaged": as(EXIT.store, "The store is damaged. Nothing was changed or deleted. See: xchat doctor"),
  "store-newer-version": as(
    EXIT.store,
    "The store was written by a newer version. Update this program; nothing was changed.",
  ),
  "store-full": as(EXIT.store, "The disk is full. Nothing was lost; make room and try again."),
  "store-in-use": as(EXIT.store, "Another process has this profile open."),
  "clock-wrong": as(EXIT.store, "The clock of this machine is wrong. Set it, then try again."),
  "not-the-leader": as(
    EXIT.ended,
    "The background process has ended. What was saved is kept; run the command again to go on.",
  ),
  internal: as(EXIT.internal, "Something went wrong that should not. What was saved is kept. See: xchat doctor"),
};
