/**
 * What one message has become: a function of the set of events about it, whatever the order in which they came
 * (spec/content.md, section 3). Where two events contradict each other, the one with the later place (depth, id) counts;
 * places are signed, and an event that cites another comes after it.
 *
 * MV1 An edit counts for messages of its own account alone, by someone who may write. It names the first version; what
 *     names an edit has no effect. The latest place is shown, the versions before are kept.
 * MV2 A deletion for everyone counts for events of its own account alone, and for good: no later edit, reaction or pin
 *     brings anything back. The header stays, and that there was something. It may name an edit or a reaction as well,
 *     which then have no effect: of a header alone nobody can tell what it was, and all are to show the same.
 * MV3 A person reacts once with each emoji: the latest place of reaction and taking back counts. At most
 *     `MAX_REACTIONS_OF_PERSON` of one person are shown, the latest.
 * MV4 A pin counts by who may pin; the latest place counts.
 * MV5 A message disappears so long after it was read, on the devices of who read it, and after it was sent, on those of
 *     who sent it. What the first version says counts: an edit neither shortens nor prolongs.
 */
import type { Rights } from "../group-state/rights.ts";
import type { Hex } from "../log/state.ts";
import { comparePlaces, type MessageBody, type ViewEvent } from "./view-event.ts";

export const MAX_REACTIONS_OF_PERSON = 16;
/** The first version, and the latest edits. */
export const MAX_VERSIONS = 16;

