/** Builds the page as the app is built and serves it under the app's content security policy, on loopback. */
import { readFile, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { build } from "vite";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
  "require-trusted-types-for 'script'; trusted-types xchat";

export interface ServedPage {
  readonly url: string;
  /** The last number that a page has posted as acknowledged, and how often one has. */
  readonly acknowledged: { last: number; count: number; onNext: (() => void) | null };
  close(): Promise<void>;
}

export async function servePage(): Promise<ServedPage> {
  const folder = await mkdtemp(join(tmpdir(), "xchat-store-page-"));
  await build({
    configFile: false,
    root: join(import.meta.dirname, "page"),
    logLevel: "warn",
    worker: { format: "es" },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  const acknowledged: ServedPage["acknowledged"] = { last: 0, count: 0, onNext: null };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (request.method === "POST") {
      acknowledged.last = Number(path.split("/").at(-1));
      acknowledged.count++;
      response.writeHead(204).end();
      acknowledged.onNext?.();
    } else void serveFile(folder, path, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    acknowledged,
    close: async () => {
      await closeServer(server);
      await rm(folder, { recursive: true });
    },
  };
}

async function serveFile(folder: string, path: string, response: ServerResponse): Promise<void> {
  const name = normalize(path === "/" ? "/index.html" : path);
  const content = await readFile(join(folder, name)).catch(() => null);
  const headers = {
    "content-type": TYPES[extname(name)] ?? "application/octet-stream",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
  };
  response.writeHead(content === null ? 404 : 200, headers).end(content);
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
