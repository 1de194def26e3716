/** What each intent does while a session is open. `api.ts` is the contract. */
import { equalBytes } from "@xchat/codec";
import { deriveBranch, entropyToWords } from "@xchat/crypto";
import {
  checkSafetyCode,
  MAX_GREETING_BYTES,
  MAX_TEXT_BYTES,
  parseAccountId,
  safetyCode,
  safetyNumber,
  verifyChain,
  type AccountId,
} from "@xchat/protocol";
import {
  IntentError,
  type IntentErrorCode,
  type IntentInput,
  type IntentName,
  type IntentOutput,
  type MessagePage,
} from "./api.ts";
import { changeWords } from "./backup/change-words.ts";
import { keysOfWords, readWords } from "./backup/backup-keys.ts";
import { checkPassphrase } from "./base/passphrase.ts";
import { checkName } from "./base/profile.ts";
import type { Chat } from "./chat/chat.ts";
import { positionOf } from "./chat/message-view.ts";
import { contentIntents, hitsOf } from "./content-intents.ts";
import { nodeAddress } from "./delivery/node-address.ts";
import { acceptRequest, answeredRequest } from "./contact/incoming.ts";
import { knownPerson, reachableChat } from "./contact/known.ts";
import { findCard, preview, requestChat, type FoundCard } from "./contact/outgoing.ts";
import { deviceIntents } from "./devices/intents.ts";
import { groupIntents, type LaterIntentName } from "./group/group-intents.ts";
import { doctor } from "./doctor.ts";
import { exportJson } from "./export.ts";
import type { EventPage } from "./ports.ts";
import type { Session } from "./session.ts";

export type SessionIntentName = Exclude<
  IntentName,
  | "createProfile"
  | "unlock"
  | "lock"
  | "findBackups"
  | "recoverAccount"
  | "forgetSearch"
  | "enterLinkCode"
  | "acceptLink"
  | LaterIntentName
>;
export type SessionIntents = {
  readonly [N in SessionIntentName]: (input: IntentInput<N>) => Promise<IntentOutput<N>>;
};

const PAGE_MAX = 200;
const DISCOVERY_TIMEOUT = 10_000;
const byteLength = (text: string): number => new TextEncoder().encode(text).length;
const pageLimit = (limit: number): number => Math.min(PAGE_MAX, Math.max(1, Math.floor(limit)));

export function makeIntents(session: Session): SessionIntents {
  return {
    ...profileIntents(session),
    ...contactIntents(session),
    ...messageIntents(session),
    ...contentIntents(session),
    ...chatIntents(session),
    ...nodeIntents(session),
    ...backupIntents(session),
    ...deviceIntents(session),
    ...groupIntents(session),
  };
}

type Part<N extends SessionIntentName> = Pick<SessionIntents, N>;

function profileIntents(
  session: Session,
): Part<"setName" | "setPassphrase" | "setSettings" | "recoveryWords" | "confirmRecoveryWords" | "export" | "doctor"> {
  const profile = session.core.profile;
  return {
    setName: async ({ name }) => {
      await session.setProfile({ name: checkName(name) });
      await eachChat(session, (chat) => chat.nameChanged());
    },
    setPassphrase: async ({ current, next }) => {
      checkPassphrase(next);
      await session.core.store.setPassphrase(current, next);
      session.core.topics.mark("profile");
    },
    setSettings: async (settings) => {
      const before = profile().directAllowed;
      await session.setProfile(settings);
      if (profile().directAllowed !== before) await eachChat(session, (chat) => chat.consentChanged());
    },
    recoveryWords: async () => {
      const { recoveryEntropy } = profile();
      if (recoveryEntropy === null) throw new IntentError("words-forgotten");
      return { words: entropyToWords(session.core.provider, recoveryEntropy) };
    },
    confirmRecoveryWords: async ({ forget }) => {
      if (profile().words === "forgotten") return;
      await session.setProfile(forget ? { words: "forgotten", recoveryEntropy: null } : { words: "written" });
    },
    export: async () => ({ json: await exportJson(session) }),
    doctor: async () => ({ checks: await doctor(session) }),
  };
}

