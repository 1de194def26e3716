import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, it, onTestFinished } from "vitest";
import { STORE_CONTRACT } from "./contract.ts";
import { MemoryDisk } from "./disk.memory.ts";
import { memoryStoreOpener } from "./open.memory.ts";
import { nodeStoreOpener } from "./open.node.ts";

const provider = nodeCryptoProvider();
/** As weak as they may be: these tests are not about the passphrase's strength. */
const passphraseParameters = { memoryKiB: 64, passes: 1 };
const now = (): number => 1_700_000_000_000;

describe("store in memory", () => {
  for (const { name, run } of STORE_CONTRACT) {
    it(name, async () => {
      const disk = new MemoryDisk();
      await run(() => memoryStoreOpener({ disk, provider, now, passphraseParameters }));
    });
  }
});

describe("store in a folder", () => {
  for (const { name, run } of STORE_CONTRACT) {
    it(name, async () => {
      const root = mkdtempSync(join(tmpdir(), "xchat-store-"));
      onTestFinished(() => rmSync(root, { recursive: true }));
      const directory = join(root, "profile");
      await run(() => nodeStoreOpener({ directory, provider, now, passphraseParameters }));
    });
  }
});
