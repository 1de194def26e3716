/**
 * What this device holds of what registers stand for (spec/devices.md, section 8): contacts, chats, settings and the name.
 *
 * The name of a device is a fact on that device, and a register on the others. What the other person of a chat calls themselves comes from them.
 */
import { bytesToHex, decode, expectOk, hexToBytes } from "@xchat/codec";
import {
  accountIdOfBytes,
  accountIdToBytes,
  REGISTERS,
  readRegister,
  writeRegister,
  type SyncOperation,
  type SyncState,
} from "@xchat/protocol";
import type { Profile } from "../base/profile.ts";
import { readAccountId } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import type { ContactRecord, ConversationRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { LocalState } from "./register-mirror.ts";
import type { RegisterId } from "./register-parts.ts";

export interface LocalHost {
  readonly core: SessionCore;
  readonly chats: ReadonlyMap<string, Chat>;
  setProfile(part: Partial<Profile>): Promise<void>;
  setContact(contact: ContactRecord): Promise<void>;
}

/** Hex of the key under which this device is listed. */
export type OwnDevice = () => string;

const SETTINGS = ["directAllowed", "shareReadState"] as const;

export function localRegisters(host: LocalHost, ownDevice: OwnDevice): LocalState {
  return {
    facts: async () => [
      ...profileFacts(host.core.profile(), ownDevice()),
      ...[...host.core.contacts.values()].flatMap(contactFacts),
      ...[...host.chats.values()].flatMap(({ record }) => chatFacts(record)),
    ],
    take: (one, state) => takeRegister(host, ownDevice(), one, state),
  };
}

/** What a chat begins with on a device that has just come into it. */
export function beginningOf(state: SyncState, id: string): Partial<ConversationRecord> {
  const key = { conversation: expectOk(hexToBytes(id), "conversation") };
  const place = readRegister(state, "read", key);
  return {
    draft: readRegister(state, "draft", key)?.text ?? "",
    ...(place === null ? {} : { readDepth: place.depth, readId: bytesToHex(place.id) }),
  };
}

/** Of a contact whom this device knows from registers alone; their chain is pinned when a leaf of theirs is seen. */
export function contactOf(state: SyncState, accountId: string, known: ContactRecord | undefined): ContactRecord {
  const key = { account: accountIdToBytes(readAccountId(accountId)) };
  const called = readRegister(state, "contact", key)?.petname ?? null;
  const held: ContactRecord = known ?? {
    accountId,
    name: called ?? accountId.slice(0, 12),
    petname: null,
    isVerified: false,
    isBlocked: false,
    mayDirect: false,
    chain: new Uint8Array(0),
  };
  const isOther = called !== null && called !== (held.petname ?? held.name);
  return {
    ...held,
    petname: isOther ? called : held.petname,
    isVerified: readRegister(state, "contact-verified", key) !== null,
    isBlocked: readRegister(state, "contact-blocked", key) !== null,
    mayDirect: readRegister(state, "contact-direct", key)?.isAllowed ?? held.mayDirect,
  };
}

// ---- facts

function profileFacts(profile: Profile, ownDevice: string): readonly SyncOperation[] {
  return [
    writeRegister("device-name", deviceKey(ownDevice), { name: profile.deviceName }),
    writeRegister("profile", {}, { name: profile.name, picture: null }),
    ...SETTINGS.map((name) => writeRegister("setting", { name }, { value: profile[name] ? "on" : "off" })),
  ];
}

function contactFacts(contact: ContactRecord): readonly SyncOperation[] {
  const key = { account: accountIdToBytes(readAccountId(contact.accountId)) };
  const isSet = (is: boolean): Record<never, never> | null => (is ? {} : null);
  return [
    writeRegister("contact", key, { petname: contact.petname ?? contact.name }),
    writeRegister("contact-verified", key, isSet(contact.isVerified)),
    writeRegister("contact-blocked", key, isSet(contact.isBlocked)),
    writeRegister("contact-direct", key, { isAllowed: contact.mayDirect }),
  ];
}

function chatFacts({ id, accountId, draft, readDepth, readId, state }: ConversationRecord): readonly SyncOperation[] {
  if (state === "waiting" || accountId === "") return [];
  const key = { conversation: expectOk(hexToBytes(id), "conversation") };
  const account = accountIdToBytes(readAccountId(accountId));
  const place = hexToBytes(readId);
  return [
    writeRegister("chat", key, { kind: "pair", account }),
    writeRegister("draft", key, draft === "" ? null : { text: draft.slice(0, MAX_DRAFT) }),
    ...(readId === "" || !place.ok ? [] : [writeRegister("read", key, { depth: readDepth, id: place.value })]),
  ];
}

const deviceKey = (id: string): { readonly deviceKey: Uint8Array } => ({
  deviceKey: expectOk(hexToBytes(id), "device"),
});

/** UTF-16 units; the register holds 8,192 bytes. What is longer stays on the device where it was typed. */
const MAX_DRAFT = 2_700;

// ---- news

async function takeRegister(
  host: LocalHost,
  ownDevice: string,
  { tag, key }: RegisterId,
  state: SyncState,
): Promise<void> {
  switch (tag) {
    case REGISTERS.profile.tag: {
      const profile = readRegister(state, "profile", {});
      if (profile !== null && profile.name !== host.core.profile().name) await host.setProfile({ name: profile.name });
      return;
    }
    case REGISTERS.setting.tag:
      return takeSettings(host, state);
    case REGISTERS.contact.tag:
    case REGISTERS["contact-verified"].tag:
    case REGISTERS["contact-blocked"].tag:
    case REGISTERS["contact-direct"].tag: {
      const read = decode(REGISTERS.contact.key, key);
      if (read.ok) await takeContact(host, accountIdOfBytes(read.value.account), state);
      return;
    }
    case REGISTERS.read.tag:
    case REGISTERS.draft.tag: {
      const read = decode(REGISTERS.chat.key, key);
      const chat = read.ok ? host.chats.get(bytesToHex(read.value.conversation)) : undefined;
      if (chat !== undefined) await chat.devices.take(beginningOf(state, chat.id));
      return;
    }
    case REGISTERS["device-name"].tag: {
      const name = readRegister(state, "device-name", deviceKey(ownDevice))?.name;
      if (name !== undefined && name !== host.core.profile().deviceName) await host.setProfile({ deviceName: name });
      return host.core.topics.mark("devices");
    }
    default:
  }
}

async function takeSettings(host: LocalHost, state: SyncState): Promise<void> {
  const part: { -readonly [N in (typeof SETTINGS)[number]]?: boolean } = {};
  for (const name of SETTINGS) {
    const value = readRegister(state, "setting", { name })?.value;
    if (value === "on" || value === "off") part[name] = value === "on";
  }
  await host.setProfile(part);
}

async function takeContact(host: LocalHost, accountId: string, state: SyncState): Promise<void> {
  const known = host.core.contacts.get(accountId);
  await host.setContact(contactOf(state, accountId, known));
  for (const chat of host.chats.values()) {
    if (chat.record.accountId !== accountId) continue;
    chat.blockedChanged();
    await chat.consentChanged();
  }
}
