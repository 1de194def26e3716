/**
 * What people have said, and what each device shows of it: the measure of every world. A text is said once, so the text
 * is its name.
 *
 * IN1 Nothing is shown twice, changes its place, or goes away again.
 * IN2 Nothing is shown before something that its author had seen when they wrote it, unless a gap is shown too.
 * IN3 Nobody is shown what nobody said.
 * IN4 At the end everything that was acknowledged to its author is shown to everybody in the chat. In a group, and where
 *     people have several devices: on every device that it was for, where nobody has ever wanted author or reader out.
 * IN9 Who was removed, and what device was, is shown nothing that was written by somebody who no longer counted it in.
 */
import type { MessageView } from "@xchat/client/api";

/** In every text, and nowhere on a wire. */
export const MARK = "~in the clear~";

/** The devices that a word is for, by name. */
export interface Audience {
  readonly isOwed: (device: string) => boolean;
  /** They had been there for its author, and were not any more. */
  readonly isHidden: (device: string) => boolean;
}

interface Said {
  readonly chat: string;
  readonly author: string;
  readonly at: number;
  /** Null in a chat of two with one device each: both. */
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
  readonly device: string;
  readonly messages = new Map<string, MessageView>();
  readonly byText = new Map<string, string>();

  constructor(device = "") {
    this.device = device;
  }

  get hasGap(): boolean {
    for (const { content } of this.messages.values()) if (content.kind === "lost") return true;
    return false;
  }
}

export class Ledger {
  readonly #said = new Map<string, Said>();
  readonly #byId = new Map<string, Said>();
  readonly #wasWantedOut: (chat: string, device: string) => boolean;
  #count = 0;
  /** From now on all who are in a group are in it for good. */
  isLast = false;

  /** `wasWantedOut`: of a device, or of the person whose it is. */
  constructor(wasWantedOut: (chat: string, device: string) => boolean = () => false) {
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

  owed(chat: string, device = ""): readonly string[] {
    return [...this.#said]
      .filter(([, said]) => said.isOwed && said.chat === chat && this.#isFor(said, device))
      .map(([text]) => text);
  }

  /** Whether one of these, that is not its author's, must have it in the end. */
  isOwedToOthers(text: string, devices: readonly string[]): boolean {
    const said = this.#said.get(text);
    if (said === undefined || !said.isOwed) return false;
    return devices.some((device) => device !== said.author && this.#isFor(said, device));
  }

  /** The place of what was lost; and what somebody said who was taken out meanwhile, if that does not count (GR25). */
  mayGo({ content }: MessageView): boolean {
    const said = content.kind === "text" ? this.#said.get(content.text) : undefined;
    return content.kind === "lost" || (said !== undefined && this.#wasWantedOut(said.chat, said.author));
  }

  #isFor({ audience, chat, author, isLast }: Said, device: string): boolean {
    if (audience === null) return true;
    if (!audience.isOwed(device)) return false;
    return isLast || (!this.#wasWantedOut(chat, device) && !this.#wasWantedOut(chat, author));
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
    if (said.audience?.isHidden(shown.device) === true) problems.push(`[IN9] shown to who was out: ${text}`);
    for (const id of said.after) {
      const cause = shown.messages.get(id);
      if (cause === undefined && !shown.hasGap && this.#isDue(said, id, shown.device))
        problems.push(`[IN2] shown before its cause: ${text}`);
      if (cause !== undefined && cause.order >= message.order) problems.push(`[IN2] stands before its cause: ${text}`);
    }
    return problems;
  }

  /** Who came into a group later begins later. */
  #isDue({ audience }: Said, cause: string, device: string): boolean {
    if (audience === null) return true;
    const said = this.#byId.get(cause);
    return said !== undefined && said.isOwed && this.#isFor(said, device);
  }
}

const nameOf = ({ id, content }: MessageView): string =>
  content.kind === "text" ? content.text : `${content.kind} ${id}`;
