/** What each intent does while a session is open. `api.ts` is the contract. */
import { entropyToWords } from "@xchat/crypto";
import {
  checkSafetyCode,
  MAX_GREETING_BYTES,
  MAX_TEXT_BYTES,
  parseAccountId,
  safetyCode,
  safetyNumber,
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
import { checkPassphrase } from "./base/passphrase.ts";
import { checkName } from "./base/profile.ts";
import type { Chat } from "./chat/chat.ts";
import { messageView, positionOf } from "./chat/message-view.ts";
import { acceptRequest, answeredRequest } from "./contact/incoming.ts";
import { findCard, preview, requestChat } from "./contact/outgoing.ts";
import { doctor } from "./doctor.ts";
import { exportJson } from "./export.ts";
import type { EventPage } from "./ports.ts";
import type { Session } from "./session.ts";

export type SessionIntentName = Exclude<IntentName, "createProfile" | "unlock" | "lock">;
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
    ...chatIntents(session),
    ...nodeIntents(session),
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
  const existingChat = (accountId: string): string | null =>
    [...session.chats.values()].find((chat) => chat.record.accountId === accountId && chat.record.state !== "ended")
      ?.id ?? null;
  const find = async (text: string): Promise<Awaited<ReturnType<typeof findCard>>> => {
    const found = await findCard(core, text);
    if (found.card.accountId === core.profile().accountId) throw new IntentError("invitation-own");
    return found;
  };
  return {
    createInvitation: (input) => invitations.create(input),
    revokeInvitation: ({ id }) => invitations.revoke(id),
    previewInvitation: async ({ text }) => {
      const found = await find(text);
      return preview(found, existingChat(found.card.accountId));
    },
    acceptInvitation: ({ text, greeting, mayDirect }) =>
      core.lane.run(async () => {
        if (byteLength(greeting) > MAX_GREETING_BYTES) throw new IntentError("message-too-long");
        const found = await find(text);
        const known = existingChat(found.card.accountId);
        if (known !== null) return { chat: known };
        const { chat, request } = await requestChat(core, found, greeting, mayDirect);
        const begun = await session.beginChat(chat, [{ put: "outbox", record: request.record }]);
        core.outbox.add(request);
        return { chat: begun.id };
      }),
    answerRequest: ({ id, answer, mayDirect }) =>
      core.lane.run(async () => {
        const request = invitations.request(id);
        if (answer === "accept") {
          const chat = await acceptRequest(core, request, mayDirect);
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
): Part<"sendMessage" | "messages" | "messagesAround" | "messagesAfter" | "search" | "markRead" | "setDraft"> {
  const { store } = session.core;
  return {
    sendMessage: async ({ chat, text }) => {
      if (text.trim() === "") throw new IntentError("message-empty");
      if (byteLength(text) > MAX_TEXT_BYTES) throw new IntentError("message-too-long");
      return { id: await session.chat(chat).sendText(text.toWellFormed()) };
    },
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
      if (event === null || event.conversationId !== chat) throw new IntentError("chat-missing");
      const half = Math.ceil(pageLimit(limit) / 2);
      const older = await store.eventsBefore(chat, event, half);
      const newer = await store.eventsAfter(chat, event, half);
      const events = [...older.events, event, ...newer.events];
      return toPage(session.chat(chat), { events, hasOlder: older.hasOlder, hasNewer: newer.hasNewer });
    },
    search: async ({ text, chat, limit }) => {
      const found = text.trim() === "" ? [] : await store.search(text, chat, pageLimit(limit));
      const hits = found.flatMap((event) => {
        const home = session.chats.get(event.conversationId);
        return home === undefined ? [] : [{ chat: home.id, message: messageView(event, home.queuedReason()) }];
      });
      return { hits };
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
  const ids = (chat: Chat): [AccountId, AccountId] => [
    readAccountId(core.profile().accountId),
    readAccountId(chat.record.accountId),
  ];
  return {
    setPetname: async ({ chat, petname }) => {
      const isCleared = petname === null || petname.trim() === "";
      await session.chat(chat).setContact({ petname: isCleared ? null : checkName(petname) });
    },
    setMayDirect: async ({ chat, mayDirect }) => {
      const found = session.chat(chat);
      await found.setContact({ mayDirect });
      await found.consentChanged();
    },
    setBlocked: async ({ chat, isBlocked }) => {
      const found = session.chat(chat);
      await found.setContact({ isBlocked, mayDirect: false });
      found.blockedChanged();
    },
    deleteChat: async ({ chat }) => {
      const found = session.chat(chat);
      found.close();
      await found.idle();
      for (const { record } of core.outbox.entries()) if (record.conversationId === chat) core.outbox.drop(record.id);
      await core.store.write([{ forget: chat }, { delete: "conversation", key: chat }]);
      session.chats.delete(chat);
      core.topics.mark("chats");
    },
    safetyNumber: async ({ chat }) => {
      const [own, other] = ids(session.chat(chat));
      return { digits: safetyNumber(core.provider, own, other), code: safetyCode(core.provider, own, other) };
    },
    checkSafetyCode: async ({ chat, code }) => {
      const [own, other] = ids(session.chat(chat));
      const checked = checkSafetyCode(core.provider, own, other, code);
      if (!checked.ok) throw new IntentError("code-malformed");
      return { matches: checked.value };
    },
    setVerified: async ({ chat, isVerified }) => {
      const found = session.chat(chat);
      if (found.contact.isVerified === isVerified) return;
      await found.setContact({ isVerified });
    },
  };
}

function nodeIntents(session: Session): Part<"addNode" | "removeNode" | "retryNow"> {
  const { pool, store, outbox } = session.core;
  return {
    addNode: async ({ address }) => {
      const hint = await discover(session, address);
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

async function discover(session: Session, address: string): Promise<Parameters<Session["core"]["pool"]["add"]>[1]> {
  const abort = new AbortController();
  const timer = session.core.clock.after(DISCOVERY_TIMEOUT, () => abort.abort());
  const outcome = await session.discover(nodeAddress(address), abort.signal);
  timer.cancel();
  if (outcome.ok) return outcome.value;
  throw new IntentError(DISCOVERY_ERRORS[outcome.error.kind] ?? "node-refused", outcome.error);
}

const DISCOVERY_ERRORS: { readonly [kind: string]: IntentErrorCode } = {
  unreachable: "node-unreachable",
  "clock-wrong": "clock-wrong",
};

/** What a person types for a node: an app's address, a host, or the socket's address itself. */
function nodeAddress(typed: string): string {
  const text = typed.trim();
  const withScheme = /^[a-z]+:\/\//iu.test(text)
    ? text
    : `${/^(localhost|127\.|\[::1\])/u.test(text) ? "http" : "https"}://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (url === null || !["http:", "https:", "ws:", "wss:"].includes(url.protocol) || url.username !== "") {
    throw new IntentError("node-address-malformed");
  }
  const scheme = url.protocol === "http:" || url.protocol === "ws:" ? "ws" : "wss";
  return `${scheme}://${url.host}${url.pathname === "/" ? "/x" : url.pathname}`;
}

const toPage = (chat: Chat, { events, hasOlder, hasNewer }: EventPage): MessagePage => ({
  messages: events.map((event) => messageView(event, chat.queuedReason())),
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
