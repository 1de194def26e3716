/** What a machine can see of a translation: nothing is missing, and nothing stands under another's name. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { formatter } from "@lingui/format-po";
import { describe, expect, test } from "vitest";
import { MORE } from "../../lingui.config.ts";

const SOURCE = join(import.meta.dirname, "..");
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

/** Files of the folders whose words come later, as a file of a first visit takes them in; those of a screen are awaited. */
function takenInTooEarly(file: string): readonly string[] {
  const text = readFileSync(file, "utf8").replaceAll(/lazyScreen\(\s*\(\) => import\("[^"]+"\)/gu, "");
  const taken = [...text.matchAll(/(?:from |import\()"(\.[^"]+)"/gu)].map(([, path]) => join(file, "..", path ?? ""));
  return taken.filter((path) => MORE.includes(folderOf(path)) && readFileSync(path, "utf8").includes("@lingui/"));
}

const folderOf = (path: string): string => relative(SOURCE, path).split(sep)[0] ?? "";

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

test("no screen of a first visit speaks words that come later", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/u.test(file) && !file.endsWith(".test.ts"))
    .map((file) => join(SOURCE, file))
    .filter((file) => !MORE.includes(folderOf(file)));
  expect(files.length).toBeGreaterThan(50);
  for (const file of files) expect([file, takenInTooEarly(file)]).toEqual([file, []]);
});

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
