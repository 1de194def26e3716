import { expect, test } from "vitest";
import { matching, mentionQuery, mentionsIn } from "./mentions.ts";

const people = [
  { accountId: "a", name: "Mira" },
  { accountId: "b", name: "Mira Lind" },
  { accountId: "c", name: "ليلى" },
];

test("a text names whoever stands behind an @, whole and as a word", () => {
  expect(mentionsIn("@Mira and @Mira Lind, ask @ليلى!", people)).toEqual([
    { start: 0, end: 5, accountId: "a" },
    { start: 10, end: 20, accountId: "b" },
    { start: 26, end: 31, accountId: "c" },
  ]);
  expect(mentionsIn("mail@Mira, @Miranda and @nobody", people)).toEqual([]);
});

test("a name is asked for from the @ up to the caret", () => {
  expect(mentionQuery("hello @mi", 9)).toEqual({ start: 6, wanted: "mi" });
  expect(mentionQuery("hello @mi", 6)).toBeNull();
  expect(mentionQuery("a@mi", 4)).toBeNull();
  expect(mentionQuery("@a\nb", 4)).toBeNull();
});

test("beginnings of names and of their words match, in any case", () => {
  expect(matching(people, "LI").map(({ accountId }) => accountId)).toEqual(["b"]);
  expect(matching(people, "").length).toBe(3);
  expect(matching(people, "Mira").map(({ accountId }) => accountId)).toEqual(["b"]);
});
