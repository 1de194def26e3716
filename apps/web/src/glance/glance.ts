/**
 * What the app shows at its next opening until the store is open: the list of chats, and of those on top the last
 * messages. Views as the client gave them (api.ts), sealed in a file beside the store.
 *
 * GL1 There is one only where no passphrase is set: nothing is shown before it has been typed, and nothing lies beside
 *     the store under a weaker key.
 * GL2 What a person or their contact deletes or edits, and what disappears, is forgotten here first and shown nowhere
 *     again. What disappears while the app is closed makes all of it void.
 * GL3 One that is damaged, of another build, or too big is none.
 *
 * File: the key, the nonce, then AES-256-GCM of JSON. The key lies beside what it opens, as that of a store without a
 * passphrase does: it is there to be overwritten, and so that nothing of the text is on the disk as it is.
 */
import type {
  ChatView,
  GroupView,
  IntentInput,
  IntentName,
  IntentOutput,
  MessagePage,
  MessageView,
  ProfileView,
  Query,
  RequestView,
  ViewTypes,
} from "@xchat/client/api";

export interface ChatGlance {
  /** The newest messages. */
  readonly page: MessagePage;
  readonly pinned: readonly MessageView[];
  /** Of a group. */
  readonly group: GroupView | null;
}

export interface Glance {
  /** Of the app that wrote it: another one may have other views. */
  readonly build: string;
  /** Milliseconds since 1970: something in it disappears then. */
  readonly until: number | null;
  readonly profile: ProfileView;
  readonly chats: readonly ChatView[];
  readonly requests: readonly RequestView[];
  readonly pages: Readonly<Record<string, ChatGlance>>;
}

const KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
export const GLANCE_HEAD_LENGTH = KEY_LENGTH + NONCE_LENGTH;
/** Bytes of the file. */
export const MAX_GLANCE = 1_000_000;

/** Null where it would be too big. Each has a key of its own. */
export async function sealGlance(glance: Glance): Promise<Uint8Array<ArrayBuffer> | null> {
  const text = new TextEncoder().encode(JSON.stringify(glance));
  if (text.length > MAX_GLANCE - 2 * GLANCE_HEAD_LENGTH) return null;
  const head = crypto.getRandomValues(new Uint8Array(GLANCE_HEAD_LENGTH));
  const sealed = await crypto.subtle.encrypt(algorithm(head), await keyOf(head, "encrypt"), text);
  const file = new Uint8Array(GLANCE_HEAD_LENGTH + sealed.byteLength);
  file.set(head);
  file.set(new Uint8Array(sealed), GLANCE_HEAD_LENGTH);
  return file;
}

/** GL2, GL3. Never fails. */
export async function openGlance(file: Uint8Array<ArrayBuffer>, build: string, now: number): Promise<Glance | null> {
  if (file.length <= GLANCE_HEAD_LENGTH || file.length > MAX_GLANCE) return null;
  try {
    const sealed = file.subarray(GLANCE_HEAD_LENGTH);
    const text = await crypto.subtle.decrypt(algorithm(file), await keyOf(file, "decrypt"), sealed);
    // Authentic, and so of the form that this app gave it, once the build is the same.
    const glance = JSON.parse(new TextDecoder().decode(text)) as Glance;
    return glance.build === build && (glance.until === null || now < glance.until) ? glance : null;
  } catch {
    return null;
  }
}

const keyOf = (file: Uint8Array<ArrayBuffer>, use: KeyUsage): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", file.subarray(0, KEY_LENGTH), "AES-GCM", false, [use]);

const algorithm = (file: Uint8Array<ArrayBuffer>): AesGcmParams => ({
  name: "AES-GCM",
  iv: file.subarray(KEY_LENGTH, GLANCE_HEAD_LENGTH),
});

/** Undefined: it holds no such view. */
export function glanceView(glance: Glance, query: Query): ViewTypes[Query["view"]] | undefined {
  if (query.view === "profile" || query.view === "chats" || query.view === "requests") return glance[query.view];
  return query.view === "group" ? (glance.pages[query.chat]?.group ?? undefined) : undefined;
}

/** Undefined: only the client can tell. */
export function glanceAnswer<N extends IntentName>(
  glance: Glance,
  intent: N,
  input: IntentInput<N>,
): IntentOutput<N> | undefined {
  if (intent === "messages") return newestOf(glance, input as IntentInput<"messages">) as IntentOutput<N> | undefined;
  if (intent !== "pinnedMessages") return undefined;
  const there = glance.pages[(input as IntentInput<"pinnedMessages">).chat];
  return there === undefined ? undefined : ({ messages: there.pinned } as IntentOutput<N>);
}

function newestOf(glance: Glance, { chat, before, limit }: IntentInput<"messages">): MessagePage | undefined {
  const page = glance.pages[chat]?.page;
  if (before !== null || page === undefined) return undefined;
  // Fewer than are asked for would end in the middle of what is unread.
  return page.hasOlder && page.messages.length < limit ? undefined : page;
}
