import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const SHELL = "__XCHAT_SHELL__";
const BUILD = "__XCHAT_BUILD__";
/** The minifier chooses the quotes. */
const quotedShell = new RegExp(`["'\`]${SHELL}["'\`]`, "u");

/**
 * Writes into the service worker the list of files that make the app work offline, and into it and
 * the page the build id: a hash over all that is served, so that equal builds have equal ids and any change is a new
 * version. Scripts with hashed names do not hold the id, since it would change them behind their names.
 */
export function shellList(): Plugin {
  let publicDir = "";
  return {
    name: "xchat-shell-list",
    apply: "build",
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const hash = createHash("sha256");
        const files = ["/"];
        for (const name of Object.keys(bundle).toSorted()) {
          const file = bundle[name]!;
          if (name.endsWith(".map")) continue;
          hash.update(name).update(file.type === "chunk" ? file.code : file.source);
          if (name !== "sw.js" && !name.endsWith(".html")) files.push(`/${name}`);
        }
        for (const name of readdirSync(publicDir).toSorted()) {
          hash.update(name).update(readFileSync(join(publicDir, name)));
          files.push(`/${name}`);
        }
        const build = hash.digest("hex").slice(0, 16);
        for (const file of Object.values(bundle)) {
          if (file.type === "chunk" && file.fileName === "sw.js") {
            file.code = file.code.replaceAll(BUILD, build).replace(quotedShell, JSON.stringify(files));
          } else if (file.type === "asset" && file.fileName.endsWith(".html")) {
            file.source = String(file.source).replaceAll(BUILD, build);
          }
        }
      },
    },
  };
}
