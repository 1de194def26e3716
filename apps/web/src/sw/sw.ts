/**
 * Keeps the files of the app, so that it opens without its node. It never opens the store and never sees a message: it
 * answers only requests for files of the list below, and the page itself; everything else goes its way untouched.
 *
 * S1 A version is kept whole or not at all, in a cache of its own name.
 * S2 A new version waits until a page says "take-over"; the caches of older ones go when it begins to serve.
 */
interface WorkerScope {
  readonly location: { readonly origin: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install", listener: (event: InstallEvent) => void): void;
  addEventListener(type: "activate", listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: "fetch",
    listener: (event: { readonly request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void;
}

interface InstallEvent {
  waitUntil(work: Promise<unknown>): void;
  /** Not in every browser (Service Workers, static routing). */
  addRoutes?(route: {
    readonly condition: { readonly urlPattern: { readonly pathname: string; readonly search: string } };
    readonly source: { readonly cacheName: string };
  }): Promise<void>;
}

const scope = globalThis as unknown as WorkerScope;

/** Written by the build. */
const CACHE = "xchat-shell-__XCHAT_BUILD__";
const SHELL = "__XCHAT_SHELL__" as unknown as readonly string[];
const SHELL_PREFIX = "xchat-shell-";

async function keepShell(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL.map((path) => new Request(path, { cache: "no-cache" })));
}

async function dropOlder(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(SHELL_PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  );
  await scope.clients.claim();
}

async function fromShell(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

/**
 * Answered from the cache by the browser itself, so that this worker need not start first: all that the first picture
 * takes. What is missing is fetched.
 */
async function routeShell(event: InstallEvent): Promise<void> {
  const source = { cacheName: CACHE };
  for (const pathname of ["/", "/early.js", "/assets/*"])
    await event.addRoutes?.({ condition: { urlPattern: { pathname, search: "" } }, source });
}

scope.addEventListener("install", (event) => {
  event.waitUntil(keepShell());
  // Where a browser will not have them, this worker answers by itself.
  event.waitUntil(routeShell(event).catch(() => {}));
});
scope.addEventListener("activate", (event) => event.waitUntil(dropOlder()));
scope.addEventListener("message", ({ data }) => {
  if (typeof data === "object" && data !== null && "kind" in data && data.kind === "take-over")
    void scope.skipWaiting();
});
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== scope.location.origin) return;
  const path = request.mode === "navigate" && url.pathname === "/" ? "/" : url.pathname;
  if (SHELL.includes(path)) event.respondWith(fromShell(path, request));
});
