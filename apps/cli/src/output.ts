/** How results are printed: text for people, one JSON object a line for scripts. */
import type { ChatView, Delivery, MessageView } from "@xchat/client/api";
import { safeLine, safeText } from "./safe-text.ts";

export interface Output {
  /** A result, with the words for people. */
  result(fields: Readonly<Record<string, unknown>>, words: string): void;
}

export const textOutput: Output = { result: (_fields, words) => void process.stdout.write(`${words}\n`) };
export const jsonOutput: Output = { result: (fields) => void process.stdout.write(`${JSON.stringify(fields)}\n`) };

export function deliveryWords(delivery: Delivery | null): string {
  switch (delivery?.state) {
    case undefined:
      return "";
    case "queued":
      return `queued (${delivery.why.replaceAll("-", " ")})`;
    case "stored":
      return `stored (${delivery.count} of ${delivery.of})`;
    default:
      return `${delivery?.state} (${delivery?.via === "direct" ? "directly" : "through nodes"})`;
  }
}

export function messageWords(message: MessageView, name: string): string {
  const time = new Date(message.sentAt).toISOString().slice(0, 16).replace("T", " ");
  const who = message.isOwn ? "me" : safeLine(name);
  const state = message.isOwn ? `  [${deliveryWords(message.delivery)}]` : "";
  return `${time}  ${who}: ${contentWords(message)}${state}`;
}

function contentWords({ content }: MessageView): string {
  switch (content.kind) {
    case "text":
      return safeText(content.text).replaceAll("\n", "\n    ");
    case "lost":
      return "(a message is missing here, and nobody has it)";
    case "notice":
      return `(${content.notice})`;
    default:
      return "(written by a newer version; kept)";
  }
}

export function chatWords(chat: ChatView): string {
  const marks = [
    chat.state === "active" ? "" : chat.state,
    chat.isVerified ? "verified" : "",
    chat.unread > 0 ? `${chat.unread} new` : "",
    chat.missing > 0 ? `${chat.missing} missing` : "",
  ].filter((mark) => mark !== "");
  const last = chat.last === null ? "" : `  ${chat.last.isOwn ? "me: " : ""}${safeLine(chat.last.text).slice(0, 60)}`;
  return `${chat.id.slice(0, 8)}  ${safeLine(chat.name)}${marks.length > 0 ? ` (${marks.join(", ")})` : ""}${last}`;
}