/** What the view takes from elsewhere. All of it converges by itself: rights by commits, the rest among own devices. */
export interface ViewContext {
  /** Own account. */
  readonly self: Hex;
  readonly rightsOf: (leafKey: Hex, sequence: number) => Rights;
  /** The earliest moment at which this person had read the event on any device, milliseconds since 1970. */
  readonly readAt: (id: Hex) => number | null;
  readonly isStarred: (id: Hex) => boolean;
  /** Deleted for this person alone. */
  readonly isHidden: (id: Hex) => boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Version {
  readonly id: Hex;
  readonly sentAt: number;
  readonly body: MessageBody;
}

export interface Reaction {
  readonly reaction: string;
  /** In the order in which they reacted. */
  readonly accounts: readonly Hex[];
}

interface Place {
  readonly id: Hex;
  readonly account: Hex;
  readonly leafKey: Hex;
  readonly sequence: number;
  readonly depth: number;
  readonly sentAt: number | null;
}

export interface MessageRow extends Place {
  readonly kind: "message";
  readonly body: MessageBody;
  /** Oldest first, with what is shown now at the end; one where it was never edited. */
  readonly versions: readonly Version[];
  readonly isEdited: boolean;
  readonly replyTo: Hex | null;
  readonly reactions: readonly Reaction[];
  readonly isPinned: boolean;
  readonly isStarred: boolean;
  readonly mentionsMe: boolean;
  /** When it disappears here; `null` never, or not before it is read. */
  readonly disappearsAt: number | null;
}

export type Row =
  | MessageRow
  | (Place & { readonly kind: "deleted" })
  | (Place & { readonly kind: "notice"; readonly notice: string | null })
  | (Place & { readonly kind: "pin"; readonly target: Hex; readonly isPinned: boolean })
  | (Place & { readonly kind: "unknown"; readonly tag: number | null });

/** `row` null: not shown. */
export interface Outcome {
  readonly row: Row | null;
  /** The pin that is in force. */
  readonly pinnedBy: ViewEvent | null;
  /** Events whose bodies are to be dropped: what was deleted or has disappeared, and what was said of it. */
  readonly purge: readonly Hex[];
  /** The author had no right to say this (GR25). The app tells it to who wrote it: nothing is dropped in silence. */
  readonly isRefused: boolean;
}

const NOTHING: Outcome = { row: null, pinnedBy: null, purge: [], isRefused: false };

/**
 * @param related at least all events for which `relatedIds` names `root`, an edit of it or a reaction to it; more do no
 *   harm.
 */
export function judgeRow(root: ViewEvent, related: readonly ViewEvent[], context: ViewContext): Outcome {
  const rights = context.rightsOf(root.leafKey, root.sequence);
  if (isRefused(root, rights)) return { ...NOTHING, isRefused: true };
  const about = orderedOnce(related).filter(
    (event) => event.id !== root.id && context.rightsOf(event.leafKey, event.sequence).say !== "nothing",
  );
  const { content } = root;
  if (isDeletable(root) && rights.say === "write") {
    if (about.some((event) => isDeletionOf(event, root))) {
      // The time went with the body on devices that have dropped it: all are to show the same.
      return { ...NOTHING, row: { kind: "deleted", ...placeOf(root), sentAt: null }, purge: purged(root, about) };
    }
    if (content.kind === "withheld") return { ...NOTHING, purge: purged(root, about) };
    if (content.kind === "message" && content.replaces !== null) return NOTHING;
    if (context.isHidden(root.id) || hasDisappeared(root, context)) {
      return { ...NOTHING, purge: purged(root, about) };
    }
    if (content.kind === "message") return messageOutcome(root, content, undeleted(about), context);
  }
  return { ...NOTHING, row: context.isHidden(root.id) ? null : plainRow(root) };
}

function isRefused({ content }: ViewEvent, rights: Rights): boolean {
  if (rights.say === "nothing") return true;
  if (content.kind === "pin") return !rights.mayPin;
  const isSaying = content.kind === "message" || content.kind === "notice" || content.kind === "unknown";
  return isSaying && rights.say !== "write";
}

/** Where there is nothing to edit or react to. */
function plainRow(root: ViewEvent): Row | null {
  const { content } = root;
  const isShown = content.kind === "pin" || content.kind === "notice" || content.kind === "unknown";
  return isShown ? { ...content, ...placeOf(root) } : null;
}

function messageOutcome(
  root: ViewEvent,
  content: Extract<ViewEvent["content"], { kind: "message" }>,
  about: readonly ViewEvent[],
  context: ViewContext,
): Outcome {
  const versions = versionsOf(root, content.body, about, context);
  const shown = versions.at(-1) as Version;
  const pinnedBy = pinOf(root, about, context);
  const row: MessageRow = {
    kind: "message",
    ...placeOf(root),
    body: shown.body,
    versions,
    isEdited: versions.length > 1,
    replyTo: content.replyTo,
    reactions: reactionsTo(root.id, about),
    isPinned: pinnedBy !== null,
    isStarred: context.isStarred(root.id),
    mentionsMe: shown.body.kind === "text" && shown.body.mentions.some(({ account }) => account === context.self),
    disappearsAt: disappearsAt(root, context),
  };
  return { ...NOTHING, row, pinnedBy };
}

// ---- edits

function versionsOf(
  root: ViewEvent,
  body: MessageBody,
  about: readonly ViewEvent[],
  context: ViewContext,
): readonly Version[] {
  const edits: Version[] = [];
  for (const event of about) {
    const { content } = event;
    if (content.kind !== "message" || content.replaces !== root.id || event.account !== root.account) continue;
    if (context.rightsOf(event.leafKey, event.sequence).say !== "write") continue;
    edits.push({ id: event.id, sentAt: event.sentAt ?? 0, body: content.body });
  }
  return [{ id: root.id, sentAt: root.sentAt ?? 0, body }, ...edits.slice(-(MAX_VERSIONS - 1))];
}

// ---- deletions and disappearing

/**
 * What may come without its body, and so looks the same as a message that was deleted. The others say nothing that would
 * have to go, are never dropped, and so keep their effect.
 */
const isDeletable = ({ content }: ViewEvent): boolean =>
  content.kind === "message" ||
  content.kind === "reaction" ||
  content.kind === "unknown" ||
  content.kind === "withheld";

/** Without edits and reactions that their own account has deleted. */
function undeleted(about: readonly ViewEvent[]): readonly ViewEvent[] {
  const byTarget = new Map<Hex, Set<Hex>>();
  for (const { content, account } of about) {
    if (content.kind !== "deletion") continue;
    byTarget.set(content.replaces, (byTarget.get(content.replaces) ?? new Set()).add(account));
  }
  if (byTarget.size === 0) return about;
  return about.filter(({ id, account, content }) => {
    const isOpen = content.kind === "message" || content.kind === "reaction";
    return !isOpen || byTarget.get(id)?.has(account) !== true;
  });
}

const isDeletionOf = ({ content, account }: ViewEvent, root: ViewEvent): boolean =>
  content.kind === "deletion" && content.replaces === root.id && account === root.account;

/** Milliseconds since 1970; `null` never, or not before it is read. */
export function disappearsAt(root: ViewEvent, context: Pick<ViewContext, "self" | "readAt">): number | null {
  const { content } = root;
  if (content.kind !== "message" || content.expires === null) return null;
  const { isRelative, seconds } = content.expires;
  if (!isRelative) return seconds * 1_000;
  const start = root.account === context.self ? root.sentAt : context.readAt(root.id);
  return start === null ? null : start + seconds * 1_000;
}

function hasDisappeared(root: ViewEvent, context: ViewContext): boolean {
  const at = disappearsAt(root, context);
  return at !== null && at <= context.now;
}

/** With a message go its versions and reactions; not what others wrote in reply. */
function purged(root: ViewEvent, about: readonly ViewEvent[]): readonly Hex[] {
  const ids = root.content.kind === "withheld" ? [] : [root.id];
  for (const { id, content, account } of about) {
    const isEdit = content.kind === "message" && content.replaces === root.id && account === root.account;
    const isReaction = content.kind === "reaction" && content.to === root.id;
    if (isEdit || isReaction) ids.push(id);
  }
  return ids.toSorted();
}

// ---- reactions

interface Toggle {
  readonly account: Hex;
  readonly reaction: string;
  readonly isOn: boolean;
}

function reactionsTo(target: Hex, about: readonly ViewEvent[]): readonly Reaction[] {
  const made = new Map<Hex, Toggle>();
  for (const { id, account, content } of about) {
    if (content.kind !== "reaction" || content.to !== target) continue;
    made.set(id, { account, reaction: content.reaction, isOn: true });
  }
  // In the order of places; a key that is set again moves to the end.
  const standing = new Map<string, Toggle>();
  const toggle = (next: Toggle): void => {
    const key = `${next.account} ${emojiKey(next.reaction)}`;
    standing.delete(key);
    standing.set(key, next);
  };
  for (const event of about) {
    const { content } = event;
    if (content.kind !== "reaction" && content.kind !== "unreaction") continue;
    const old = content.replaces === null ? undefined : made.get(content.replaces);
    if (content.kind === "reaction" && content.to !== target) continue;
    if (old !== undefined && old.account === event.account) toggle({ ...old, isOn: false });
    if (content.kind === "reaction") toggle({ account: event.account, reaction: content.reaction, isOn: true });
  }
  return grouped([...standing.values()].filter(({ isOn }) => isOn));
}

function grouped(toggles: readonly Toggle[]): readonly Reaction[] {
  const counts = new Map<Hex, number>();
  const isKept = new Set<Toggle>();
  for (const one of toggles.toReversed()) {
    const count = (counts.get(one.account) ?? 0) + 1;
    counts.set(one.account, count);
    if (count <= MAX_REACTIONS_OF_PERSON) isKept.add(one);
  }
  const groups = new Map<string, { readonly reaction: string; readonly accounts: Hex[] }>();
  for (const one of toggles.filter((toggle) => isKept.has(toggle))) {
    const key = emojiKey(one.reaction);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { reaction: one.reaction, accounts: [one.account] });
    else group.accounts.push(one.account);
  }
  return [...groups.values()];
}

/** With and without the request for a picture (U+FE0F) it is the same emoji. */
const emojiKey = (reaction: string): string => reaction.replaceAll("\uFE0F", "");

// ---- pins

function pinOf(root: ViewEvent, about: readonly ViewEvent[], context: ViewContext): ViewEvent | null {
  const last = about.findLast(
    ({ content, leafKey, sequence }) =>
      content.kind === "pin" && content.target === root.id && context.rightsOf(leafKey, sequence).mayPin,
  );
  return last?.content.kind === "pin" && last.content.isPinned ? last : null;
}

// ---- order

const placeOf = ({ id, account, leafKey, sequence, depth, sentAt }: ViewEvent): Place => ({
  id,
  account,
  leafKey,
  sequence,
  depth,
  sentAt,
});

/** Each event once, by place. */
export function orderedOnce(events: readonly ViewEvent[]): readonly ViewEvent[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  return [...byId.values()].toSorted(comparePlaces);
}
