/** Contacts as registers have them: what the person calls them, and what they allow (spec/devices.md, section 8). */
import {
  accountIdToBytes,
  readRegister,
  REGISTERS,
  writeRegister,
  type SyncOperation,
  type SyncState,
} from "@xchat/protocol";
import { readAccountId } from "../chat/authors.ts";
import type { ContactRecord } from "../ports.ts";
import type { LocalHost } from "./local-host.ts";

export function contactFacts(contact: ContactRecord): readonly SyncOperation[] {
  const key = { account: accountIdToBytes(readAccountId(contact.accountId)) };
  const isSet = (is: boolean): Record<never, never> | null => (is ? {} : null);
  return [
    writeRegister("contact", key, { petname: contact.petname ?? contact.name }),
    writeRegister("contact-name", key, { name: contact.name }),
    writeRegister("contact-verified", key, isSet(contact.isVerified)),
    writeRegister("contact-blocked", key, isSet(contact.isBlocked)),
    writeRegister("contact-direct", key, { isAllowed: contact.mayDirect }),
  ];
}

/**
 * Of a contact whom this device may know from registers alone; their chain is pinned when a leaf of theirs is seen.
 * `said`: what they call themselves, where a device of one's own has just told it.
 */
export function contactOf(
  state: SyncState,
  accountId: string,
  known: ContactRecord | undefined,
  said?: string,
): ContactRecord {
  const key = { account: accountIdToBytes(readAccountId(accountId)) };
  const called = readRegister(state, "contact", key)?.petname ?? null;
  const heard = readRegister(state, "contact-name", key)?.name ?? said ?? null;
  const held: ContactRecord = known ?? {
    accountId,
    name: called ?? accountId.slice(0, 12),
    petname: null,
    isVerified: false,
    isBlocked: false,
    mayDirect: false,
    chain: new Uint8Array(0),
  };
  const name = heard ?? held.name;
  return {
    ...held,
    name,
    petname: called === null ? held.petname : called === name ? null : called,
    isVerified: readRegister(state, "contact-verified", key) !== null,
    isBlocked: readRegister(state, "contact-blocked", key) !== null,
    mayDirect: readRegister(state, "contact-direct", key)?.isAllowed ?? held.mayDirect,
  };
}

const FIELDS: ReadonlyMap<number, keyof ContactRecord> = new Map([
  [REGISTERS.contact.tag, "petname"],
  [REGISTERS["contact-name"].tag, "name"],
  [REGISTERS["contact-verified"].tag, "isVerified"],
  [REGISTERS["contact-blocked"].tag, "isBlocked"],
  [REGISTERS["contact-direct"].tag, "mayDirect"],
]);

/** That of the one register: another may have been changed here meanwhile. */
export async function takeContact(host: LocalHost, tag: number, accountId: string, state: SyncState): Promise<void> {
  const known = host.core.contacts.get(accountId);
  const told = contactOf(state, accountId, known);
  const field = FIELDS.get(tag);
  const taken = known === undefined || field === undefined ? told : { ...known, [field]: told[field] };
  await host.setContact(taken);
}