function contactIntents(
  session: Session,
): Part<"createInvitation" | "revokeInvitation" | "previewInvitation" | "acceptInvitation" | "answerRequest"> {
  const { core, invitations } = session;
  const existingChat = ({ card }: FoundCard): string | null => reachableChat(session, card.accountId, card.chain);
  const find = async (text: string): Promise<FoundCard> => {
    const found = await findCard(core, text);
    if (found.card.accountId === core.profile().accountId) throw new IntentError("invitation-own");
    return found;
  };
  return {
    createInvitation: (input) => invitations.create(input),
    revokeInvitation: ({ id }) => invitations.revoke(id),
    previewInvitation: async ({ text }) => {
      const found = await find(text);
      const known = knownPerson(core, found.card.accountId, found.card.chain);
      return preview(found, existingChat(found), known);
    },
    acceptInvitation: ({ text, greeting, mayDirect }) =>
      core.lane.run(async () => {
        if (byteLength(greeting) > MAX_GREETING_BYTES) throw new IntentError("message-too-long");
        const found = await find(text);
        const known = existingChat(found);
        if (known !== null) {
          // What the card shows of their devices is news for the chat that goes on, if only that it is contradicted.
          await session.chat(known).learnChain(found.card.chain);
          return { chat: known };
        }
        const { chat, request } = await requestChat(core, found, greeting, mayDirect);
        const begun = await session.beginChat(chat, [{ put: "outbox", record: request.record }]);
        core.outbox.add(request);
        return { chat: begun.id };
      }),
    answerRequest: ({ id, answer, mayDirect }) =>
      core.lane.run(async () => {
        const request = invitations.request(id);
        if (answer === "accept") {
          const chat = await acceptRequest(core, request, mayDirect).catch(async (error: unknown) => {
            // By an invitation for one that somebody else has used, it would stand there for ever.
            if (error instanceof IntentError && error.code === "request-gone")
              await invitations.settleRequest(request, "declined");
            throw error;
          });
          const begun = await session.beginChat(chat, invitations.useChanges(request.invitationId));
          invitations.forgetRequest(id, answeredRequest(request, "accepted"));
          await invitations.used(request.invitationId);
          return { chat: begun.id };
        }
        if (answer === "block") await session.setContact(blockedContact(session, request.accountId, request.name));
        await invitations.settleRequest(request, "declined");
        return { chat: null };
      }),
  };
}

function messageIntents(
  session: Session,
): Part<"messages" | "messagesAround" | "messagesAfter" | "search" | "markRead" | "setDraft"> {
  const { store } = session.core;
  return {
    messages: async ({ chat, before, limit }) =>
      toPage(
        session.chat(chat),
        await store.eventsBefore(chat, before === null ? null : positionOf(before), pageLimit(limit)),
      ),
    messagesAfter: async ({ chat, after, limit }) => {
      const position = positionOf(after);
      if (position === null) throw new IntentError("internal");
      return toPage(session.chat(chat), await store.eventsAfter(chat, position, pageLimit(limit)));
    },
    messagesAround: async ({ chat, id, limit }) => {
      const event = await store.get("event", id);
      if (event === null || event.conversationId !== chat) throw new IntentError("message-gone");
      const half = Math.ceil(pageLimit(limit) / 2);
      const older = await store.eventsBefore(chat, event, half);
      const newer = await store.eventsAfter(chat, event, half);
      const events = [...older.events, event, ...newer.events];
      return toPage(session.chat(chat), { events, hasOlder: older.hasOlder, hasNewer: newer.hasNewer });
    },
    search: async ({ text, chat, limit }) => {
      const found = text.trim() === "" ? [] : await store.search(text, chat, pageLimit(limit));
      return { hits: await hitsOf(session, found) };
    },
    markRead: ({ chat, upTo }) => session.chat(chat).markRead(upTo),
    setDraft: ({ chat, text }) => session.chat(chat).setDraft(text.slice(0, MAX_TEXT_BYTES)),
  };
}

function chatIntents(
  session: Session,
): Part<
  "setPetname" | "setMayDirect" | "setBlocked" | "deleteChat" | "safetyNumber" | "checkSafetyCode" | "setVerified"
> {
  const { core } = session;
  const pair = (id: string): Chat => {
    const chat = session.chat(id);
    if (chat.contact === null) throw new IntentError("chat-missing");
    return chat;
  };
  const ids = (chat: Chat): [AccountId, AccountId] => [
    readAccountId(core.profile().accountId),
    readAccountId(chat.record.accountId),
  ];
  const allow = async (chat: Chat, part: Parameters<Chat["setContact"]>[0]): Promise<void> => {
    const before = chat.contact ?? undefined;
    await chat.setContact(part);
    await session.contactChanged(chat.record.accountId, before);
  };
  return {
    setPetname: async ({ chat, petname }) => {
      const isCleared = petname === null || petname.trim() === "";
      await pair(chat).setContact({ petname: isCleared ? null : checkName(petname) });
    },
    setMayDirect: async ({ chat, mayDirect }) => {
      await allow(pair(chat), { mayDirect });
    },
    setBlocked: async ({ chat, isBlocked }) => {
      await allow(pair(chat), { isBlocked, mayDirect: false });
    },
    deleteChat: async ({ chat }) => {
      const found = session.chat(chat);
      found.close();
      await found.idle();
      for (const { record } of core.outbox.entries()) if (record.conversationId === chat) core.outbox.drop(record.id);
      session.chats.delete(chat);
      const pictures = session.pictures.forget(chat);
      await core.store.write([{ forget: chat }, { delete: "conversation", key: chat }, ...pictures]);
      core.stock.forget(chat);
      core.introductions.forget(chat);
      session.links.forget(chat);
      core.topics.mark("chats");
    },
    safetyNumber: async ({ chat }) => {
      const [own, other] = ids(pair(chat));
      return { digits: safetyNumber(core.provider, own, other), code: safetyCode(core.provider, own, other) };
    },
    checkSafetyCode: async ({ chat, code }) => {
      const [own, other] = ids(pair(chat));
      const checked = checkSafetyCode(core.provider, own, other, code);
      if (!checked.ok) throw new IntentError("code-malformed");
      return { matches: checked.value };
    },
    setVerified: async ({ chat, isVerified }) => {
      const found = pair(chat);
      if (found.contact?.isVerified === isVerified) return;
      await found.setContact({ isVerified });
    },
  };
}

