/** Loads the engine from the package folder. The compiled code is kept: a second store costs an instance only. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createSqlite, type LoadSqlite } from "./sqlite-module.ts";

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve("@journeyapps/wa-sqlite/dist/mc-wa-sqlite.wasm");
  return WebAssembly.compile(new Uint8Array(await readFile(path)));
}

export const loadSqliteNode: LoadSqlite = async () => {
  compiled ??= compile();
  const module = await compiled;
  return createSqlite({
    instantiateWasm: (imports, use) => {
      use(new WebAssembly.Instance(module, imports));
      return {};
    },
  });
};
