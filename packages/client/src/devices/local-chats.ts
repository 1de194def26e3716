/** Chats as registers have them: drafts, what was read, and what the person keeps of messages for themselves. */
import { bytesToHex, decode, expectOk, hexToBytes } from "@xchat/codec";
import {
  accountIdToBytes,
  listRegister,
  readRegister,
  REGISTERS,
  writeRegister,
  type SyncOperation,
  type SyncState,
} from "@xchat/protocol";
import { readAccountId } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import type { ConversationRecord, MarkRecord, StoreChange } from "../ports.ts";
import type { LocalHost } from "./local-host.ts";
import type { RegisterId } from "./register-parts.ts";

export function chatFacts({ record, kind }: Chat): readonly SyncOperation[] {
  const { id, accountId, draft, readDepth, readId, state } = record;
  if (state === "waiting" || kind === "devices") return [];
  const key = { conversation: toBytes(id) };
  const account = kind === "group" ? null : accountIdToBytes(readAccountId(accountId));
  return [
    writeRegister("chat", key, { kind, account }),
    writeRegister("draft", key, draft === "" ? null : { text: draft.slice(0, MAX_DRAFT) }),
    ...(readId === "" ? [] : [writeRegister("read", key, { depth: readDepth, id: toBytes(readId) })]),
  ];
}

/** UTF-16 units; the register holds 8,192 bytes. What is longer stays on the device where it was typed. */
const MAX_DRAFT = 2_700;

export function markFacts({ id, conversationId, isStarred, isHidden }: MarkRecord): readonly SyncOperation[] {
  const key = { conversation: toBytes(conversationId), event: toBytes(id) };
  return [writeRegister("star", key, isStarred ? {} : null), writeRegister("hidden", key, isHidden ? {} : null)];
}

/** What a chat begins with on a device that has just come into it. */
export function beginningOf(state: SyncState, id: string): Partial<ConversationRecord> {
  const key = { conversation: toBytes(id) };
  const place = readRegister(state, "read", key);
  return {
    draft: readRegister(state, "draft", key)?.text ?? "",
    ...(place === null ? {} : { readDepth: place.depth, readId: bytesToHex(place.id) }),
  };
}

/** Of a chat that begins here, to be saved with it. */
export function marksOf(state: SyncState, conversationId: string, now: number): readonly StoreChange[] {
  const isHere = ({ key }: { readonly key: { readonly conversation: Uint8Array } }): boolean =>
    bytesToHex(key.conversation) === conversationId;
  const ids = (name: "star" | "hidden"): ReadonlySet<string> =>
    new Set(
      listRegister(state, name)
        .filter(isHere)
        .map(({ key }) => bytesToHex(key.event)),
    );
  const [starred, hidden] = [ids("star"), ids("hidden")];
  return [...new Set([...starred, ...hidden])].map((id): StoreChange => {
    const record = { id, conversationId, isStarred: starred.has(id), isHidden: hidden.has(id), changedAt: now };
    return { put: "mark", record };
  });
}

/** That of the one register: another may have been changed here meanwhile. */
export async function takeChatRegister(
  { chats }: LocalHost,
  { tag, key }: RegisterId,
  state: SyncState,
): Promise<void> {
  const read = decode(REGISTERS.chat.key, key);
  const chat = read.ok ? chats.get(bytesToHex(read.value.conversation)) : undefined;
  if (chat === undefined) return;
  const { draft, ...place } = beginningOf(state, chat.id);
  await chat.devices.take(tag === REGISTERS.draft.tag && draft !== undefined ? { draft } : place);
}

export async function takeMarkRegister(
  { chats }: LocalHost,
  { tag, key }: RegisterId,
  state: SyncState,
): Promise<void> {
  const read = decode(REGISTERS.star.key, key);
  const chat = read.ok ? chats.get(bytesToHex(read.value.conversation)) : undefined;
  if (!read.ok || chat === undefined) return;
  const event = bytesToHex(read.value.event);
  const isStar = tag === REGISTERS.star.tag;
  const isSet = readRegister(state, isStar ? "star" : "hidden", read.value) !== null;
  await chat.devices.takeMark(event, isStar ? { isStarred: isSet } : { isHidden: isSet });
}

const toBytes = (hex: string): Uint8Array => expectOk(hexToBytes(hex), "id");
