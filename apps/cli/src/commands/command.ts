/** What a command is, and how commands find what a person names. */
import {
  IntentError,
  type ChatView,
  type ClientApi,
  type IntentErrorCode,
  type PairChatView,
  type Query,
  type ViewTypes,
} from "@xchat/client/api";
import { MIN_ID } from "../describe.ts";
import type { Output } from "../output.ts";
import type { ProfileFolder } from "../profile-folder.ts";

export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export interface CommandInput {
  readonly api: ClientApi;
  readonly out: Output;
  readonly folder: ProfileFolder;
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly environment: NodeJS.ProcessEnv;
  /** Ends a command that follows. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly usage: string;
  readonly does: string;
  /** Flags of its own, of those in `arguments.ts`. */
  readonly flags: readonly string[];
  /** Works without an unlocked profile. */
  readonly isWithoutProfile?: true;
  /** Shows what came from the nodes: waits a moment for them when the process has only just started. */
  readonly isOfNews?: true;
  /** The exit code, where it is not 0. */
  readonly run: (input: CommandInput) => Promise<number | void>;
}

export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A refusal of the client, in words that fit better than those of its code. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: IntentErrorCode;
  constructor(code: IntentErrorCode, words: string) {
    super(words);
    this.code = code;
  }
}

export const textFlag = (flags: Flags, name: string): string | undefined =>
  typeof flags[name] === "string" ? flags[name] : undefined;

/** @throws UsageError when it is no whole number of the range. */
export function numberFlag(flags: Flags, name: string, fallback: number, max: number): number {
  const text = textFlag(flags, name);
  if (text === undefined) return fallback;
  if (!/^[0-9]{1,9}$/u.test(text) || Number(text) < 1 || Number(text) > max) {
    throw new UsageError(`--${name} takes a number from 1 to ${max}`);
  }
  return Number(text);
}

/** The present view. */
export function view<Q extends Exclude<Query, { view: "messages" }>>(
  api: ClientApi,
  query: Q,
): Promise<ViewTypes[Q["view"]]> {
  return new Promise((resolve) => {
    const end = api.watch(query, (found) => {
      queueMicrotask(() => end());
      resolve(found);
    });
  });
}

/** By the beginning of its id, or by a name. @throws IntentError, UsageError */
export async function findChat(api: ClientApi, wanted: string | undefined): Promise<ChatView> {
  if (wanted === undefined) throw new UsageError("Which chat? See: xchat chats");
  const chats = await view(api, { view: "chats" });
  const isCalled = (name: string): boolean => name.toLowerCase() === wanted.toLowerCase();
  // The name that this person gave goes before the one that others give themselves.
  const choices = [
    byBeginning(chats, wanted),
    chats.filter(({ name }) => isCalled(name)),
    chats.filter((chat) => chat.kind === "pair" && isCalled(chat.theirName)),
  ];
  return onlyOne(choices.find((found) => found.length > 0) ?? [], wanted, "chat-missing");
}

/** The same, where only a chat of two makes sense. @throws IntentError, UsageError */
export async function findPair(api: ClientApi, wanted: string | undefined): Promise<PairChatView> {
  const chat = await findChat(api, wanted);
  if (chat.kind !== "pair") throw new UsageError("That is a group. See: xchat help group");
  return chat;
}

/** Those whose id begins so. */
export const byBeginning = <T extends { readonly id: string }>(items: readonly T[], wanted: string): readonly T[] =>
  wanted.length < MIN_ID ? [] : items.filter(({ id }) => id.startsWith(wanted));

/** @throws UsageError when there are several, IntentError with `code` when there is none. */
export function onlyOne<T>(items: readonly T[], wanted: string, code: IntentErrorCode): T {
  const [found, another] = items;
  if (found === undefined) throw new IntentError(code);
  if (another !== undefined) throw new UsageError(`More than one is meant by ${wanted}: give more of the id.`);
  return found;
}
