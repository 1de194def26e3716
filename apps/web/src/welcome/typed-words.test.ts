import { RECOVERY_WORD_LIST } from "@xchat/crypto/word-list";
import { describe, expect, it } from "vitest";
import { readTypedWords, withWord } from "./typed-words.ts";

describe("typing the words", () => {
  it("suggests what the word that is being typed can become", () => {
    expect(readTypedWords("abandon abi").suggestions).toEqual(["ability"]);
    expect(readTypedWords("abandon ab").suggestions).toHaveLength(5);
    expect(readTypedWords("abandon ability ").suggestions).toEqual([]);
    expect(readTypedWords("abandon").suggestions).toEqual([]);
    // A word that is the beginning of others: both are offered.
    expect(readTypedWords("act").suggestions).toContain("action");
    expect(withWord("1. abandon 2. abi", "ability")).toBe("1. abandon 2. ability ");
  });

  it("takes four letters for the whole word, and leaves three alone", () => {
    expect(readTypedWords("aban abil ").text).toBe("abandon ability");
    expect(readTypedWords("act ").text).toBe("act");
    expect(readTypedWords("abs ").unknown).toEqual([{ position: 1, word: "abs" }]);
  });

  it("names what is on no list, but not the word that is still being typed", () => {
    expect(readTypedWords("abandon xylophone ability ").unknown).toEqual([{ position: 2, word: "xylophone" }]);
    expect(readTypedWords("abandon abi").unknown).toEqual([]);
    expect(readTypedWords("abandon abx").unknown).toEqual([{ position: 2, word: "abx" }]);
  });

  it("reads a paste with numbers, commas and lines", () => {
    const words = RECOVERY_WORD_LIST.slice(40, 64);
    const pasted = words.map((word, at) => `${at + 1}. ${word.toUpperCase()},`).join("\n");
    expect(readTypedWords(pasted)).toEqual({ count: 24, unknown: [], suggestions: [], text: words.join(" ") });
  });

  it("no four letters begin two words", () => {
    expect(new Set(RECOVERY_WORD_LIST.map((word) => word.slice(0, 4))).size).toBe(RECOVERY_WORD_LIST.length);
  });
});
