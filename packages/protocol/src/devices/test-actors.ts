/** Two devices that link over a mailbox which a test can read, drop from, and write into. For tests only. */
import { expectOk } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { NOW, seedOf, type Person } from "../identity/test-actors.ts";
import { hintOf } from "../first-contact/test-actors.ts";
import {
  existingLinkStep,
  startExistingLink,
  type ExistingLink,
  type ExistingLinkEffect,
  type ExistingLinkInput,
} from "./link-existing.ts";
import { newLinkStep, startNewLink, type NewLink, type NewLinkEffect, type NewLinkInput } from "./link-new.ts";
import type { LinkCode } from "./link-code.ts";

/** What every device of a link does with its effects: frames go to the mailbox, the rest is for the test. */
interface Side<State, Effect> {
  state: State;
  readonly seen: Effect[];
  now: number;
}

export interface ExistingSide extends Side<ExistingLink, ExistingLinkEffect> {
  readonly person: Person;
}

export interface NewSide extends Side<NewLink, NewLinkEffect> {
  readonly deviceSeed: Uint8Array;
}

export type Mailbox = Uint8Array[];

export async function newExistingSide(
  provider: CryptoProvider,
  person: Person,
  mailbox: Mailbox,
): Promise<ExistingSide> {
  const environment = { provider, now: NOW, deviceSeed: person.deviceSeed };
  const nodes = [hintOf(provider, "home")];
  const started = await startExistingLink(environment, { chain: person.chain, name: person.name, nodes });
  const { state, effects } = expectOk(started, "link");
  const side = { state, seen: [], now: NOW, person };
  collect(side, effects, mailbox);
  return side;
}

export function newNewSide(provider: CryptoProvider, code: LinkCode, name = "laptop"): NewSide {
  const { state } = startNewLink(code, { deviceName: name, now: NOW });
  return { state, seen: [], now: NOW, deviceSeed: seedOf(provider, name) };
}

export async function tellExisting(
  provider: CryptoProvider,
  side: ExistingSide,
  mailbox: Mailbox,
  input: ExistingLinkInput,
): Promise<readonly ExistingLinkEffect[]> {
  const environment = { provider, now: side.now, deviceSeed: side.person.deviceSeed };
  const { state, effects } = await existingLinkStep(side.state, input, environment);
  side.state = state;
  return collect(side, effects, mailbox);
}

export async function tellNew(
  provider: CryptoProvider,
  side: NewSide,
  mailbox: Mailbox,
  input: NewLinkInput,
): Promise<readonly NewLinkEffect[]> {
  const environment = { provider, now: side.now, deviceSeed: side.deviceSeed };
  const { state, effects } = await newLinkStep(side.state, input, environment);
  side.state = state;
  return collect(side, effects, mailbox);
}

function collect<E extends { readonly kind: string }>(
  side: { readonly seen: E[] },
  effects: readonly E[],
  mailbox: Mailbox,
): readonly E[] {
  for (const effect of effects) {
    if ("frame" in effect) mailbox.push(effect.frame as Uint8Array);
    else side.seen.push(effect);
  }
  return effects;
}

/** Everything in the mailbox goes to both, each frame once, until nothing new comes. */
export async function exchange(
  provider: CryptoProvider,
  existing: ExistingSide,
  newSide: NewSide,
  mailbox: Mailbox,
  from = 0,
): Promise<number> {
  let at = from;
  for (; at < mailbox.length; at++) {
    const frame = mailbox[at] as Uint8Array;
    await tellExisting(provider, existing, mailbox, { kind: "frame", frame });
    await tellNew(provider, newSide, mailbox, { kind: "frame", frame });
  }
  return at;
}

export const lastSeen = <E extends { readonly kind: string }, K extends E["kind"]>(
  side: { readonly seen: readonly E[] },
  kind: K,
): Extract<E, { kind: K }> => {
  const found = side.seen.findLast((effect) => effect.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} among ${side.seen.map((effect) => effect.kind).join(", ")}`);
  return found as Extract<E, { kind: K }>;
};
