import { entropyToMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeCryptoProvider } from "./provider.node.ts";
import { deriveBranch, entropyToWords, newRecoveryEntropy, wordsToEntropy } from "./recovery-words.ts";

const provider = nodeCryptoProvider();
const entropy = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("the words are those of BIP-39, and come back", () => {
  fc.assert(
    fc.property(entropy, (bytes) => {
      const words = entropyToWords(provider, bytes);
      expect(words.join(" ")).toBe(entropyToMnemonic(bytes, wordlist));
      expect(wordsToEntropy(provider, words.join(" "))).toEqual({ ok: true, value: bytes });
    }),
    { numRuns: 50 },
  );
});

test("BIP-39's own vector for 32 zero bytes", () => {
  expect(entropyToWords(provider, new Uint8Array(32)).join(" ")).toBe(`${"abandon ".repeat(23)}art`);
});

test("case, line breaks and numbering do not matter", () => {
  const bytes = newRecoveryEntropy(provider);
  const typed = entropyToWords(provider, bytes)
    .map((word, i) => `${i + 1}. ${word.toUpperCase()}`)
    .join("\n\u3000");
  expect(wordsToEntropy(provider, `  ${typed} `)).toEqual({ ok: true, value: bytes });
});

test("each mistake is named", () => {
  const words = [...entropyToWords(provider, new Uint8Array(32))];
  expect(wordsToEntropy(provider, words.slice(1).join(" "))).toEqual({
    ok: false,
    error: { reason: "wrong-word-count", count: 23 },
  });
  expect(wordsToEntropy(provider, words.with(4, "Abandonn").join(" "))).toEqual({
    ok: false,
    error: { reason: "unknown-word", position: 5, word: "abandonn" },
  });
  expect(wordsToEntropy(provider, words.with(4, "ability").join(" "))).toEqual({
    ok: false,
    error: { reason: "wrong-checksum" },
  });
});

test("any text gives an answer", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !wordsToEntropy(provider, text).ok));
});

test("[W2] branches differ from one another and for each entropy", () => {
  const other = new Uint8Array(32).fill(1);
  const branches = [new Uint8Array(32), other].flatMap((bytes) =>
    (["identity-recovery", "account-backup", "payment"] as const).map((branch) =>
      Buffer.from(deriveBranch(provider, bytes, branch)).toString("hex"),
    ),
  );
  expect(new Set(branches).size).toBe(6);
  // Frozen: whoever changes the derivation locks people out of their accounts.
  expect(branches[0]).toBe("93828d6524171460e02ad8848d73d595c07e3c1b50e4eeaac93bda8696166db2");
});