function nodeIntents(
  session: Session,
): Part<"addNode" | "removeNode" | "addRelay" | "removeRelay" | "setWhenNoRelay" | "retryNow"> {
  const { pool, store, outbox } = session.core;
  const { relays } = pool;
  return {
    addRelay: async ({ address }) => {
      const hint = await discover(session, address, "discoverRelay");
      await relays.add(store, hint);
      pool.retryNow();
      return relays.viewOf(hint);
    },
    removeRelay: async ({ address }) => {
      await relays.remove(store, address);
      pool.retryNow();
    },
    setWhenNoRelay: async ({ way }) => {
      await relays.replace(store, { ...relays.plan, whenNone: way });
      pool.retryNow();
    },
    addNode: async ({ address }) => {
      const hint = await discover(session, address, "discover");
      await pool.add(store, hint);
      return pool.viewOf(hint);
    },
    removeNode: ({ address }) => pool.remove(store, address),
    retryNow: async () => {
      pool.retryNow();
      outbox.retryNow();
      for (const chat of session.chats.values()) chat.retryDirect();
    },
  };
}

function backupIntents(session: Session): Part<"turnOnBackup" | "changeWords" | "writeBackup" | "dropRecoveredChat"> {
  const { core, backup, recovered } = session;
  return {
    turnOnBackup: async ({ words }) => {
      const entropy = readWords(core.provider, words);
      try {
        const identity = await verifyChain(core.provider, core.profile().chain);
        const recovery = await core.provider.ed25519KeyPair(deriveBranch(core.provider, entropy, "identity-recovery"));
        if (!identity.ok || !equalBytes(identity.value.recoveryKey, recovery.publicKey))
          throw new IntentError("words-of-another");
        if (backup.view().state === "off") await backup.turnOn(await keysOfWords(core.provider, entropy));
      } finally {
        entropy.fill(0);
      }
    },
    changeWords: ({ words }) => core.lane.run(() => changeWords(session, words)),
    writeBackup: () => backup.writeNow(),
    dropRecoveredChat: ({ chat }) => recovered.drop(chat),
  };
}

async function discover(
  session: Session,
  address: string,
  what: "discover" | "discoverRelay",
): Promise<Parameters<Session["core"]["pool"]["add"]>[1]> {
  const abort = new AbortController();
  const timer = session.core.clock.after(DISCOVERY_TIMEOUT, () => abort.abort());
  const outcome = await session[what](nodeAddress(address), abort.signal);
  timer.cancel();
  if (outcome.ok) return outcome.value;
  const { error } = outcome;
  if (error.kind === "refused" && (error.reason === "no-relay" || error.reason === "not-a-relay")) {
    throw new IntentError(error.reason, error);
  }
  throw new IntentError(DISCOVERY_ERRORS[outcome.error.kind] ?? "node-refused", outcome.error);
}

const DISCOVERY_ERRORS: { readonly [kind: string]: IntentErrorCode } = {
  unreachable: "node-unreachable",
  "clock-wrong": "clock-wrong",
};

const toPage = async (chat: Chat, { events, hasOlder, hasNewer }: EventPage): Promise<MessagePage> => ({
  messages: await chat.messages(events),
  hasOlder,
  hasNewer,
});

function readAccountId(text: string): AccountId {
  const id = parseAccountId(text);
  if (!id.ok) throw new IntentError("store-damaged");
  return id.value;
}

function blockedContact(session: Session, id: string, name: string): Parameters<Session["setContact"]>[0] {
  const known = session.core.contacts.get(id);
  const fresh = { accountId: id, name, petname: null, isVerified: false, mayDirect: false, chain: new Uint8Array(0) };
  return { ...fresh, ...known, isBlocked: true };
}

async function eachChat(session: Session, work: (chat: Chat) => Promise<void>): Promise<void> {
  for (const chat of session.chats.values()) if (chat.record.state !== "ended") await work(chat);
}
