/** Messages as a person sees them, with what has been said of each. */
import {
  accountIdOfBytes,
  judgeRow,
  MAX_PINNED,
  relatedTo,
  relationIndex,
  type Hex,
  type MessageRow,
  type RightsHistory,
  type Row,
  type ViewEvent,
} from "@xchat/protocol";
import type { MessageMarks, MessageView, PersonView, ReplyView } from "../api.ts";
import { NO_MARKS } from "../api.ts";
import type { EventRecord, MarkRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { viewOf } from "./content-facts.ts";
import { contextOf } from "./content-judge.ts";
import { toBytes } from "./authors.ts";
import { messageView, type MessageContext } from "./message-view.ts";
import type { Roster } from "./roster.ts";
import type { Step } from "./step.ts";

/** The beginning of a message that another one answers, in characters. */
const MAX_EXCERPT = 160;
/** Of the latest pins, so many are looked through for those that are in force. */
const MAX_PIN_EVENTS = 500;

export interface Viewing {
  readonly core: SessionCore;
  readonly chat: string;
  readonly messages: MessageContext;
  readonly rights: RightsHistory;
}

interface Surroundings {
  readonly index: ReadonlyMap<Hex, readonly ViewEvent[]>;
  readonly marks: ReadonlyMap<Hex, MarkRecord>;
}

const personOf = ({ person }: MessageContext, account: Hex): PersonView => person(accountIdOfBytes(toBytes(account)));

/** In the order given; what is no row, or has just ceased to be one, is left out. */
export async function messageViews(viewing: Viewing, records: readonly EventRecord[]): Promise<readonly MessageView[]> {
  if (records.length === 0) return [];
  const around = await surroundings(viewing, records);
  const rows = records.map((record) => rowOf(viewing, record, around));
  const targets = rows.flatMap((row) => (row?.kind === "message" && row.replyTo !== null ? [row.replyTo] : []));
  const replied = new Map((await viewing.core.store.eventsById(targets)).map((record) => [record.id, record]));
  return records.flatMap((record, index) => {
    const base = messageView(record, viewing.messages);
    if (record.header.length === 0) return [base];
    const row = rows[index] ?? null;
    return row === null ? [] : [{ ...base, ...partsOf(viewing, record, row, replied) }];
  });
}

async function surroundings({ core, chat }: Viewing, records: readonly EventRecord[]): Promise<Surroundings> {
  const ids = records.map(({ id }) => id);
  const first = await core.store.eventsAbout(chat, ids);
  const named = first.filter(({ kind }) => kind === "edit" || kind === "reaction").map(({ id }) => id);
  const second = named.length === 0 ? [] : await core.store.eventsAbout(chat, named);
  const about = new Map([...first, ...second].map((record) => [record.id, record]));
  const views = [...about.values()].map((record) => viewOf(core.provider, record)).filter((view) => view !== null);
  const marks = new Map((await core.store.marks(ids)).map((mark) => [mark.id, mark]));
  return { index: relationIndex(views), marks };
}

function rowOf({ core, rights }: Viewing, record: EventRecord, { index, marks }: Surroundings): Row | null {
  const root = viewOf(core.provider, record);
  return root === null
    ? null
    : judgeRow(root, relatedTo(index, record.id), contextOf(core, rights, record, marks.get(record.id))).row;
}

function partsOf(
  { core, chat, messages }: Viewing,
  record: EventRecord,
  row: Row,
  replied: ReadonlyMap<Hex, EventRecord>,
): Partial<MessageView> {
  switch (row.kind) {
    case "deleted":
      return { content: { kind: "deleted" } };
    case "pin":
      return { content: { kind: "pin", target: row.target, isPinned: row.isPinned } };
    case "message":
      return {
        content: bodyView(messages, row),
        ...marksView(messages, record, row, replyView(core, messages, chat, row, replied)),
      };
    default:
      return {};
  }
}

function bodyView(messages: MessageContext, { body }: MessageRow): MessageView["content"] {
  if (body.kind === "unknown") return { kind: "unknown" };
  const mentions = body.mentions.map(({ start, end, account }) => ({
    start,
    end,
    person: personOf(messages, account),
  }));
  return { kind: "text", text: body.text, mentions };
}

function marksView(
  messages: MessageContext,
  record: EventRecord,
  row: MessageRow,
  replyTo: ReplyView | null,
): MessageMarks {
  return {
    ...NO_MARKS,
    replyTo,
    earlier: row.versions.slice(0, -1).map(({ body, sentAt }) => ({
      text: body.kind === "text" ? body.text : "",
      at: sentAt,
    })),
    reactions: row.reactions.map(({ reaction, accounts }) => {
      const people = accounts.map((account) => personOf(messages, account));
      return { reaction, people, isOwn: people.some(({ isSelf }) => isSelf) };
    }),
    isPinned: row.isPinned,
    isStarred: row.isStarred,
    isForwarded: row.body.isForwarded,
    mentionsMe: row.mentionsMe,
    disappearsAt: row.disappearsAt,
    isDisappearing: record.disappearsAt !== 0,
  };
}

function replyView(
  core: SessionCore,
  messages: MessageContext,
  chat: string,
  { replyTo }: MessageRow,
  replied: ReadonlyMap<Hex, EventRecord>,
): ReplyView | null {
  if (replyTo === null) return null;
  const record = replied.get(replyTo);
  if (record?.conversationId === chat && record.kind === "deleted") return { state: "deleted", id: replyTo };
  const isThere = record?.conversationId === chat && record.state === "shown" && record.row === "counted";
  const author = isThere ? viewOf(core.provider, record)?.account : undefined;
  if (!isThere || author === undefined) return { state: "missing", id: replyTo };
  const text = [...record.text.slice(0, MAX_EXCERPT * 2)].slice(0, MAX_EXCERPT).join("");
  return { state: "there", id: replyTo, person: personOf(messages, author), text };
}

/** Pinned messages, the latest pin first. */
export async function pinnedMessages(viewing: Viewing): Promise<readonly MessageView[]> {
  const { store } = viewing.core;
  const pins = await store.pins(viewing.chat, MAX_PIN_EVENTS);
  const targets = [...new Set(pins.map(({ target }) => target))];
  const records = (await store.eventsById(targets)).filter(
    ({ conversationId, state, row }) => conversationId === viewing.chat && state === "shown" && row !== "none",
  );
  return (await messageViews(viewing, records)).filter(({ isPinned }) => isPinned).slice(0, MAX_PINNED);
}

/** What acts on others was never on the screen. */
const NEVER_ROWS: ReadonlySet<string> = new Set(["edit", "reaction", "unreaction", "deletion"]);

/** Newest rows that are told anew when somebody's name becomes known. */
const MAX_NAMED_AGAIN = 100;

/** Rows name people, some of whom say later what they are called. */
export async function touchNamed(step: Step, before: Roster): Promise<void> {
  const { people } = step.state.roster;
  const isSame =
    people === before.people || [...people].every(([who, { name }]) => before.people.get(who)?.name === name);
  if (isSame) return;
  step.core.topics.mark(`group/${step.id}`);
  if (!step.core.feed.isWatched(step.id)) return;
  const { events } = await step.core.store.eventsBefore(step.id, null, MAX_NAMED_AGAIN);
  for (const { id } of events) step.content.touched.add(id);
}

/** Tells those who watch the chat what the step, which has been saved, has changed. */
export async function showContent(viewing: Viewing, step: Step): Promise<void> {
  const { feed, store } = viewing.core;
  if (!feed.isWatched(viewing.chat)) return;
  const shown = [...step.events.values()].filter(({ state }) => state === "shown");
  const removed = shown.filter(({ row, kind }) => row === "none" && !NEVER_ROWS.has(kind)).map(({ id }) => id);
  const also = [...step.content.touched].filter((id) => !step.events.has(id));
  const records = [...shown, ...(await store.eventsById(also))].filter(({ row }) => row !== "none");
  feed.push(viewing.chat, { changed: await messageViews(viewing, records), removed });
}
