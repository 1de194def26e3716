#!/usr/bin/env node
// npm links this file at install time, before anything is built.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = new URL("../dist/xchat.js", import.meta.url);
if (!existsSync(fileURLToPath(built))) {
  process.stderr.write("The terminal client is not built yet: run npm run build.\n");
  process.exit(1);
}
process.argv[1] = fileURLToPath(built);
await import(built.href);
