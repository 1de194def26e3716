/**
 * The engine's WebAssembly, from the app's own origin, where bundlers put what is named here. The content security policy
 * must allow `wasm-unsafe-eval`.
 */
const ENGINE = new URL("@journeyapps/wa-sqlite/dist/mc-wa-sqlite.wasm", import.meta.url);

/** Fetches and compiles it. A page can do so while the worker that is to use it still starts. */
export const compileSqlite = (): Promise<WebAssembly.Module> => WebAssembly.compileStreaming(fetch(ENGINE));
