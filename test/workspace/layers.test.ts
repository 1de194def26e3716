/** Arrows of imports go down only, and each kind of library has one place that imports it (packages/README.md). */
import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** For each part, all other parts that its shipped sources may import. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  codec: [],
  crypto: ["codec"],
  protocol: ["crypto", "codec"],
  mls: ["protocol", "crypto", "codec"],
  client: ["protocol", "crypto", "codec"],
  "store-sqlite": ["client", "crypto", "codec"],
  transport: ["client", "protocol", "crypto", "codec"],
  "node-store": ["protocol", "crypto", "codec"],
  node: ["node-store", "protocol", "crypto", "codec"],
  cli: ["client", "mls", "store-sqlite", "transport", "crypto", "codec"],
  web: ["client", "mls", "store-sqlite", "transport", "crypto", "codec"],
};
/** What no other part may import by itself, so that there is one place to look at and to change. */
const OWNERS: readonly { readonly library: RegExp; readonly owners: readonly string[] }[] = [
  { library: /^(?:@noble\/|@scure\/bip39|hash-wasm)/u, owners: ["crypto"] },
  { library: /^@scure\/base/u, owners: ["codec"] },
  { library: /^cborg/u, owners: ["codec"] },
  { library: /^ts-mls/u, owners: ["mls"] },
  { library: /^@journeyapps\//u, owners: ["store-sqlite"] },
  { library: /^node-datachannel/u, owners: ["transport"] },
  { library: /^lmdb/u, owners: ["node-store"] },
  { library: /^(?:react|radix-ui|virtua|@lingui\/)/u, owners: ["web"] },
  { library: /^@signalapp\//u, owners: [] },
];
/** The pure parts reach neither disk nor network; only a twin that says so in its name knows its platform. */
const PURE = new Set(["codec", "crypto", "protocol", "client"]);

interface Import {
  readonly part: string;
  readonly file: string;
  readonly from: string;
}

const isShipped = (file: string): boolean =>
  !/\.test\.tsx?$|\/(?:testing|fixtures|dev)\/|\/(?:test-|make-|contract|hostile-input|direct-contract|scripted-client)[^/]*$|\.fault\.ts$/u.test(
    file,
  );

async function shippedImports(): Promise<readonly Import[]> {
  const found: Import[] = [];
  for await (const file of glob("{packages,apps}/*/src/**/*.{ts,tsx}", { cwd: ROOT })) {
    const part = file.split("/")[1] ?? "";
    if (part === "testkit" || !isShipped(file)) continue;
    const text = await readFile(join(ROOT, file), "utf8");
    for (const [, from = ""] of text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"\n]+)"/gu))
      found.push({ part, file, from });
  }
  return found;
}

describe("imports of what ships", async () => {
  const imports = await shippedImports();

  test("go down only, and never from app to app or into the kit of the tests", () => {
    expect(imports.length).toBeGreaterThan(1_000);
    const parts = new Set(imports.map(({ part }) => part));
    expect([...parts].toSorted()).toEqual(Object.keys(BELOW).toSorted());
    const wrong = imports.filter(({ part, from }) => {
      const target = /^@xchat\/([^/]+)/u.exec(from)?.[1];
      return target !== undefined && target !== part && BELOW[part]?.includes(target) !== true;
    });
    expect(wrong).toEqual([]);
  });

  test("do not reach into another part past its exports", () => {
    const wrong = imports.filter(({ file, from }) => {
      if (!from.startsWith(".")) return false;
      const place = relative(ROOT, join(ROOT, dirname(file), from));
      return place.split("/").slice(0, 2).join("/") !== file.split("/").slice(0, 2).join("/");
    });
    expect(wrong).toEqual([]);
  });

  test("of each library stand in the one part that owns it", () => {
    const wrong = imports.filter(({ part, from }) =>
      OWNERS.some(({ library, owners }) => library.test(from) && !owners.includes(part)),
    );
    expect(wrong).toEqual([]);
  });

  test("keep disk, network and process out of the pure parts", () => {
    const wrong = imports.filter(
      ({ part, file, from }) => PURE.has(part) && from.startsWith("node:") && !file.endsWith(".node.ts"),
    );
    expect(wrong).toEqual([]);
  });

  test("of a platform's twin come from that platform's twins, or from whoever is one", () => {
    const platformOf = (file: string): string | undefined => /\.(node|dom)\.ts$/u.exec(file)?.[1];
    const wrong = imports.filter(({ file, from }) => {
      const [own, wanted] = [platformOf(file), platformOf(from)];
      return own !== undefined && wanted !== undefined && own !== wanted;
    });
    expect(wrong).toEqual([]);
  });
});
