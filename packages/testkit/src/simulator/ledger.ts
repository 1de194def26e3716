/**
 * What people have said, and what each device shows of it: the measure of every world. A text is said once, so the text
 * is its name.
 *
 * IN1 Nothing is shown twice, changes its place, or goes away again.
 * IN2 Nothing is shown before something that its author had seen when they wrote it, unless a gap is shown too.
 * IN3 Nobody is shown what nobody said.
 * IN4 At the end everything that was acknowledged to its author is shown to everybody in the chat.
 */
import type { MessageView } from "@xchat/client/api";

/** In every text, and nowhere on a wire. */
export const MARK = "~in the clear~";

interface Said {
  readonly chat: string;
  readonly author: string;
  readonly at: number;
  /** Ids that the author's device showed then, and not more. */
  readonly after: readonly string[];
  id: string | null;
  /** Whoever lost the only disk that had it cannot be owed it. */
  isOwed: boolean;
}

/** One chat as one device shows it. */
export class Shown {
  readonly messages = new Map<string, MessageView>();
  readonly byText = new Map<string, string>();

  get hasGap(): boolean {
    for (const { content } of this.messages.values()) if (content.kind === "lost") return true;
    return false;
  }
}

export class Ledger {
  readonly #said = new Map<string, Said>();
  #count = 0;

  get size(): number {
    return this.#said.size;
  }

  /** A new text, about to be written. */
  say(author: string, chat: string, at: number, after: readonly string[]): string {
    const text = `${MARK} ${author} ${this.#count++}`;
    this.#said.set(text, { chat, author, at, after, id: null, isOwed: false });
    return text;
  }

  acknowledged(text: string, id: string): void {
    const said = this.#said.get(text) as Said;
    said.id = id;
    said.isOwed = true;
  }

  /** The device goes on from what it was at that time: what it has said since may never have left it. */
  rolledBack(author: string, to: number): void {
    for (const said of this.#said.values()) if (said.author === author && said.at >= to) said.isOwed = false;
  }

  owed(chat: string): readonly string[] {
    return [...this.#said].filter(([, said]) => said.isOwed && said.chat === chat).map(([text]) => text);
  }

  /** Takes what a device shows from now on; answers with what is wrong about it. */
  show(chat: string, shown: Shown, changed: readonly MessageView[], removed: readonly string[]): readonly string[] {
    const problems: string[] = [];
    for (const id of removed) {
      const before = shown.messages.get(id);
      if (before !== undefined && before.content.kind !== "lost") problems.push(`[IN1] went away: ${nameOf(before)}`);
      shown.messages.delete(id);
    }
    const fresh: MessageView[] = [];
    for (const message of changed) {
      const before = shown.messages.get(message.id);
      if (before === undefined) fresh.push(message);
      else if (before.order !== message.order && before.content.kind !== "lost")
        problems.push(`[IN1] changed its place: ${nameOf(message)}`);
      shown.messages.set(message.id, message);
    }
    for (const message of fresh) problems.push(...this.#appear(chat, shown, message));
    return problems;
  }

  #appear(chat: string, shown: Shown, message: MessageView): readonly string[] {
    if (message.content.kind !== "text") return [];
    const { text } = message.content;
    const problems: string[] = [];
    const before = shown.byText.get(text);
    if (before !== undefined && before !== message.id) problems.push(`[IN1] shown twice: ${text}`);
    shown.byText.set(text, message.id);
    const said = this.#said.get(text);
    if (said === undefined || said.chat !== chat) return [...problems, `[IN3] nobody said: ${text}`];
    for (const id of said.after) {
      const cause = shown.messages.get(id);
      if (cause === undefined && !shown.hasGap) problems.push(`[IN2] shown before its cause: ${text}`);
      if (cause !== undefined && cause.order >= message.order) problems.push(`[IN2] stands before its cause: ${text}`);
    }
    return problems;
  }
}

const nameOf = ({ id, content }: MessageView): string =>
  content.kind === "text" ? content.text : `${content.kind} ${id}`;
