/**
 * What a message means, from its content container, and the containers that this version writes
 * (spec/event.md, section 5; spec/content.md). What has no meaning here is `unknown`: it is kept and shown as such.
 *
 * MC4 Text is written as `text/plain;charset=utf-8` with disposition `render`; Markdown is read as well.
 * MC5 A null part that replaces a message deletes it; with disposition `reaction` it takes a reaction back.
 */
import { bytesToUtf8, utf8ToBytes, type CborValue } from "@xchat/codec";
import { EXTENSION, isForwarded, mentionsExtension, readMentions, readPin, type Mention } from "./marks.ts";
import { DISPOSITION, type Expiration, type MessageContent, type Part } from "./mimi.ts";

/** Longest text that the app sends in one message, in bytes of UTF-8. Longer is refused in words, before sending. */
export const MAX_TEXT_BYTES = 32_768;
export const MAX_REACTION_BYTES = 64;
export const PLAIN_TEXT = "text/plain;charset=utf-8";

interface Common {
  readonly inReplyTo: Uint8Array | null;
  readonly replaces: Uint8Array | null;
  readonly expires: Expiration | null;
}

export type ContentMeaning =
  /** `replaces` set: an edit. */
  | ({
      readonly kind: "text";
      readonly text: string;
      readonly format: "plain" | "markdown";
      readonly mentions: readonly Mention[];
      readonly isForwarded: boolean;
    } & Common)
  /** To the message `inReplyTo`. `replaces` set: instead of an earlier reaction. */
  | {
      readonly kind: "reaction";
      readonly reaction: string;
      readonly to: Uint8Array;
      readonly replaces: Uint8Array | null;
    }
  | { readonly kind: "unreaction"; readonly replaces: Uint8Array }
  | { readonly kind: "deletion"; readonly replaces: Uint8Array }
  | { readonly kind: "pin"; readonly target: Uint8Array; readonly isPinned: boolean }
  | ({ readonly kind: "unknown"; readonly isForwarded: boolean } & Common);

export interface TextInput {
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  readonly text: string;
  readonly inReplyTo?: Uint8Array | null;
  /** The message that this one edits. */
  readonly replaces?: Uint8Array | null;
  /** From the conversation's timer as it is when the message is written: `timerExpiration`. */
  readonly expires?: Expiration | null;
  readonly mentions?: readonly Mention[];
}

/** @throws RangeError when the text is longer than `MAX_TEXT_BYTES`, or a mention lies outside it. */
export function textContent(input: TextInput): MessageContent {
  const encoded = utf8ToBytes(input.text);
  if (encoded.length > MAX_TEXT_BYTES) throw new RangeError("text too long");
  const made = container(input.salt, input, textPart(DISPOSITION.render, encoded));
  const mentions = input.mentions ?? [];
  return mentions.length === 0 ? made : extended(made, EXTENSION.mentions, mentionsExtension(input.text, mentions));
}

/** The same words or parts as a message of one's own. Who wrote it, where, and to whom it answered stay behind. */
export function forwardedContent(input: {
  readonly salt: Uint8Array;
  readonly content: MessageContent;
  readonly expires?: Expiration | null;
}): MessageContent {
  const made = container(input.salt, { expires: input.expires ?? null }, input.content.part);
  return extended(made, EXTENSION.forwarded, true);
}

/** Pins a message in the chat for everyone, or takes the pin away. */
export function pinContent(input: {
  readonly salt: Uint8Array;
  readonly target: Uint8Array;
  readonly isPinned: boolean;
}): MessageContent {
  const part: Part = { disposition: DISPOSITION.unspecified, language: "", body: { kind: "null" } };
  return extended(container(input.salt, { inReplyTo: input.target }, part), EXTENSION.pin, input.isPinned);
}

/** What a conversation's timer asks of a message that is written now. */
export const timerExpiration = (disappearAfter: number | null): Expiration | null =>
  disappearAfter === null ? null : { isRelative: true, seconds: disappearAfter };

