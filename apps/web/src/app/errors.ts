/** Words for every refusal: what happened, what was kept, and what to do. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { IntentErrorCode } from "@xchat/client/api";

export interface ErrorWords {
  readonly title: MessageDescriptor;
  readonly text: MessageDescriptor;
}

export const ERROR_WORDS: { readonly [C in IntentErrorCode]: ErrorWords } = {
  "words-incomplete": { title: msg`These are not 24 words`, text: msg`Nothing was asked of anybody. Type all 24.` },
  "words-unknown": {
    title: msg`One of the words is not on the list`,
    text: msg`Nothing was asked of anybody. Look at the spelling.`,
  },
  "words-mistyped": {
    title: msg`The words do not belong together`,
    text: msg`All are on the list, but one is another than on your paper, or two have changed places. Nothing was asked of anybody.`,
  },
  "words-of-another": {
    title: msg`These are not the words of this account`,
    text: msg`They are sound, but of another account, or of before you changed the words. Nothing was changed.`,
  },
  "words-rotated-away": {
    title: msg`This account has other words since`,
    text: msg`Only the newer words recover it. Nothing was changed.`,
  },
  "chain-full": {
    title: msg`There is no room for one more change`,
    text: msg`The list of your devices and words is full. Nothing was changed.`,
  },
  "backup-gone": {
    title: msg`What was found is not held any more`,
    text: msg`Nothing was changed. Go back and look for your backup again.`,
  },
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
  "invitation-is-group-link": {
    title: msg`This is a link to a group`,
    text: msg`It does not lead to a chat of two. Open it where you paste invitations.`,
  },
  "request-gone": {
    title: msg`The request is no longer there`,
    text: msg`It was answered already, or somebody else came in by the same invitation. A new invitation leads them here.`,
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
  "message-gone": {
    title: msg`That message is no longer here`,
    text: msg`It was deleted, or has disappeared. Nothing was sent.`,
  },
  "message-not-own": {
    title: msg`Only its author can do that`,
    text: msg`Your own words can be edited, and your own messages deleted for everyone. Nothing was changed.`,
  },
  "reaction-malformed": { title: msg`That is no reaction`, text: msg`Choose an emoji. Nothing was sent.` },
  "forward-too-many": {
    title: msg`That is too much at once`,
    text: msg`At most 30 messages go to at most 20 chats. Nothing was sent.`,
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
  "no-relay": {
    title: msg`No relay leads to this node`,
    text: msg`None of your relays reaches it, or none may, since the same people seem to run both. It was not asked directly, and has not seen your address.`,
  },
  "not-a-relay": {
    title: msg`This node is no relay`,
    text: msg`It passes nothing on to others. Ask its operator, or choose another one.`,
  },
  "too-many-relays": {
    title: msg`You have three relays already`,
    text: msg`Remove one first. More would not hide more: each node is reached through one of them.`,
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
  "part-missing": {
    title: msg`A part of the app is not here yet`,
    text: msg`It could not be fetched, so nothing was changed or sent. Look at your connection and reload the page.`,
  },
  "link-code-malformed": {
    title: msg`This is not a whole code`,
    text: msg`A part may be missing. Copy it again, from "d1." to its end.`,
  },
  "link-code-mistyped": {
    title: msg`A character of the code is wrong`,
    text: msg`Copy or scan it once more. Nothing was sent.`,
  },
  "link-code-newer-version": {
    title: msg`The code is from a newer X Chat`,
    text: msg`Update this app, then read the code again.`,
  },
  "link-code-is-invitation": {
    title: msg`This is an invitation, and not the code of a device`,
    text: msg`It brings a contact. The code to link a device is under Settings, Devices, on the device that has your account.`,
  },
  "link-none": { title: msg`This link is over`, text: msg`Nothing was changed. Make a new code to try again.` },
  "device-too-many": {
    title: msg`Your account has eight devices already`,
    text: msg`Remove one that you do not use, then link the new one.`,
  },
  "device-chain-full": {
    title: msg`Your list of devices has been changed too often`,
    text: msg`It holds 64 changes, and no more. Everything else goes on as before.`,
  },
  "device-removed": {
    title: msg`This device was removed from your account`,
    text: msg`What is here is kept, to read and to export. Nothing was changed.`,
  },
  "device-missing": {
    title: msg`This device is not on the list any more`,
    text: msg`It was removed already, perhaps from another device.`,
  },
  "device-is-this": {
    title: msg`This is the device in your hand`,
    text: msg`Remove it from another one of your devices.`,
  },
  "history-gone": {
    title: msg`That is over already`,
    text: msg`The other device has stopped it, or everything has arrived.`,
  },
  internal: {
    title: msg`Something went wrong in X Chat`,
    text: msg`What was saved is kept. Try again; if it happens again, open Settings, Check-up.`,
  },
  "group-not-permitted": {
    title: msg`You may not do that in this group`,
    text: msg`Nothing was changed. Perhaps somebody has changed your role or the permissions just now.`,
  },
  "group-not-a-contact": {
    title: msg`Only contacts can be added`,
    text: msg`Nothing was changed. Invite them to a chat first, or give them a link to join.`,
  },
  "group-picture-unsuitable": {
    title: msg`That picture cannot be used`,
    text: msg`Nothing was changed. Try another one.`,
  },
  "group-too-large": {
    title: msg`The group is full`,
    text: msg`Nothing was changed. A group holds at most 1,024 people, and sixteen links.`,
  },
  "group-pending-gone": {
    title: msg`It cannot be taken back any more`,
    text: msg`The change was done already, or somebody took it back. Look at who did what.`,
  },
  "group-link-is-invitation": {
    title: msg`This is an invitation to a chat of two`,
    text: msg`It does not lead into a group. Open it where you paste invitations.`,
  },
  "group-links-full": {
    title: msg`There are as many links as can be`,
    text: msg`A group has at most sixteen. Take back one that is not needed any more.`,
  },
  "group-link-gone": {
    title: msg`The link is no longer there`,
    text: msg`It was taken back already, or has expired.`,
  },
};
