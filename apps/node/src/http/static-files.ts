/**
 * The built app, read once into memory: what is served is what was there at the start, and no request can name a path of
 * the machine.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
  ".png": "image/png",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
/** Source maps stay at home. */
const HIDDEN = new Set([".map", ".gz", ".br"]);
const COMPRESSED = /^(text|application)\/|svg/;
/** Vite puts files under `assets/` with a hash of their content in the name. */
const HASHED = /^\/assets\/.+-[\w-]{8,}\.\w+$/;
const MAX_FILE_BYTES = 64 * 2 ** 20;

export type Encoding = "identity" | "gzip" | "br";

export interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
  body(encoding: Encoding): Promise<Uint8Array>;
  readonly isCompressible: boolean;
}

export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** `null` when the folder holds no built app. */
export async function loadStaticFiles(folder: string): Promise<StaticFiles | null> {
  const files = new Map<string, StaticFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined || HIDDEN.has(extname(entry.name))) continue;
    const path = join(entry.parentPath, entry.name);
    const url = `/${relative(folder, path).split(sep).join("/")}`;
    const content = await readFile(path);
    if (content.length <= MAX_FILE_BYTES) files.set(url, staticFile(url, type, content));
  }
  const index = files.get("/index.html");
  if (index === undefined) return null;
  files.set("/", index);
  return files;
}

function staticFile(url: string, type: string, content: Buffer): StaticFile {
  const compressed = new Map<Encoding, Promise<Uint8Array>>([["identity", Promise.resolve(content)]]);
  return {
    type,
    etag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`,
    cacheControl: HASHED.test(url) ? "public, max-age=31536000, immutable" : "no-cache",
    isCompressible: COMPRESSED.test(type) && content.length > 512,
    body: (encoding) => {
      const known = compressed.get(encoding);
      if (known !== undefined) return known;
      const made = encoding === "gzip" ? gzipped(content) : brotlied(content);
      compressed.set(encoding, made);
      return made;
    },
  };
}

const gzipped = (content: Buffer): Promise<Uint8Array> => promisify(gzip)(content, { level: 9 });
const brotlied = (content: Buffer): Promise<Uint8Array> =>
  promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
