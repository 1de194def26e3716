/**
 * Writes a long history into the store that the app has made at this origin, through the store's own code. Each chat is
 * a real one in which both have written already: headers and bodies of its first messages are the pattern of all others.
 */
import type { ConversationRecord, EventRecord, Store } from "@xchat/client/ports";
import { bytesToHex } from "@xchat/codec";
import { domCryptoProvider } from "@xchat/crypto/dom";
import { opfsStoreOpener } from "@xchat/store-sqlite/dom";
import type { FilledChat, HistoryOrder, HistoryReport } from "./history.ts";

/** As the app names it. */
const STORE = "xchat";
const BATCH = 500;
const WORDS_IN_A_MESSAGE = 12;
const VOCABULARY = 20_000;
const MINUTE = 60_000;
/** Far from what the chat itself counts. */
const FIRST_SEQUENCE = 1_000_000;
/** Before everything that the chat itself has; there the ids alone give the order. */
const DEPTH = 0;

const wordsOf = (n: number): string =>
  Array.from({ length: WORDS_IN_A_MESSAGE }, (_, k) => `w${((n * 31 + k * 7919) % VOCABULARY).toString(36)}`).join(" ");

interface Pattern {
  readonly own: EventRecord;
  readonly theirs: EventRecord;
  readonly newest: EventRecord;
}

async function patternOf(store: Store, { id }: ConversationRecord): Promise<Pattern> {
  const { events } = await store.eventsBefore(id, null, 20);
  const texts = events.filter(({ kind }) => kind === "text");
  const own = texts.find(({ isOwn }) => isOwn);
  const theirs = texts.find(({ isOwn }) => !isOwn);
  const newest = events.at(-1);
  if (own === undefined || theirs === undefined || newest === undefined)
    throw new Error("a chat in which not both have written");
  return { own, theirs, newest };
}

async function fillChat(
  store: Store,
  conversation: ConversationRecord,
  number: number,
  count: number,
): Promise<FilledChat> {
  const { own, theirs, newest } = await patternOf(store, conversation);
  const lastText = `the last of chat ${number} from before: ${crypto.randomUUID()}`;
  const ids = Array.from({ length: count }, () => bytesToHex(crypto.getRandomValues(new Uint8Array(32)))).toSorted();
  const eventOf = (id: string, n: number): EventRecord => {
    const at = conversation.createdAt - (count - n) * MINUTE;
    return {
      ...(n % 2 === 0 ? { ...own, delivery: "read", via: "nodes" as const } : theirs),
      id,
      sequence: FIRST_SEQUENCE + n,
      depth: DEPTH,
      sentAt: at,
      receivedAt: at,
      text: n === count - 1 ? lastText : wordsOf(number * count + n),
    };
  };
  for (let from = 0; from < count; from += BATCH) {
    const events = ids.slice(from, from + BATCH).map((id, n) => eventOf(id, from + n));
    await store.write(events.map((record) => ({ put: "event", record })));
  }
  // All is read, or the chat would open where the history begins.
  const { depth: readDepth, id: readId } = newest;
  await store.write([{ put: "conversation", record: { ...conversation, readDepth, readId } }]);
  return { conversationId: conversation.id, events: count, lastText };
}

async function fill({ messages }: HistoryOrder): Promise<HistoryReport> {
  const provider = await domCryptoProvider();
  const store = await opfsStoreOpener({ name: STORE, provider, now: () => Date.now() }).open(null);
  try {
    const conversations = await store.all("conversation");
    const each = Math.ceil(messages / conversations.length);
    const chats: FilledChat[] = [];
    for (const [number, conversation] of conversations.entries())
      chats.push(await fillChat(store, conversation, number, each));
    const { bytes, problems } = await store.health("full");
    if (problems.length > 0) throw new Error(problems.join("; "));
    return { chats, bytes };
  } finally {
    await store.close();
  }
}

addEventListener("message", ({ data }: MessageEvent<HistoryOrder>) => {
  fill(data).then(
    (report) => postMessage(report),
    (error: unknown) => postMessage({ failure: String(error) }),
  );
});
