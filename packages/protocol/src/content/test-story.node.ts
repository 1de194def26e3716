/**
 * A conversation for the tests of the view: devices that hear of each other now and then, over the real log, so that
 * depths, sequence numbers and parents are as they would be.
 */
import { createHash } from "node:crypto";
import { appended, prepareOwn, receiveEvent } from "../log/receive.ts";
import { startLog, type EventFacts, type Hex, type Log, type LogEffect, type Lookup } from "../log/state.ts";
import type { ViewContent, ViewEvent } from "./view-event.ts";

export const hashOf = (text: string): Hex => createHash("sha256").update(text).digest("hex");

const CONVERSATION = hashOf("conversation");
const START = 1_700_000_000_000;

type Message = Extract<ViewContent, { kind: "message" }>;
export const plain = (
  text: string,
  over: Partial<Message> & { readonly mentions?: readonly { start: number; end: number; account: Hex }[] } = {},
): Message => {
  const { mentions = [], ...rest } = over;
  const body = { kind: "text", text, format: "plain", mentions, isForwarded: false } as const;
  return { kind: "message", body, replyTo: null, replaces: null, expires: null, ...rest };
};

class Device {
  log: Log;
  readonly shown = new Map<Hex, EventFacts>();
  readonly order: Hex[] = [];
  readonly #held = new Map<Hex, EventFacts>();

  constructor(name: string) {
    this.log = startLog({ conversation: CONVERSATION, self: hashOf(`leaf ${name}`) });
  }

  write(): EventFacts {
    const prepared = prepareOwn(this.log);
    const id = hashOf(JSON.stringify([this.log.self, prepared]));
    const event = { id, conversation: CONVERSATION, author: this.log.self, ...prepared };
    this.log = appended(this.log, event, START).log;
    this.shown.set(id, event);
    return event;
  }

  hear(event: EventFacts): void {
    const lookup: Lookup = {
      event: (id) => this.shown.get(id) ?? null,
      at: (author, sequence) =>
        [...this.shown.values()].find((one) => one.author === author && one.sequence === sequence)?.id ?? null,
    };
    this.#held.set(event.id, event);
    const step = receiveEvent(this.log, event, lookup, START);
    this.log = step.log;
    for (const effect of step.effects) this.#perform(effect);
  }

  #perform(effect: LogEffect): void {
    if (effect.kind !== "show") return;
    this.shown.set(effect.id, this.#held.get(effect.id) as EventFacts);
    this.order.push(effect.id);
  }
}

export class Story {
  readonly events: ViewEvent[] = [];
  readonly #facts = new Map<Hex, EventFacts>();
  readonly #devices = new Map<string, Device>();

  #device(name: string): Device {
    const device = this.#devices.get(name) ?? new Device(name);
    this.#devices.set(name, device);
    return device;
  }

  /** Says it on a device that has heard of what its content names, and answers with the id. */
  say(by: string, content: ViewContent): Hex {
    const device = this.#device(by);
    for (const id of namedIn(content)) this.#tell(device, id);
    const facts = device.write();
    this.#facts.set(facts.id, facts);
    this.events.push({
      id: facts.id,
      account: hashOf(`account ${by.split(".")[0]}`),
      leafKey: facts.author,
      sequence: facts.sequence,
      depth: facts.depth,
      sentAt: content.kind === "withheld" ? null : START + this.events.length * 1_000,
      content,
    });
    return facts.id;
  }

  /** Everybody hears everything. */
  share(): void {
    for (const device of this.#devices.values()) for (const { id } of this.events) this.#tell(device, id);
  }

  /** What a newcomer's log shows, in its order, when events arrive in the given one. */
  throughLog(arrivals: readonly ViewEvent[]): readonly ViewEvent[] {
    const newcomer = new Device("newcomer");
    for (const { id } of arrivals) newcomer.hear(this.#facts.get(id) as EventFacts);
    const byId = new Map(this.events.map((event) => [event.id, event]));
    return newcomer.order.map((id) => byId.get(id) as ViewEvent);
  }

  readonly #ancestors = new Map<Hex, ReadonlySet<Hex>>();

  ancestorsOf(id: Hex): ReadonlySet<Hex> {
    const known = this.#ancestors.get(id);
    if (known !== undefined) return known;
    const cited = this.#citedBy(id);
    const found = new Set(cited.flatMap((one) => [one, ...this.ancestorsOf(one)]));
    this.#ancestors.set(id, found);
    return found;
  }

  #citedBy(id: Hex): readonly Hex[] {
    const facts = this.#facts.get(id);
    if (facts === undefined) return [];
    return facts.previous === null ? facts.parents : [facts.previous, ...facts.parents];
  }

  /** With everything before it, as a device that has shown it has. */
  #tell(device: Device, id: Hex): void {
    if (device.shown.has(id) || !this.#facts.has(id)) return;
    const ancestors = this.ancestorsOf(id);
    for (const { id: other } of this.events) {
      const isNeeded = other === id || ancestors.has(other);
      if (isNeeded && !device.shown.has(other)) device.hear(this.#facts.get(other) as EventFacts);
    }
  }
}

function namedIn(content: ViewContent): readonly Hex[] {
  const named: Partial<Record<"replaces" | "to" | "target" | "replyTo", Hex | null>> = { ...content } as object;
  return [named.replaces, named.to, named.target, named.replyTo].filter((id) => typeof id === "string");
}

export type Said =
  | "text"
  | "reply"
  | "edit"
  | "deletion"
  | "reaction"
  | "unreaction"
  | "pin"
  | "unpin"
  | "notice"
  | "brief";

/** Says something about one of the things said before; about whichever, also where it makes no sense. */
export function say(story: Story, by: string, what: Said, about: number, emoji: string): void {
  const target = story.events[about % Math.max(1, story.events.length)]?.id ?? hashOf("nothing");
  const number = story.events.length;
  const contents: Record<Said, ViewContent> = {
    text: plain(`text ${number}`),
    reply: plain(`reply ${number}`, { replyTo: target }),
    edit: plain(`edit ${number}`, { replaces: target }),
    deletion: { kind: "deletion", replaces: target },
    reaction: { kind: "reaction", reaction: emoji, to: target, replaces: about % 3 === 0 ? target : null },
    unreaction: { kind: "unreaction", replaces: target },
    pin: { kind: "pin", target, isPinned: true },
    unpin: { kind: "pin", target, isPinned: false },
    notice: { kind: "notice", notice: "direct-on" },
    brief: plain(`brief ${number}`, { expires: { isRelative: true, seconds: 60 } }),
  };
  story.say(by, contents[what]);
}
