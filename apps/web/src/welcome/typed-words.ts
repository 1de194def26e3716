/** What somebody has typed or pasted of the 24 words so far. Nothing here leaves the page but by the one search. */
import { RECOVERY_WORD_LIST } from "@xchat/crypto/word-list";

export const WORD_COUNT = 24;
const MAX_SUGGESTIONS = 5;
/** No two words of the list begin with the same four letters: so many are enough. */
const SURE = 4;

export interface TypedWords {
  /** So many, whether they are on the list or not. */
  readonly count: number;
  /** Those that no word of the list begins with or is, from 1 on. The one that is being typed is given the time. */
  readonly unknown: readonly { readonly position: number; readonly word: string }[];
  /** Words that the one which is being typed can become; none where it is one already, and nothing else. */
  readonly suggestions: readonly string[];
  /** All of them, beginnings that can be one word alone made whole. */
  readonly text: string;
}

/** Numbers, commas and lines between them are forgiven, as is the case of letters. */
const SEPARATORS = /[\s,;.:\d]+/u;

export function readTypedWords(typed: string): TypedWords {
  const words = typed
    .normalize("NFKD")
    .toLowerCase()
    .split(SEPARATORS)
    .filter((word) => word !== "");
  const isTyping = words.length > 0 && !SEPARATORS.test(typed.slice(-1));
  const whole = words.map((word) => (word.length < SURE ? null : only(beginningWith(word))) ?? word);
  const isLast = (index: number): boolean => index === words.length - 1;
  const unknown = whole.flatMap((word, index) => {
    const isKnown = RECOVERY_WORD_LIST.includes(word) || (isTyping && isLast(index) && beginningWith(word).length > 0);
    return isKnown ? [] : [{ position: index + 1, word: words[index] as string }];
  });
  const current = isTyping ? (words.at(-1) as string) : "";
  const choices = current === "" ? [] : beginningWith(current);
  const isDone = choices.length === 1 && choices[0] === current;
  return {
    count: words.length,
    unknown,
    suggestions: isDone ? [] : choices.slice(0, MAX_SUGGESTIONS),
    text: whole.join(" "),
  };
}

/** What was typed, with its last word replaced by one that was chosen, and room for the next. */
export const withWord = (typed: string, word: string): string => `${typed.replace(/[^\s,;.:\d]*$/u, "")}${word} `;

/** A word that is itself on the list is meant, though longer ones begin with it. */
const beginningWith = (beginning: string): readonly string[] =>
  RECOVERY_WORD_LIST.filter((word) => word.startsWith(beginning));

const only = (words: readonly string[]): string | null => (words.length === 1 ? (words[0] as string) : null);
