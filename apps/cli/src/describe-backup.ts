/** The account backup, and the way back by the words, in words for people. */
import type { BackupView, FoundBackupView, RecoveredChatView } from "@xchat/client/api";
import { addressWords, shortId, timeWords } from "./describe.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe-text.ts";

/** How the account backup stands. */
export function backupWords(view: BackupView): string {
  if (view.state === "none") return "There is no profile here.";
  if (view.state === "off") {
    return (
      "There is no account backup: the 24 words were taken off this device before it knew how to write one.\n" +
      "Type them once to turn it on: xchat backup on"
    );
  }
  const { madeAt, isBehind, nodes, storedAt, expiresAt, isCut } = view;
  const lines = [
    madeAt === null
      ? "The first account backup is on its way."
      : `The newest account backup was made at ${timeWords(madeAt)} and lies at ${storedAt} of ${nodes.length} of your nodes.`,
    ...nodes.map(({ address, isStored }) => `${isStored ? "stored " : "waiting"}  ${addressWords(address)}`),
    ...(nodes.length === 0 ? ["You have no node yet: xchat nodes add ADDRESS"] : []),
    ...(isBehind && madeAt !== null
      ? ["Something has changed since, and is written soon. At once: xchat backup now"]
      : []),
    ...(isCut ? ["It cannot hold everybody: the eldest chats or contacts are left out."] : []),
    ...(expiresAt === null ? [] : [`Without a device of yours it would lie there until ${timeWords(expiresAt)}.`]),
    "Only your 24 words open it. Note these addresses beside them: it has to be looked for there.",
  ];
  return lines.join("\n");
}

export const recoveredChatWords = ({ id, name, kind, state }: RecoveredChatView, { faint, strong }: Output): string => {
  const who = kind === "group" ? "the group is" : "they are";
  return `${faint(shortId(id))}  ${strong(safeLine(name))} (not back yet: ${
    state === "asked" ? `${who} being asked` : "invite them, or ask for an invitation"
  })`;
};

export const foundBackupWords = (found: FoundBackupView, place: number, { strong, faint }: Output): string =>
  [
    `${place}. ${strong(safeLine(found.name))}  ${found.accountId}`,
    `   written about ${timeWords(found.writtenAt)} by ${safeLine(found.deviceName)}: ` +
      `${found.contacts} contacts, ${found.chats} chats  ${faint(shortId(found.id))}`,
  ].join("\n");
