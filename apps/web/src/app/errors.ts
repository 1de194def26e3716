/** Words for every refusal: what happened, what was kept, and what to do. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { IntentErrorCode } from "@xchat/client/api";

export interface ErrorWords {
  readonly title: MessageDescriptor;
  readonly text: MessageDescriptor;
}

export const ERROR_WORDS: { readonly [C in IntentErrorCode]: ErrorWords } = {
  "profile-missing": { title: msg`There is no identity here yet`, text: msg`Choose a name first. It takes a second.` },
  "profile-exists": {
    title: msg`An identity is here already`,
    text: msg`Nothing was changed. Reload the page to see it.`,
  },
  locked: { title: msg`X Chat is locked`, text: msg`Everything is kept. Enter your passphrase to go on.` },
  "wrong-passphrase": {
    title: msg`That is not the passphrase`,
    text: msg`Nothing was changed. Look at capital letters and the keyboard's language, and try again.`,
  },
  "passphrase-too-short": {
    title: msg`The passphrase is too short`,
    text: msg`Use at least 8 characters. Four or five random words are easy to remember and hard to guess.`,
  },
  "name-empty": {
    title: msg`A name is missing`,
    text: msg`Type the name that others shall see. It can be changed at any time.`,
  },
  "name-too-long": { title: msg`The name is too long`, text: msg`Nothing was changed. Choose a shorter one.` },
  "words-forgotten": {
    title: msg`The words are no longer on this device`,
    text: msg`You took them off after writing them down. Your own copy is the only one.`,
  },
  "invitation-malformed": {
    title: msg`This is not a whole invitation`,
    text: msg`A part may be missing. Copy the link or code again, from its beginning to its end.`,
  },
  "invitation-newer-version": {
    title: msg`The invitation is from a newer X Chat`,
    text: msg`Update this app, then open the invitation again. It is not used up.`,
  },
  "invitation-expired": { title: msg`The invitation has expired`, text: msg`Ask for a new one. Nothing was sent.` },
  "invitation-used": {
    title: msg`The invitation was used already`,
    text: msg`It was good for one person. Ask for a new one; nothing was sent.`,
  },
  "invitation-revoked": {
    title: msg`The invitation was taken back`,
    text: msg`The person who made it has withdrawn it. Nothing was sent.`,
  },
  "invitation-not-found": {
    title: msg`The invitation cannot be found`,
    text: msg`Its nodes answer, but do not know it: it may have been used, taken back, or have expired. Ask for a new one; nothing was sent.`,
  },
  "invitation-forged": {
    title: msg`The invitation does not hold`,
    text: msg`What lies at its address is not signed by the person who invites. Do not use it. Ask for a new one, another way than this one came.`,
  },
  "invitation-own": {
    title: msg`This invitation is your own`,
    text: msg`Give it to the person whom you want to talk to.`,
  },
  "request-gone": {
    title: msg`The request is no longer there`,
    text: msg`It was answered already, perhaps in another window.`,
  },
  "chat-missing": { title: msg`This chat is no longer here`, text: msg`It was deleted from this device.` },
  "chat-ended": {
    title: msg`This chat has ended`,
    text: msg`What was written is kept to read. To write again, send a new invitation.`,
  },
  "message-empty": { title: msg`The message is empty`, text: msg`Write something first.` },
  "message-too-long": {
    title: msg`The message is too long`,
    text: msg`It was not sent and is still in the field. Split it into parts.`,
  },
  "node-unreachable": {
    title: msg`The node does not answer`,
    text: msg`Nothing is lost. Check the address and your connection, then try again.`,
  },
  "node-refused": {
    title: msg`The node refused`,
    text: msg`It may be full, or another one than was meant: an invitation made on another machine's localhost leads to your own. Try again later, or use another node.`,
  },
  "node-address-malformed": {
    title: msg`This is not a node's address`,
    text: msg`It looks like https://node.example, as its operator shows it.`,
  },
  "node-last": {
    title: msg`This is your last node`,
    text: msg`Without one, messages arrive only while you both are online. Add another node first.`,
  },
  "code-malformed": {
    title: msg`This is not a code of X Chat`,
    text: msg`Scan the square code that the other person's app shows. Nothing was changed.`,
  },
  "store-damaged": {
    title: msg`The store on this device is damaged`,
    text: msg`Nothing was overwritten. Close all windows of X Chat and open it again; if that does not help, keep a copy of this browser profile before you do anything else.`,
  },
  "store-newer-version": {
    title: msg`Your messages were saved by a newer X Chat`,
    text: msg`This older app does not touch them. Reload to get the new version.`,
  },
  "store-full": {
    title: msg`The device is full`,
    text: msg`What was saved is safe, but nothing new can be. Free some space, then try again.`,
  },
  "store-in-use": {
    title: msg`Another program has the store open`,
    text: msg`Close other windows of X Chat, or end the terminal client, and try again. Nothing is lost.`,
  },
  "clock-wrong": {
    title: msg`This device's clock seems wrong`,
    text: msg`Set date and time, then try again. Your messages are kept and will be sent.`,
  },
  "not-the-leader": {
    title: msg`Another window took over just now`,
    text: msg`Whether this was carried out is not certain. Look, then do it again if it was not.`,
  },
  internal: {
    title: msg`Something went wrong in X Chat`,
    text: msg`What was saved is kept. Try again; if it happens again, open Settings, Check-up.`,
  },
};
