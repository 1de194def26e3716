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
  "invitation-is-group-link": as(EXIT.invitation, "That is a link to a group: xchat accept CODE"),
  "request-gone": as(EXIT.missing, "There is no such request, or it cannot be answered any more. See: xchat requests"),
  "chat-missing": as(EXIT.missing, "There is no such chat. See: xchat chats"),
  "chat-ended": as(EXIT.refused, "That chat has ended. Its messages are kept; nothing was sent."),
  "message-empty": as(EXIT.refused, "There is nothing to send."),
  "message-too-long": as(
    EXIT.refused,
    "That is too long: at most 32 KiB of text in a message, and 1,000 bytes in a greeting. Nothing was sent.",
  ),
  "message-gone": as(EXIT.missing, "That message is not here: it was deleted, or has disappeared."),
  "message-not-own": as(
    EXIT.refused,
    "Only its author can do that: own words can be edited, and own messages deleted for everyone.",
  ),
  "reaction-malformed": as(EXIT.refused, "That is no reaction: give one emoji."),
  "forward-too-many": as(EXIT.refused, "That is too much at once: at most 30 messages to 20 chats."),
  "node-unreachable": as(EXIT.node, "The node cannot be reached. What waits is kept, and sent when it can."),
  "node-refused": as(
    EXIT.node,
    "The node refuses, or is another one than the one meant. An invitation that names localhost can be used on the " +
      "machine where it was made alone. Nothing was sent.",
  ),
  "node-address-malformed": as(EXIT.node, "That is no address of a node. For example: https://chat.example"),
  "node-last": as(EXIT.node, "That is your last node. Add another one first: xchat nodes add ADDRESS"),
  "no-relay": as(
    EXIT.node,
    "None of your relays leads to that node, or none may, since the same people seem to run both. It was not asked " +
      "directly. See: xchat relays",
  ),
  "not-a-relay": as(EXIT.node, "That node is no relay: it passes nothing on to others."),
  "too-many-relays": as(EXIT.refused, "You have three relays already. Remove one first: xchat relays remove ADDRESS"),
  "code-malformed": as(EXIT.refused, "That is no safety code."),
  "store-damaged": as(
    EXIT.store,
    "The store is damaged. Nothing was changed or deleted: copy its folder away before all else. With your 24 words you come back in another folder: xchat recover --profile DIR",
  ),
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
  "part-missing": as(EXIT.internal, "A part of this program could not be read. Nothing was changed; install it again."),
  "words-incomplete": as(
    EXIT.refused,
    "These are not 24 words. Nothing was changed, and nothing was asked of anybody.",
  ),
  "words-unknown": as(
    EXIT.refused,
    "One of the words is not on the list. Look at the spelling; nothing was changed, and nothing was asked of anybody.",
  ),
  "words-mistyped": as(
    EXIT.refused,
    "The words do not belong together: one is wrong, or two have changed places. Nothing was asked of anybody.",
  ),
  "words-of-another": as(
    EXIT.refused,
    "These words are of another account, or of before a change of words. Nothing was changed.",
  ),
  "words-rotated-away": as(EXIT.refused, "This account has other words since. Only the newer ones recover it."),
  "chain-full": as(
    EXIT.refused,
    "The list of your devices and words has no room for one more change. Nothing was changed.",
  ),
  "backup-gone": as(EXIT.missing, "What was found is not held any more. Search again: xchat recover"),
  "link-code-malformed": as(
    EXIT.refused,
    "That is no code of a device, or a part of it is missing. Copy the whole code.",
  ),
  "link-code-mistyped": as(EXIT.refused, "A character of the code is wrong. Copy or type it once more."),
  "link-code-newer-version": as(EXIT.refused, "That code was made by a newer version. Update this program first."),
  "link-code-is-invitation": as(
    EXIT.refused,
    "That is an invitation: it brings a contact, and no device. To link this device, run xchat link where your account is.",
  ),
  "link-none": as(EXIT.missing, "This link is over. Nothing was changed."),
  "device-too-many": as(EXIT.refused, "Your account has eight devices already. Remove one: xchat devices remove ID"),
  "device-chain-full": as(EXIT.refused, "Your list of devices holds 64 changes, and no more."),
  "device-removed": as(
    EXIT.refused,
    "This device was removed from your account. What is here is kept, to read and to export.",
  ),
  "device-missing": as(EXIT.missing, "There is no such device on your list. See: xchat devices"),
  "device-is-this": as(EXIT.refused, "That is this device. Remove it from another one of yours."),
  "history-gone": as(
    EXIT.missing,
    "No messages are being carried over there, and none are asked for. See: xchat history",
  ),
  "group-not-permitted": as(
    EXIT.refused,
    "You may not do that in this group. Nothing was changed. See: xchat group info",
  ),
  "group-not-a-contact": as(
    EXIT.refused,
    "Only contacts can be added. Nothing was changed. To get to know them: xchat invite",
  ),
  "group-picture-unsuitable": as(
    EXIT.refused,
    "That is no picture for a group. Nothing was changed. It takes a JPEG of at most 256 by 256 pixels and 32 kB.",
  ),
  "group-too-large": as(
    EXIT.refused,
    "The group is full: at most 1,024 people, and sixteen links. Nothing was changed.",
  ),
  "group-pending-gone": as(EXIT.missing, "There is no such change that waits: it was done, or taken back."),
  "group-link-is-invitation": as(EXIT.invitation, "That is an invitation to a chat of two: xchat accept CODE"),
  "group-links-full": as(
    EXIT.refused,
    "A group has at most sixteen links: take one back (xchat group link CHAT list).",
  ),
  "group-link-gone": as(EXIT.missing, "There is no such link: it was taken back, or has expired."),
  internal: as(EXIT.internal, "Something went wrong that should not. What was saved is kept. See: xchat doctor"),
};
