/**
 * Loads the engine from the app's own origin: its module names the WebAssembly beside it by `new URL(…, import.meta.url)`,
 * which bundlers turn into an asset of the build. The content security policy must allow `wasm-unsafe-eval`.
 */
import { createSqlite, type LoadSqlite } from "./sqlite-module.ts";

export const loadSqliteDom: LoadSqlite = () => createSqlite({});
