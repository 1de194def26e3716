/**
 * HTTP on the node's one port: the web app, `/config.json`, `/healthz`, and the upgrade to the socket at `/x`. Plain HTTP:
 * TLS is the task of a reverse proxy in front of it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { WIRE_SUBPROTOCOL, MAX_FRAME_LENGTH } from "@xchat/protocol";
import { WebSocketServer, type WebSocket } from "ws";
import { TokenBucket, type NodeLimits } from "../limits.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import type { Encoding, StaticFile, StaticFiles } from "./static-files.ts";

export const SOCKET_PATH = "/x";

export interface HttpOptions {
  readonly limits: NodeLimits;
  readonly now: () => number;
  /** `null` serves no app. */
  readonly app: StaticFiles | null;
  readonly config: (request: { readonly host: string; readonly isSecure: boolean }) => unknown;
  readonly health: () => { readonly isHealthy: boolean; readonly body: unknown };
  readonly onSocket: (socket: WebSocket) => void;
  readonly openSockets: () => number;
}

const HOST = /^[A-Za-z0-9.\-[\]:]{1,255}$/;
const MAX_HEADER_BYTES = 16_384;
const SECURITY_LINES = Object.entries(SECURITY_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

export function createHttpServer(options: HttpOptions): Server {
  const requests = new TokenBucket(options.limits.httpPerSecond, options.limits.httpPerSecond, options.now());
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      if (!requests.take(options.now())) return sendText(response, 503, "Try again later.\n", { "Retry-After": "5" });
      void answer(options, request, response);
    },
  );
  server.maxConnections = options.limits.connections + 1_000;
  server.on("clientError", (_error, socket) => socket.destroy());
  acceptSockets(server, options);
  return server;
}

function acceptSockets(server: Server, options: HttpOptions): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_LENGTH,
    skipUTF8Validation: true,
    autoPong: false,
    handleProtocols: (offered) => (offered.has(WIRE_SUBPROTOCOL) ? WIRE_SUBPROTOCOL : false),
  });
  const perAddress = new Map<string, number>();
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const refuse = (status: string): void =>
      void socket.end(`HTTP/1.1 ${status}\r\n${SECURITY_LINES}Connection: close\r\nContent-Length: 0\r\n\r\n`);
    if (pathOf(request) !== SOCKET_PATH) return refuse("404 Not Found");
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    // A client of another version learns at once that no version is shared.
    if (!offered.includes(WIRE_SUBPROTOCOL)) return refuse("426 Upgrade Required");
    if (options.openSockets() >= options.limits.connections) return refuse("503 Service Unavailable");
    const address = socket.remoteAddress ?? "";
    const fromAddress = perAddress.get(address) ?? 0;
    if (!isLoopback(address)) {
      if (fromAddress >= options.limits.connectionsPerAddress) return refuse("429 Too Many Requests");
      perAddress.set(address, fromAddress + 1);
      socket.once("close", () => {
        const left = (perAddress.get(address) ?? 1) - 1;
        if (left > 0) perAddress.set(address, left);
        else perAddress.delete(address);
      });
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => options.onSocket(webSocket));
  });
}

async function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendText(response, 405, "This address answers GET only.\n", { Allow: "GET, HEAD" });
    }
    const path = pathOf(request);
    if (path === "/healthz") {
      const { isHealthy, body } = options.health();
      return sendJson(response, isHealthy ? 200 : 503, body);
    }
    if (path === "/config.json") return sendConfig(options, request, response);
    const file = options.app?.get(path);
    if (file !== undefined) return await sendFile(request, response, file);
    if (path === "/" && options.app === null) {
      return sendText(response, 200, "This is an X Chat node. It serves no web app.\n");
    }
    sendText(response, 404, "There is nothing at this address.\n");
  } catch {
    response.destroy();
  }
}

function sendConfig(options: HttpOptions, request: IncomingMessage, response: ServerResponse): void {
  const host = request.headers.host ?? "";
  if (!HOST.test(host) || !URL.canParse(`http://${host}/`))
    return sendText(response, 400, "The request names no host.\n");
  const isSecure = request.headers["x-forwarded-proto"] === "https";
  sendJson(response, 200, options.config({ host, isSecure }));
}

async function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): Promise<void> {
  const headers = {
    ...SECURITY_HEADERS,
    "Content-Type": file.type,
    "Cache-Control": file.cacheControl,
    ETag: file.etag,
    ...(file.isCompressible ? { Vary: "Accept-Encoding" } : {}),
  };
  if (request.headers["if-none-match"] === file.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const encoding = file.isCompressible ? chooseEncoding(request.headers["accept-encoding"]) : "identity";
  const body = await file.body(encoding);
  response.writeHead(200, {
    ...headers,
    "Content-Length": body.length,
    ...(encoding === "identity" ? {} : { "Content-Encoding": encoding }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function chooseEncoding(accepted: string | string[] | undefined): Encoding {
  const names = String(accepted ?? "")
    .split(",")
    .filter((entry) => !/;\s*q=0(\.0*)?\s*$/.test(entry))
    .map((entry) => entry.split(";")[0]?.trim());
  if (names.includes("br")) return "br";
  return names.includes("gzip") ? "gzip" : "identity";
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json; charset=utf-8", `${JSON.stringify(body)}\n`, {});
}

function sendText(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  send(response, status, "text/plain; charset=utf-8", text, headers);
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Record<string, string>,
): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    "Content-Type": type,
    "Cache-Control": "no-store",
    "Content-Length": body.length,
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

const pathOf = (request: IncomingMessage): string => (request.url ?? "/").split(/[?#]/, 1)[0] ?? "/";

export const isLoopback = (address: string): boolean => /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address);
