/**
 * What this project adds to a content container, in its `extensions` (spec/content.md, section 2): mentions, that a
 * message was forwarded, pins. Another reader keeps and ignores them.
 *
 * MC6 Mentions are `[start, length, account]` in bytes of the UTF-8 text, ascending, apart, and on whole characters. A
 *     list that is none of that is no list: the text is shown plainly.
 * MC7 A pin is a null part with `inReplyTo` and a yes or no. It is no message and no deletion.
 */
import type { CborValue } from "@xchat/codec";
import type { MessageContent } from "./mimi.ts";

export const EXTENSION = { mentions: "xchat.mentions", forwarded: "xchat.forwarded", pin: "xchat.pin" } as const;
export const MAX_MENTIONS = 64;
const ACCOUNT_BYTES = 32;

/** Somebody named in a text, from index `start` up to `end` of the string as JavaScript counts it. */
export interface Mention {
  readonly start: number;
  readonly end: number;
  /** The account id as 32 bytes. */
  readonly account: Uint8Array;
}

type Extensions = MessageContent["extensions"];

/** @throws RangeError when there are too many, they overlap, or reach beyond the text. */
export function mentionsExtension(text: string, mentions: readonly Mention[]): CborValue {
  if (mentions.length > MAX_MENTIONS) throw new RangeError("too many mentions");
  const offsets = byteOffsets(text);
  const written: CborValue[] = [];
  let before = 0;
  for (const { start, end, account } of mentions) {
    const [from, to] = [offsets.get(start), offsets.get(end)];
    if (from === undefined || to === undefined || start < before || end <= start || account.length !== ACCOUNT_BYTES) {
      throw new RangeError("bad mention");
    }
    written.push([from, to - from, account]);
    before = end;
  }
  return written;
}

export function readMentions(text: string, extensions: Extensions): readonly Mention[] {
  const list = extensions.get(EXTENSION.mentions);
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_MENTIONS) return [];
  const indexes = new Map(Array.from(byteOffsets(text), ([index, offset]) => [offset, index]));
  const mentions: Mention[] = [];
  let before = 0;
  for (const entry of list as readonly CborValue[]) {
    const mention = readMention(entry, indexes);
    if (mention === null || mention.start < before) return [];
    before = mention.end;
    mentions.push(mention);
  }
  return mentions;
}

function readMention(entry: CborValue, indexes: ReadonlyMap<number, number>): Mention | null {
  if (!Array.isArray(entry) || entry.length !== 3) return null;
  const [from, length, account] = entry as readonly CborValue[];
  if (typeof from !== "number" || typeof length !== "number" || length < 1) return null;
  if (!(account instanceof Uint8Array) || account.length !== ACCOUNT_BYTES) return null;
  const [start, end] = [indexes.get(from), indexes.get(from + length)];
  return start === undefined || end === undefined ? null : { start, end, account };
}

/** Index in the string → offset in its UTF-8, for the beginning of each character and the end. */
function byteOffsets(text: string): ReadonlyMap<number, number> {
  const offsets = new Map([[0, 0]]);
  let [index, offset] = [0, 0];
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    index += character.length;
    offset += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
    offsets.set(index, offset);
  }
  return offsets;
}

export const isForwarded = (extensions: Extensions): boolean => extensions.get(EXTENSION.forwarded) === true;

/** `null` where the container is no pin. */
export function readPin(content: MessageContent): { readonly target: Uint8Array; readonly isPinned: boolean } | null {
  const value = content.extensions.get(EXTENSION.pin);
  const { part, inReplyTo, replaces } = content;
  if (typeof value !== "boolean" || inReplyTo === null || replaces !== null || part.body.kind !== "null") return null;
  return { target: inReplyTo, isPinned: value };
}
