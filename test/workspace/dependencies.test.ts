/** What is installed is what was meant, on every platform; and what ships may be shipped. */
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const LICENCES = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC-BY-4.0",
  "ISC",
  "MIT",
  "(MIT OR Apache-2.0)",
  "(MIT OR CC0-1.0)",
  // Of files, not of what they are linked with; its sources are published unchanged.
  "MPL 2.0",
  "MPL-2.0",
  "Public Domain",
]);
/** Without a word in their package.json; read by hand. */
const BY_HAND: Readonly<Record<string, string>> = { "node_modules/@journeyapps/wa-sqlite": "MIT" };

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(join(ROOT, file), "utf8")) as T;

describe("dependencies", async () => {
  const { packages } = await read<{ readonly packages: Readonly<Record<string, Locked>> }>("package-lock.json");
  const installed = Object.entries(packages).filter(
    ([path, { link }]) => path.includes("node_modules/") && link !== true,
  );

  test("of what ships have licences that let it be shipped", async () => {
    const shipped = installed.filter(([, { dev }]) => dev !== true);
    expect(shipped.length).toBeGreaterThan(50);
    const wrong = shipped.filter(([path, { license }]) => !LICENCES.has(license ?? BY_HAND[path] ?? "none"));
    expect(wrong.map(([path, { license }]) => `${path}: ${license ?? "no licence"}`)).toEqual([]);
    for (const [path, licence] of Object.entries(BY_HAND))
      expect(await readFile(join(ROOT, path, "LICENSE"), "utf8")).toContain(`${licence} License`);
  });

  test("under the GPL or AGPL are for measuring beside, and nothing else", () => {
    const copyleft = installed.filter(([, { license = "" }]) => /GPL|SSPL|BUSL/u.test(license));
    expect(copyleft.map(([path, { dev }]) => ({ path, dev }))).toEqual([
      { path: "node_modules/@signalapp/libsignal-client", dev: true },
    ]);
  });

  test("are pinned to one version each", async () => {
    const loose: string[] = [];
    for await (const file of glob(["package.json", "{packages,apps}/*/package.json"], { cwd: ROOT })) {
      const { dependencies, devDependencies, optionalDependencies } = await read<Locked>(file);
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))
        if (!/^\d+\.\d+\.\d+$/u.test(version)) loose.push(`${file}: ${name} ${version}`);
    }
    expect(loose).toEqual([]);
  });

  test("come from the registry, as they were when they were locked", () => {
    // Without an address (.npmrc), it is the registry of whoever installs; the hash is what counts.
    const wrong = installed.filter(
      ([, { resolved, integrity = "" }]) => resolved !== undefined || !integrity.startsWith("sha512-"),
    );
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  test("name the binaries of every platform, so that a clean installation works on each", () => {
    const places = (path: string): readonly string[] => {
      const parts = path.split("/node_modules/");
      return parts.map((_, depth) => `${parts.slice(0, parts.length - depth).join("/node_modules/")}/node_modules/`);
    };
    const missing: string[] = [];
    for (const [path, { optionalDependencies = {} }] of installed)
      for (const name of Object.keys(optionalDependencies))
        if (![...places(path), "node_modules/"].some((place) => packages[place + name] !== undefined))
          missing.push(`${path} wants ${name}`);
    expect(missing).toEqual([]);
    for (const platform of ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64"])
      expect(installed.some(([path]) => path.includes(`/@lmdb/lmdb-${platform}`))).toBe(true);
  });
});