/** `replaces` is an earlier reaction of the same author to the same message. */
export function reactionContent(input: {
  readonly salt: Uint8Array;
  readonly reaction: string;
  readonly to: Uint8Array;
  readonly replaces?: Uint8Array | null;
}): MessageContent {
  const encoded = utf8ToBytes(input.reaction);
  if (encoded.length === 0 || encoded.length > MAX_REACTION_BYTES) throw new RangeError("bad reaction");
  const links = { inReplyTo: input.to, replaces: input.replaces ?? null };
  return container(input.salt, links, textPart(DISPOSITION.reaction, encoded));
}

/** Deletes a message for everyone; with `isReaction`, takes a reaction back. Only its author's counts. */
export function deletionContent(input: {
  readonly salt: Uint8Array;
  readonly replaces: Uint8Array;
  readonly isReaction?: boolean;
}): MessageContent {
  const disposition = input.isReaction === true ? DISPOSITION.reaction : DISPOSITION.render;
  return container(input.salt, input, { disposition, language: "", body: { kind: "null" } });
}

export function contentMeaning(content: MessageContent): ContentMeaning {
  const { inReplyTo, replaces, expires, part } = content;
  const common = { inReplyTo, replaces, expires };
  const pin = readPin(content);
  if (pin !== null) return { kind: "pin", ...pin };
  const unknown = { kind: "unknown", isForwarded: isForwarded(content.extensions), ...common } as const;
  if (part.body.kind === "null") return nullMeaning(part, common, unknown);
  if (part.disposition === DISPOSITION.reaction) return reactionMeaning(part, common, unknown);
  const found = findText(part);
  if (found === null) return unknown;
  const mentions = readMentions(found.text, content.extensions);
  return { kind: "text", ...found, mentions, isForwarded: unknown.isForwarded, ...common };
}

function nullMeaning(part: Part, { replaces }: Common, unknown: ContentMeaning): ContentMeaning {
  if (replaces === null) return unknown;
  return { kind: part.disposition === DISPOSITION.reaction ? "unreaction" : "deletion", replaces };
}

function reactionMeaning(part: Part, common: Common, unknown: ContentMeaning): ContentMeaning {
  const found = findText(part);
  const isUsable = found !== null && found.text !== "" && utf8ToBytes(found.text).length <= MAX_REACTION_BYTES;
  if (!isUsable || common.inReplyTo === null) return unknown;
  return { kind: "reaction", reaction: found.text, to: common.inReplyTo, replaces: common.replaces };
}

type FoundText = { readonly text: string; readonly format: "plain" | "markdown" };

/** The first text that may be shown for the whole, by the semantics of the parts. */
function findText(part: Part): FoundText | null {
  const { body } = part;
  if (body.kind === "single") return readText(body.contentType, body.content);
  // Parts of a single unit are all shown or none, and text is all that this version can show.
  if (body.kind !== "multi" || body.semantics === "single-unit") return null;
  for (const inner of body.parts) {
    const found = findText(inner);
    if (found !== null) return found;
  }
  return null;
}

function readText(contentType: string, content: Uint8Array): FoundText | null {
  const [mediaType, ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith("charset="));
  if (charset !== undefined && charset !== "charset=utf-8" && charset !== 'charset="utf-8"') return null;
  const format = FORMATS.get(mediaType?.trim() ?? "");
  const decoded = bytesToUtf8(content);
  return format === undefined || !decoded.ok ? null : { text: decoded.value, format };
}

const FORMATS: ReadonlyMap<string, "plain" | "markdown"> = new Map([
  ["text/plain", "plain"],
  ["text/markdown", "markdown"],
]);

const textPart = (disposition: number, content: Uint8Array): Part => ({
  disposition,
  language: "",
  body: { kind: "single", contentType: PLAIN_TEXT, content },
});

const extended = (content: MessageContent, name: string, value: CborValue): MessageContent => ({
  ...content,
  extensions: new Map([...content.extensions, [name, value]]),
});

function container(
  salt: Uint8Array,
  links: {
    readonly inReplyTo?: Uint8Array | null;
    readonly replaces?: Uint8Array | null;
    readonly expires?: Expiration | null;
  },
  part: Part,
): MessageContent {
  return {
    salt,
    replaces: links.replaces ?? null,
    topicId: new Uint8Array(0),
    expires: links.expires ?? null,
    inReplyTo: links.inReplyTo ?? null,
    extensions: new Map(),
    part,
  };
}
