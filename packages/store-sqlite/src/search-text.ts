/**
 * What search compares: words without case, marks and compatibility forms. Scripts that put no spaces between words
 * are cut into overlapping pairs of characters, so that a part of a run is found wherever it stands. Index and query go
 * through the same function; the engine's own tokenizer only splits at the spaces written here.
 *
 * "Straße in Köln" → strasse in koln · "東京都" → 東京 京都 都
 */
const UNSPACED = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー`;
const UNSPACED_RUN = new RegExp(`[${UNSPACED}][${UNSPACED}\\p{M}]*`, "gu");
const NO_WORD = /[^\p{L}\p{N}\p{M}\p{Co}]+/gu;
const INVISIBLE = /[\p{Cf}\u0640]/gu;
/** Accents, and the vowel points of Arabic and Hebrew. In other scripts marks are vowels; in kana they are letters. */
const ACCENTS = /(?![\u3099\u309A])(?=\p{M})[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}]/gu;
/** More words than anybody types; a query beyond it is cut. */
const MAX_QUERY_WORDS = 32;

export function normaliseText(text: string): string {
  const bare = text.normalize("NFKD").replace(ACCENTS, "").replace(INVISIBLE, "").normalize("NFKC");
  // Upper case first is as near to full case folding as the language comes: ß and ss, ı and i meet.
  return bare.toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

/** The tokens of a text, in order, separated by spaces. */
export function indexedWords(text: string): string {
  return words(text)
    .flatMap((word) => (word.isUnspaced ? pairs(word.characters) : [word.characters.join("")]))
    .join(" ");
}

/**
 * The full-text query for what a person typed: every word, as the beginning of a word; `null` when there is nothing to
 * look for. Nothing of the input reaches the query's own syntax: words consist of letters, digits and marks.
 */
export function searchQuery(text: string): string | null {
  const parts = words(text)
    .slice(0, MAX_QUERY_WORDS)
    .map(({ characters, isUnspaced }) => {
      if (!isUnspaced || characters.length === 1) return `"${characters.join("")}"*`;
      return `"${pairs(characters).slice(0, -1).join(" ")}"`;
    });
  return parts.length === 0 ? null : parts.join(" AND ");
}

interface Word {
  /** Letters with the marks that belong to them. */
  readonly characters: readonly string[];
  readonly isUnspaced: boolean;
}

function words(text: string): readonly Word[] {
  const found: Word[] = [];
  for (const spaced of normaliseText(text).replace(NO_WORD, " ").split(" ")) {
    let end = 0;
    for (const run of spaced.matchAll(UNSPACED_RUN)) {
      addWord(found, spaced.slice(end, run.index), false);
      addWord(found, run[0], true);
      end = run.index + run[0].length;
    }
    addWord(found, spaced.slice(end), false);
  }
  return found;
}

function addWord(found: Word[], text: string, isUnspaced: boolean): void {
  const characters = text.match(/\P{M}\p{M}*|^\p{M}+/gu);
  if (characters !== null) found.push({ characters, isUnspaced });
}

/** Each character with the next; the last stands alone, so that each one begins some token. */
const pairs = (characters: readonly string[]): readonly string[] =>
  characters.map((character, index) => character + (characters[index + 1] ?? ""));
