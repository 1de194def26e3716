/** `docs/threat-model.md` names the test of each statement: all of them are there, by file and by name. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("each test that the threat model names exists", async () => {
  const page = await readFile(join(ROOT, "docs/threat-model.md"), "utf8");
  const sources = new Map<string, string>();
  const absent: string[] = [];
  let file = "";
  let names = 0;
  // Every “name” belongs to the `file.ts` that was named last.
  for (const [, path, name] of page.matchAll(/`([\w./-]+\.ts)`|“([^”]+)”/gu)) {
    if (path !== undefined) {
      file = path;
      sources.set(path, await readFile(join(ROOT, path), "utf8").catch(() => ""));
    } else if (name !== undefined) {
      names++;
      if (!(sources.get(file) ?? "").includes(name)) absent.push(`${file}: ${name}`);
    }
  }
  expect(absent).toEqual([]);
  expect(names).toBeGreaterThan(30);
});

test("each statement of its tables names a test", async () => {
  const page = await readFile(join(ROOT, "docs/threat-model.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| (?!(it|they) cannot)/u.test(line));
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((row) => !/`[\w./-]+\.ts` “/u.test(row))).toEqual([]);
});
