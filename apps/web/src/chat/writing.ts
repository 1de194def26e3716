/** What the field of an open chat is for: a new message, an answer, or other words for an own message. */
import type { MessageView } from "@xchat/client/api";

export type Writing =
  | { readonly kind: "new" }
  | { readonly kind: "reply"; readonly to: MessageView }
  | { readonly kind: "edit"; readonly message: MessageView };

export const NEW: Writing = { kind: "new" };

export const textOf = ({ content }: MessageView): string => (content.kind === "text" ? content.text : "");

/** The last own message whose words can be edited. */
export const lastOwnText = (messages: readonly MessageView[]): MessageView | undefined =>
  messages.findLast(({ isOwn, content }) => isOwn && content.kind === "text");
