/** Brings up an engine that is compiled, or on its way to be. */
import { createSqlite, type SqliteModule } from "./sqlite-module.ts";

export async function loadSqliteDom(compiled: Promise<WebAssembly.Module>): Promise<SqliteModule> {
  const module = await compiled;
  return new Promise((resolve, reject) => {
    const instantiateWasm = (
      imports: WebAssembly.Imports,
      use: (instance: WebAssembly.Instance) => void,
    ): Record<string, never> => {
      WebAssembly.instantiate(module, imports).then(use, reject);
      return {};
    };
    createSqlite({ instantiateWasm }).then(resolve, reject);
  });
}
