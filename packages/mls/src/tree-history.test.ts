/** The tree of ts-mls under random adds, removals, updates and joins; the official vectors pass with its bugs present. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import * as mended from "ts-mls";
import { expect, test } from "vitest";
import { xwingSuite } from "./suite.ts";
import { loadStockLibrary } from "./testing/stock-library.node.ts";
import { runTreeHistory } from "./testing/tree-history.ts";

/** Found by running the stock library: each is a valid history that it refuses, and what it says. */
const REFUSED_BY_STOCK = [
  { seed: 24, words: /list leaf node in its unmerged_leaves/ },
  { seed: 38, words: /list leaf node in its unmerged_leaves/ },
  { seed: 4, words: /No overlap between provided private keys and update path/ },
];
const firstSeed = Number(process.env["XCHAT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env["XCHAT_RUNS"] ?? 4);
const seeds = Array.from({ length: runs }, (_, i) => firstSeed + i);
const shape = { steps: 20, maxMembers: 9 };

// The stock interface throughout: with its own secret tree.
const suite = xwingSuite(nodeCryptoProvider());
delete suite.kdf.startSecretTree;

test.each([...REFUSED_BY_STOCK.map(({ seed }) => seed), ...seeds])(
  "members agree, newcomers join, the removed are shut out: seed %i",
  async (seed) => {
    expect(await runTreeHistory(mended, suite, { seed, ...shape })).toBeNull();
  },
);

test("the kept histories fail on the library without our patch", async () => {
  const { library, dispose } = await loadStockLibrary();
  try {
    for (const { seed, words } of REFUSED_BY_STOCK) {
      const failure = await runTreeHistory(library, suite, { seed, ...shape });
      expect(failure?.message).toMatch(words);
    }
  } finally {
    await dispose();
  }
});
