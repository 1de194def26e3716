/** Who can be named in a message, and where a text names them: `@` and the whole name. */
import type { MentionInput } from "@xchat/client/api";

export interface Mentionable {
  readonly accountId: string;
  readonly name: string;
}

const MAX_MENTIONS = 64;
const isPartOfWord = (character: string | undefined): boolean =>
  character !== undefined && /[\p{L}\p{N}_]/u.test(character);

/** Ascending and apart; where two names begin alike the longer one is meant. */
export function mentionsIn(text: string, people: readonly Mentionable[]): readonly MentionInput[] {
  const longestFirst = people.filter(({ name }) => name !== "").toSorted((a, b) => b.name.length - a.name.length);
  const found: MentionInput[] = [];
  for (let at = text.indexOf("@"); at !== -1 && found.length < MAX_MENTIONS; at = text.indexOf("@", at + 1)) {
    if (isPartOfWord(text[at - 1]) || at < (found.at(-1)?.end ?? 0)) continue;
    const person = longestFirst.find(
      ({ name }) => text.startsWith(name, at + 1) && !isPartOfWord(text[at + 1 + name.length]),
    );
    if (person === undefined) continue;
    found.push({ start: at, end: at + 1 + person.name.length, accountId: person.accountId });
  }
  return found;
}

/** What is being typed behind an `@`, up to the caret; null where nobody is being named. */
export function mentionQuery(text: string, caret: number): { readonly start: number; readonly wanted: string } | null {
  const start = text.lastIndexOf("@", caret - 1);
  if (start === -1 || isPartOfWord(text[start - 1])) return null;
  const wanted = text.slice(start + 1, caret);
  return wanted.length > 64 || wanted.includes("\n") ? null : { start, wanted };
}

const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Those whose name, or a word of it, begins so; a name that stands there whole is no longer a question. */
export function matching(people: readonly Mentionable[], wanted: string): readonly Mentionable[] {
  const begin = fold(wanted);
  return people
    .filter(({ name }) => name !== "" && name !== wanted.trimEnd())
    .filter(
      ({ name }) =>
        fold(name).startsWith(begin) ||
        fold(name)
          .split(" ")
          .some((word) => word.startsWith(begin)),
    )
    .slice(0, 6);
}
