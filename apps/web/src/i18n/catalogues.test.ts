/** What a machine can see of a translation: nothing is missing, and nothing stands under another's name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatter } from "@lingui/format-po";
import { describe, expect, test } from "vitest";

const FOLDER = join(import.meta.dirname, "../locales");
const LANGUAGES = readdirSync(FOLDER).toSorted();

interface Entry {
  /** The words in English, with the context that tells equal ones apart. */
  readonly key: string;
  readonly source: string;
  readonly words: string;
}

async function catalogue(language: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const part of ["main", "more"]) {
    const text = readFileSync(join(FOLDER, language, `${part}.po`), "utf8");
    const parsed = await formatter().parse(text, { locale: language, sourceLocale: "en", filename: part });
    for (const { message, context, translation, obsolete } of Object.values(parsed)) {
      const source = message ?? "";
      if (obsolete !== true)
        entries.push({ key: `${part}: ${context ?? ""}|${source}`, source, words: translation ?? "" });
    }
  }
  return entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** What is filled in, and what is wrapped: the same in every language, in whatever order. */
const holes = (text: string): readonly string[] =>
  [...new Set(text.match(/\{\w+(?=[,}])|<\/?\d+\/?>/gu) ?? [])].toSorted();
/** Names that no language translates, and what only a machine reads. */
const names = (text: string): readonly string[] =>
  [
    ...new Set(
      text.match(/X Chat|WebCrypto|WebAssembly|Web Locks|JSON|MLS|HPKE|X-Wing|Firefox|https?:\/\/[\w.]*/gu) ?? [],
    ),
  ].toSorted();

describe.each(LANGUAGES.filter((language) => language !== "en"))("%s", (language) => {
  test("has words for all that is said in English, and for nothing else", async () => {
    const [english, translated] = await Promise.all([catalogue("en"), catalogue(language)]);
    expect(english.length).toBeGreaterThan(400);
    expect(translated.map(({ key }) => key)).toEqual(english.map(({ key }) => key));
    expect(translated.filter(({ words }) => words.trim() === "")).toEqual([]);
  });

  test("fills in and wraps what the English does, and speaks of the same things", async () => {
    const shape = (text: string): unknown => ({ holes: holes(text), names: names(text) });
    for (const { key, source, words } of await catalogue(language))
      expect({ key, ...(shape(words) as object) }).toEqual({ key, ...(shape(source) as object) });
  });

  test("ends as the English does: a question is a question, a sentence a sentence, a label a label", async () => {
    const end = (text: string): string => /[.?؟!:…](?=["”“«»]?$)/u.exec(text.trim())?.[0].replace("؟", "?") ?? "";
    for (const { key, source, words } of await catalogue(language))
      expect({ key, words, end: end(words) }).toEqual({ key, words, end: end(source) });
  });
});
