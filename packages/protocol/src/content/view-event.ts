/** An event as the view sees it: who wrote it, its place, and what it means. Ids and keys are lower-case hex. */
import { bytesToHex } from "@xchat/codec";
import { decodeNotice, type Notice } from "../event/body.ts";
import type { SignedEvent } from "../event/event.ts";
import type { Hex } from "../log/state.ts";
import { contentMeaning } from "./meaning.ts";
import { decodeMessageContent, type Expiration } from "./mimi.ts";

/** Within a text, as JavaScript counts. */
export interface ViewMention {
  readonly start: number;
  readonly end: number;
  readonly account: Hex;
}

export type MessageBody =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly format: "plain" | "markdown";
      readonly mentions: readonly ViewMention[];
      readonly isForwarded: boolean;
    }
  /** Content of a later version, or of a kind that is not shown yet. */
  | { readonly kind: "unknown"; readonly isForwarded: boolean };

export type ViewContent =
  | {
      readonly kind: "message";
      readonly body: MessageBody;
      readonly replyTo: Hex | null;
      /** Set: an edit of that message. */
      readonly replaces: Hex | null;
      readonly expires: Expiration | null;
    }
  | { readonly kind: "reaction"; readonly reaction: string; readonly to: Hex; readonly replaces: Hex | null }
  | { readonly kind: "unreaction"; readonly replaces: Hex }
  | { readonly kind: "deletion"; readonly replaces: Hex }
  | { readonly kind: "pin"; readonly target: Hex; readonly isPinned: boolean }
  /** `null`: a notice of a later version. */
  | { readonly kind: "notice"; readonly notice: Notice | null }
  /** A body of a later version; `tag` is its kind where that could be read. */
  | { readonly kind: "unknown"; readonly tag: number | null }
  /** The header alone: deleted, disappeared, or kept back. */
  | { readonly kind: "withheld" };

export interface ViewEvent {
  readonly id: Hex;
  readonly account: Hex;
  readonly leafKey: Hex;
  readonly sequence: number;
  readonly depth: number;
  /** Milliseconds since 1970, as the author claims; `null` without a body. */
  readonly sentAt: number | null;
  readonly content: ViewContent;
}

/** Of an event whose signature has been verified. */
export function viewEvent(event: SignedEvent): ViewEvent {
  const { author, sequence, depth } = event.header;
  return {
    id: bytesToHex(event.id),
    account: bytesToHex(author.account),
    leafKey: bytesToHex(author.leafKey),
    sequence,
    depth,
    sentAt: event.body?.sentAt ?? null,
    content: viewContent(event),
  };
}

function viewContent({ body, bodyBytes }: SignedEvent): ViewContent {
  if (bodyBytes === null) return { kind: "withheld" };
  if (body === null) return { kind: "unknown", tag: null };
  if (body.kind === "notice") return { kind: "notice", notice: decodeNotice(body.content) };
  if (body.kind !== "content") return { kind: "unknown", tag: body.kind };
  const decoded = decodeMessageContent(body.content);
  if (!decoded.ok) return { kind: "unknown", tag: 0 };
  const meaning = contentMeaning(decoded.value);
  switch (meaning.kind) {
    case "reaction":
      return {
        kind: "reaction",
        reaction: meaning.reaction,
        to: bytesToHex(meaning.to),
        replaces: hexOrNull(meaning.replaces),
      };
    case "unreaction":
    case "deletion":
      return { kind: meaning.kind, replaces: bytesToHex(meaning.replaces) };
    case "pin":
      return { kind: "pin", target: bytesToHex(meaning.target), isPinned: meaning.isPinned };
    default:
      return {
        kind: "message",
        body: messageBody(meaning),
        replyTo: hexOrNull(meaning.inReplyTo),
        replaces: hexOrNull(meaning.replaces),
        expires: meaning.expires,
      };
  }
}

function messageBody(meaning: Extract<ReturnType<typeof contentMeaning>, { kind: "text" | "unknown" }>): MessageBody {
  if (meaning.kind === "unknown") return { kind: "unknown", isForwarded: meaning.isForwarded };
  const { kind, text, format, isForwarded } = meaning;
  const mentions = meaning.mentions.map(({ start, end, account }) => ({ start, end, account: bytesToHex(account) }));
  return { kind, text, format, mentions, isForwarded };
}

/**
 * The ids that an event acts on. What a message has become follows from the events that name it, and from those that
 * name its edits and reactions: a store that keeps these ids beside each event can make one row anew without reading the rest.
 */
export function relatedIds({ content }: ViewEvent): readonly Hex[] {
  switch (content.kind) {
    case "message":
      return content.replaces === null ? [] : [content.replaces];
    case "reaction":
      return content.replaces === null ? [content.to] : [content.to, content.replaces];
    case "unreaction":
    case "deletion":
      return [content.replaces];
    case "pin":
      return [content.target];
    default:
      return [];
  }
}

export const comparePlaces = (a: Pick<ViewEvent, "depth" | "id">, b: Pick<ViewEvent, "depth" | "id">): number =>
  a.depth - b.depth || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const hexOrNull = (id: Uint8Array | null): Hex | null => (id === null ? null : bytesToHex(id));
