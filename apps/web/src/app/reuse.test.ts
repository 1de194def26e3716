import { describe, expect, it } from "vitest";
import { reuse } from "./reuse.ts";

const chats = () => [
  { id: "a", name: "Alice", last: { text: "one", marks: ["x"] } },
  { id: "b", name: "Bob", last: null },
];

describe("reuse", () => {
  it("gives the old value back where nothing has changed", () => {
    const before = chats();
    expect(reuse(before, chats())).toBe(before);
  });

  it("keeps what has not changed, also where it stands elsewhere now", () => {
    const before = chats();
    const [alice, bob] = chats();
    const after = reuse(before, [bob!, { ...alice!, name: "Alicia" }]);
    expect(after).toEqual([bob, { ...alice, name: "Alicia" }]);
    expect(after[0]).toBe(before[1]);
    expect(after[1]).not.toBe(before[0]);
    expect(after[1]!.last).toBe(before[0]!.last);
  });

  it.each([
    ["a field that is gone", { a: 1, b: undefined }, { a: 1 }],
    ["a field that is new", { a: 1 }, { a: 1, b: undefined }],
    ["a shorter list", [1, 2], [1]],
    ["a longer list", [1], [1, 2]],
    ["a list in another order", [1, 2], [2, 1]],
    ["null in place of a thing", { a: {} }, { a: null }],
    ["a thing in place of null", { a: null }, { a: {} }],
    ["a list in place of a thing", { a: {} }, { a: [] }],
    ["nothing before", undefined, { a: 1 }],
  ])("answers the new value: %s", (_, before, after) => {
    const result = reuse(before, after);
    expect(result).toStrictEqual(after);
    expect(result).not.toBe(before);
  });

  it("takes bytes as they come", () => {
    const after = { bytes: new Uint8Array([2]) };
    expect(reuse({ bytes: new Uint8Array([1]) }, after)).toStrictEqual(after);
  });
});
