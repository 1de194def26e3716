/** What a person does with messages: each makes an event that acts on another, or a mark of their own. */
import {
  accountIdToBytes,
  decodeMessageContent,
  deletionContent,
  forwardedContent,
  judgeRow,
  MAX_MENTIONS,
  parseAccountId,
  pinContent,
  reactionContent,
  relatedTo,
  relationIndex,
  textContent,
  timerExpiration,
  openEvent,
  type Hex,
  type Mention,
  type MessageContent,
  type MessageRow,
  type RightsHistory,
  type ViewEvent,
} from "@xchat/protocol";
import { IntentError, type MentionInput } from "../api.ts";
import type { EventRecord, MarkRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { toBytes } from "./authors.ts";
import { viewOf } from "./content-facts.ts";
import { contextOf } from "./content-judge.ts";
import { appendOwn } from "./events.ts";
import { disappearAfter } from "./content-timer.ts";
import { sealOrQueue } from "./sealing.ts";
import type { Step } from "./step.ts";

const SALT_BYTES = 16;

interface Words {
  readonly text: string;
  readonly mentions: readonly MentionInput[];
}

const salt = (step: Step): Uint8Array => step.core.provider.randomBytes(SALT_BYTES);

export async function say(step: Step, content: MessageContent): Promise<EventRecord> {
  const event = await appendOwn(step, content);
  await sealOrQueue(step, event);
  return event;
}

export async function sendWords(step: Step, words: Words, replyTo: Hex | null): Promise<EventRecord> {
  if (replyTo !== null) await rowRecord(step, replyTo);
  const event = await say(
    step,
    textContent({
      salt: salt(step),
      text: words.text,
      mentions: mentionsOf(words),
      inReplyTo: replyTo === null ? null : toBytes(replyTo),
      expires: timerExpiration(disappearAfter(step.state)),
    }),
  );
  step.setRecord({ draft: "", activeAt: event.sentAt });
  return event;
}

export async function editWords(step: Step, id: Hex, words: Words): Promise<void> {
  const record = await rowRecord(step, id);
  if (!record.isOwn) throw new IntentError("message-not-own");
  if (record.kind !== "text") throw new IntentError("message-not-own");
  if (record.text === words.text) return;
  await say(
    step,
    textContent({ salt: salt(step), text: words.text, mentions: mentionsOf(words), replaces: toBytes(id) }),
  );
}

export async function deleteForEveryone(step: Step, id: Hex): Promise<void> {
  const record = await rowRecord(step, id);
  if (!record.isOwn) throw new IntentError("message-not-own");
  await say(step, deletionContent({ salt: salt(step), replaces: toBytes(id) }));
}

/** Any row, one that was deleted for everyone too. */
export async function deleteForMe(step: Step, id: Hex): Promise<void> {
  const record = await step.event(id);
  if (record === null || record.conversationId !== step.id || record.row === "none") return;
  await mark(step, id, { isHidden: true, isStarred: false });
}

export async function setStarred(step: Step, id: Hex, isStarred: boolean): Promise<void> {
  await rowRecord(step, id);
  await mark(step, id, { isStarred });
}

export async function setPinned(step: Step, id: Hex, isPinned: boolean): Promise<void> {
  await rowRecord(step, id);
  const { row } = await judged(step, id);
  if (row.isPinned !== isPinned) await say(step, pinContent({ salt: salt(step), target: toBytes(id), isPinned }));
}

export async function setReaction(step: Step, id: Hex, reaction: string, isOn: boolean): Promise<void> {
  await rowRecord(step, id);
  const { row, about } = await judged(step, id);
  const self = contextOf(
    step.core,
    step.state.roster.rights,
    { isOwn: false, delivery: "", readAt: 0 },
    undefined,
  ).self;
  const isThere = row.reactions.some((one) => isSameEmoji(one.reaction, reaction) && one.accounts.includes(self));
  if (isThere === isOn) return;
  if (isOn) return void (await say(step, reactionContent({ salt: salt(step), reaction, to: toBytes(id) })));
  const standing = about.findLast(
    ({ content, account }) =>
      content.kind === "reaction" && content.to === id && account === self && isSameEmoji(content.reaction, reaction),
  );
  if (standing === undefined) return;
  await say(step, deletionContent({ salt: salt(step), replaces: toBytes(standing.id), isReaction: true }));
}

/** What of a message goes on to other chats: the parts as they are shown now. */
export async function forwardable(
  core: SessionCore,
  rights: RightsHistory,
  chat: string,
  id: Hex,
): Promise<MessageContent> {
  const { store, provider } = core;
  const record = await store.get("event", id);
  if (record === null || record.conversationId !== chat || record.row !== "counted")
    throw new IntentError("message-gone");
  const row = await judgedRow(core, rights, record, await store.eventsAbout(chat, [id]));
  const version = await store.get("event", row.versions.at(-1)?.id ?? id);
  const event = version === null ? null : openEvent(provider, version.header, version.body);
  const body = event !== null && event.ok ? event.value.body : null;
  const content = body?.kind === "content" ? decodeMessageContent(body.content) : null;
  if (content === null || !content.ok) throw new IntentError("message-gone");
  return content.value;
}

export async function forwardHere(step: Step, contents: readonly MessageContent[]): Promise<void> {
  const expires = timerExpiration(disappearAfter(step.state));
  for (const content of contents) {
    const event = await say(step, forwardedContent({ salt: salt(step), content, expires }));
    step.setRecord({ activeAt: event.sentAt });
  }
}

// ---- below

/** A message that is there to be acted on. */
async function rowRecord(step: Step, id: Hex): Promise<EventRecord> {
  const record = await step.event(id);
  const isThere = record !== null && record.conversationId === step.id && record.state === "shown";
  if (!isThere || record.row !== "counted" || record.header.length === 0) throw new IntentError("message-gone");
  return record;
}

async function judged(
  step: Step,
  id: Hex,
): Promise<{ readonly row: MessageRow; readonly about: readonly ViewEvent[] }> {
  const record = await rowRecord(step, id);
  const { store, provider } = step.core;
  const about = await store.eventsAbout(step.id, [id]);
  const row = await judgedRow(step.core, step.state.roster.rights, record, about);
  const views = about.map((one) => viewOf(provider, one)).filter((view) => view !== null);
  return { row, about: views.toSorted((a, b) => a.depth - b.depth || (a.id < b.id ? -1 : 1)) };
}

async function judgedRow(
  core: SessionCore,
  rights: RightsHistory,
  record: EventRecord,
  about: readonly EventRecord[],
): Promise<MessageRow> {
  const named = about.filter(({ kind }) => kind === "edit" || kind === "reaction").map(({ id }) => id);
  const more = named.length === 0 ? [] : await core.store.eventsAbout(record.conversationId, named);
  const views = [...about, ...more].map((one) => viewOf(core.provider, one)).filter((view) => view !== null);
  const root = viewOf(core.provider, record);
  const context = contextOf(core, rights, record, undefined);
  const row = root === null ? null : judgeRow(root, relatedTo(relationIndex(views), record.id), context).row;
  if (row?.kind !== "message") throw new IntentError("message-gone");
  return row;
}

const isSameEmoji = (a: string, b: string): boolean => a.replaceAll("\uFE0F", "") === b.replaceAll("\uFE0F", "");

/** Of an event that may be still to come. */
export async function mark(step: Step, id: Hex, part: Partial<MarkRecord>): Promise<void> {
  const [stored] = await step.core.store.marks([id]);
  const before = step.content.marks.get(id) ?? stored;
  const fresh = { id, conversationId: step.id, isStarred: false, isHidden: false };
  step.content.marks.set(id, { ...fresh, ...before, ...part, changedAt: step.core.clock.now() });
  step.content.due.add(id);
  step.after.push(() => step.core.topics.mark("marks"));
}

function mentionsOf({ text, mentions }: Words): readonly Mention[] {
  if (mentions.length > MAX_MENTIONS) throw new IntentError("internal");
  const read = mentions.map(({ start, end, accountId }) => {
    const id = parseAccountId(accountId);
    if (!id.ok || end > text.length) throw new IntentError("internal");
    return { start, end, account: accountIdToBytes(id.value) };
  });
  return read.toSorted((a, b) => a.start - b.start);
}
