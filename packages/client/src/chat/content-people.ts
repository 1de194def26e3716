/** Somebody as this person knows them: by petname, else by the name that they gave, else by a short form of the id. */
import { accountIdOfBytes, type Hex } from "@xchat/protocol";
import type { PersonView } from "../api.ts";
import type { SessionCore } from "../session-core.ts";
import { toBytes } from "./authors.ts";

const SHORT_ID = 11;

export function personOfAccount({ profile, contacts }: SessionCore, account: Hex): PersonView {
  const accountId = accountIdOfBytes(toBytes(account));
  const own = profile();
  if (accountId === own.accountId) return { accountId, name: own.name, isSelf: true, isContact: false };
  const contact = contacts.get(accountId);
  const name = contact?.petname ?? contact?.name ?? "";
  return {
    accountId,
    name: name === "" ? `${accountId.slice(0, SHORT_ID)}…` : name,
    isSelf: false,
    isContact: contact !== undefined,
  };
}
