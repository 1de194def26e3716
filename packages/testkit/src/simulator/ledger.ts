/**
 * What people have said, and what each device shows of it: the measure of every world. A text is said once, so the text
 * is its name.
 *
 * IN1 Nothing is shown twice, changes its place, or goes away again.
 * IN2 Nothing is shown before something that its author had seen when they wrote it, unless a gap is shown too.
 * IN3 Nobody is shown what nobody said.
 * IN4 At the end everything that was acknowledged to its author is shown to everybody in the chat. In a group: to
 *     everybody whom it was for, where nobody has ever wanted author or reader out.
 * IN9 Who was removed is shown nothing that was written by somebody who no longer counted them in.
 */
import type { MessageView } from "@xchat/client/api";

/** In every text, and nowhere on a wire. */
export const MARK = "~in the clear~";

/** Whom a word in a group is for. */
export interface Audience {
  readonly owed: ReadonlySet<string>;
  /** People who had been members for its author, and were not any more. */
  readonly hidden: ReadonlySet<string>;
  readonly isWantedBack: (person: string) => boolean;
}

interface Said {
  readonly chat: string;
  readonly author: string;
  readonly at: number;
  /** Null in a chat of two: everybody there. */
  readonly audience: Audience | null;
  /** Written when all had come together. */
  readonly isLast: boolean;
  /** Ids that the author's device showed then, and not more. */
  readonly after: readonly string[];
  id: string | null;
  /** Whoever lost the only disk that had it cannot be owed it. */
  isOwed: boolean;
}

/** One chat as one device shows it. */
export class Shown {
  readonly person: string;
  readonly messages = new Map<string, MessageView>();
  readonly byText = new Map<string, string>();

  constructor(person = "") {
    this.person = person;
  }

  get hasGap(): boolean {
    for (const { content } of this.messages.values()) if (content.kind === "lost") return true;
    return false;
  }
}

export class Ledger {
  readonly #said = new Map<string, Said>();
  readonly #byId = new Map<string, Said>();
  readonly #wasWantedOut: (chat: string, person: string) => boolean;
  #count = 0;
  /** From now on all who are in a group are in it for good. */
  isLast = false;

  constructor(wasWantedOut: (chat: string, person: string) => boolean = () => false) {
    this.#wasWantedOut = wasWantedOut;
  }

  get size(): number {
    return this.#said.size;
  }

  /** A new text, about to be written. */
  say(author: string, chat: string, at: number, after: readonly string[], audience: Audience | null = null): string {
    const text = `${MARK} ${author} ${this.#count++}`;
    this.#said.set(text, { chat, author, at, after, audience, isLast: this.isLast, id: null, isOwed: false });
    return text;
  }

  acknowledged(text: string, id: string): void {
    const said = this.#said.get(text) as Said;
    said.id = id;
    said.isOwed = true;
    this.#byId.set(id, said);
  }

  /** The device goes on from what it was at that time: what it has said since may never have left it. */
  rolledBack(author: string, to: number): void {
    for (const said of this.#said.values()) if (said.author === author && said.at >= to) said.isOwed = false;
  }

  owed(chat: string, person = ""): readonly string[] {
    return [...this.#said]
      .filter(([, said]) => said.isOwed && said.chat === chat && this.#isFor(said, person))
      .map(([text]) => text);
  }

  /** In a group: whether anybody beside its author must have it in the end. */
  isOwedToOthers(text: string): boolean {
    const said = this.#said.get(text);
    if (said === undefined || !said.isOwed || said.audience === null) return false;
    return [...said.audience.owed].some((person) => person !== said.author && this.#isFor(said, person));
  }

  /** The place of what was lost; and what somebody said who was taken out meanwhile, if that does not count (GR25). */
  mayGo({ content }: MessageView): boolean {
    const said = content.kind === "text" ? this.#said.get(content.text) : undefined;
    return content.kind === "lost" || (said !== undefined && this.#wasWantedOut(said.chat, said.author));
  }

  #isFor({ audience, chat, author, isLast }: Said, person: string): boolean {
    if (audience === null) return true;
    if (!audience.owed.has(person)) return false;
    return isLast || (!this.#wasWantedOut(chat, person) && !this.#wasWantedOut(chat, author));
  }

  /** Takes what a device shows from now on; answers with what is wrong about it. */
  show(chat: string, shown: Shown, changed: readonly MessageView[], removed: readonly string[]): readonly string[] {
    const problems: string[] = [];
    for (const id of removed) {
      const before = shown.messages.get(id);
      if (before !== undefined && !this.mayGo(before)) problems.push(`[IN1] went away: ${nameOf(before)}`);
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
    if (said.audience?.hidden.has(shown.person) === true && !said.audience.isWantedBack(shown.person))
      problems.push(`[IN9] shown to who was out: ${text}`);
    for (const id of said.after) {
      const cause = shown.messages.get(id);
      if (cause === undefined && !shown.hasGap && this.#isDue(said, id, shown.person))
        problems.push(`[IN2] shown before its cause: ${text}`);
      if (cause !== undefined && cause.order >= message.order) problems.push(`[IN2] stands before its cause: ${text}`);
    }
    return problems;
  }

  /** Who came into a group later begins later. */
  #isDue({ audience }: Said, cause: string, person: string): boolean {
    if (audience === null) return true;
    const said = this.#byId.get(cause);
    return said !== undefined && said.isOwed && this.#isFor(said, person);
  }
}

const nameOf = ({ id, content }: MessageView): string =>
  content.kind === "text" ? content.text : `${content.kind} ${id}`;
