/** [CP1] The cryptography of simulations is nowhere in what people run: not by import, and not in what is built. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { SIMULATION_MARK } from "@xchat/crypto/simulation";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../../..");
const IMPORTS = /(?:from|import)\s*\(?\s*["']([^"']+)["']/gu;
const ENTRIES = ["apps/node/src/main.ts", "apps/cli/src/main.ts", "apps/web/src/main.tsx", "apps/web/src/worker.ts"];

/** Every file of the workspace that is reached from these, types included: more than is bundled, never less. */
function reached(entries: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = entries.map((entry) => join(ROOT, entry));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file) || !existsSync(file)) continue;
    found.add(file);
    for (const [, specifier] of readFileSync(file, "utf8").matchAll(IMPORTS)) {
      const next = resolveImport(file, specifier as string);
      if (next !== null) waiting.push(next);
    }
  }
  return found;
}

function resolveImport(from: string, specifier: string): string | null {
  if (specifier.startsWith(".")) return resolve(dirname(from), specifier.replace(/\?.*$/u, ""));
  const [, name, path = ""] = /^@xchat\/([^/]+)(?:\/(.+))?$/u.exec(specifier) ?? [];
  if (name === undefined) return null;
  const { exports } = JSON.parse(readFileSync(join(ROOT, "packages", name, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string>>;
  };
  const target = exports[path === "" ? "." : `./${path}`];
  return target === undefined ? null : join(ROOT, "packages", name, target);
}

const isSimulation = (file: string): boolean => file.includes("/crypto/src/simulation/") || file.includes("/testkit/");

describe("[CP1] the cryptography of simulations never ships", () => {
  test("nothing that an app imports, however far, is of the simulator", () => {
    const files = reached(ENTRIES);
    expect(files.size).toBeGreaterThan(200);
    expect([...files].filter(isSimulation)).toEqual([]);
  });

  test("the search would find it", () => {
    const found = [...reached(["packages/testkit/src/simulator/world.ts"])].filter(isSimulation);
    expect(found.some((file) => file.endsWith("cheap-provider.ts"))).toBe(true);
  });

  test("no app depends on the testkit", () => {
    for (const manifest of globSync("{apps,packages}/*/package.json", { cwd: ROOT })) {
      if (manifest.includes("testkit")) continue;
      const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, manifest), "utf8")) as {
        readonly dependencies?: Readonly<Record<string, string>>;
      };
      expect([manifest, Object.keys(dependencies).includes("@xchat/testkit")]).toEqual([manifest, false]);
    }
  });

  const built = ENTRIES.map((entry) => join(ROOT, dirname(dirname(entry)), "dist")).filter((dist) => existsSync(dist));
  // `npm run verify` and CI build first; a test run by hand may find nothing built.
  test.skipIf(built.length === 0)("no built file has its mark", () => {
    const files = built.flatMap((dist) =>
      globSync("**/*.{js,mjs,html}", { cwd: dist }).map((file) => join(dist, file)),
    );
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => readFileSync(file, "utf8").includes(SIMULATION_MARK))).toEqual([]);
  });
});
