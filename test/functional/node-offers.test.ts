/** What a node offers on its port beside mailboxes: descriptor, carried exchanges, HTTP, headers, STUN (spec/node-api.md). */
import { createSocket } from "node:dgram";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesToBase64Url } from "@xchat/codec";
import { decodeAnswer, encodeRequest, nodeIdOf, openDescriptor } from "@xchat/protocol";
import { startNodeProcess, type NodeProcess } from "@xchat/testkit";
import { bindingResponse, crc32 } from "../../apps/node/src/stun.ts";
import { jsonLog, startNode, type NodeOptions, type RunningNode } from "../../apps/node/src/index.ts";
import { EMPTY, learnNode, provider, RawSocket, sealTo } from "./raw-node-client.ts";

const HASHED = "/assets/app-Abc123_-9.js";
let folder: string;
let node: NodeProcess;
let port: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xchat-app-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), "<!doctype html><title>here</title>");
  await writeFile(join(folder, HASHED), "export {};\n");
  await writeFile(join(folder, "assets", "plain.css"), "a {}\n");
  node = await startNodeProcess({ withApp: true, args: ["--app", folder] });
  port = Number(new URL(node.webAddress).port);
});
afterAll(async () => {
  await node.remove();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const ask = (
  path: string,
  { method = "GET", headers = {}, at = port }: { method?: string; headers?: Record<string, string>; at?: number } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ host: "127.0.0.1", port: at, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on("upgrade", () => reject(new Error("upgraded")));
    request.on("error", reject);
    request.end();
  });

/** A node in this process, with options of the test's own. */
async function withNode(options: Partial<NodeOptions>, run: (node: RunningNode) => Promise<void>): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), "xchat-node-"));
  const log = jsonLog(() => {}, Date.now);
  const base = { port: 0, host: "127.0.0.1", publicUrl: null, appFolder: null, dataFolder, log };
  const running = await startNode({ ...base, ...options });
  try {
    await run(running);
  } finally {
    await running.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

describe("streams", () => {
  it("[N12] a descriptor comes in one message behind the node's minute, and the stream ends", async () => {
    const socket = await RawSocket.connect(node.hint.address);
    const before = Math.floor(Date.now() / 60_000);
    const stream = socket.open("descriptor", EMPTY);
    const { payload } = await socket.nextOf("data");
    expect(await socket.nextOf("end")).toEqual({ kind: "end", stream });
    const minute = Buffer.from(payload).readUInt32BE(0);
    expect(minute).toBeGreaterThanOrEqual(before);
    expect(minute).toBeLessThanOrEqual(Math.floor(Date.now() / 60_000));
    const opened = await openDescriptor(provider, payload.subarray(4), minute * 60);
    expect(opened.ok && nodeIdOf(provider, opened.value.identityKey)).toEqual(node.hint.keyHash);
    socket.open("descriptor", Uint8Array.of(1));
    expect((await socket.nextOf("reset")).reason).toBe("malformed");
    socket.close();
  });

  it("[N13] whoever carries an exchange gives on its messages as they are, in order, on any stream", async () => {
    const known = await learnNode(node.hint.address);
    const exchange = await sealTo(known);
    const head = (): Uint8Array => encodeRequest({ kind: "getBlob", place: provider.randomBytes(32) });
    const messages = [await exchange.seal(head()), await exchange.seal(head()), await exchange.seal(head())];
    const carrier = await RawSocket.connect(node.hint.address);
    carrier.open("descriptor", EMPTY);
    await carrier.nextOf("end", "data");
    await carrier.nextOf("end");
    const stream = carrier.open("exchange", messages[0] as Uint8Array);
    for (const payload of messages.slice(1)) carrier.send({ kind: "data", stream, payload });
    for (let number = 0; number < 3; number++) {
      const carried = await carrier.nextOf("data");
      expect(carried.stream).toBe(stream);
      const chunk = await exchange.open(carried.payload);
      expect(chunk.ok && decodeAnswer(chunk.value.head)).toEqual({ ok: true, value: { kind: "none", number } });
    }
    const [fourth, fifth] = [await exchange.seal(head()), await exchange.seal(head())];
    carrier.send({ kind: "data", stream, payload: fifth });
    carrier.send({ kind: "data", stream, payload: fourth });
    expect(await carrier.nextOf("reset")).toMatchObject({ stream, reason: "malformed" });
    carrier.close();
  });
});

describe("HTTP", () => {
  it("[N15] tells that it is well", async () => {
    const { status, text } = await ask("/healthz");
    expect([status, JSON.parse(text)]).toEqual([200, { status: "ok" }]);
  });

  it("[N15] tells that it has too much to do", async () => {
    await withNode({ limits: { overloadMilliseconds: -1 } }, async (running) => {
      let answer = await ask("/healthz", { at: running.port });
      while (answer.status === 200) answer = await ask("/healthz", { at: running.port });
      expect([answer.status, JSON.parse(answer.text)]).toEqual([503, { status: "overloaded" }]);
    });
  });

  it("[N15] tells that it is stopping, to whom it has begun to listen", async () => {
    await withNode({}, async (running) => {
      const socket = connect(running.port, "127.0.0.1");
      socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n");
      // Behind it in the same process: what was sent before has come.
      await ask("/healthz", { at: running.port });
      const stopped = running.stop();
      let text = "";
      socket.on("data", (part: Buffer) => (text += part.toString()));
      socket.write("\r\n");
      await new Promise<void>((resolve) => socket.on("close", () => resolve()));
      await stopped;
      expect(text).toMatch(/^HTTP\/1\.1 503 /);
      expect(text).toContain('{"status":"stopping"}');
    });
  });

  it("[N16] says its address as the request named it, its key, and whether that is for this machine only", async () => {
    const keyHash = bytesToBase64Url(node.hint.keyHash);
    const configFor = async (host: string, headers: Record<string, string> = {}): Promise<unknown> =>
      JSON.parse((await ask("/config.json", { headers: { Host: host, ...headers } })).text);
    const config = (address: string, isLocalOnly: boolean): unknown => ({
      version: 1,
      node: { address, keyHash },
      isLocalOnly,
    });
    const secure = { "X-Forwarded-Proto": "https" };
    expect(await configFor(`localhost:${port}`)).toEqual(config(`ws://localhost:${port}/x`, true));
    expect(await configFor("127.0.0.1:9")).toEqual(config("ws://127.0.0.1:9/x", true));
    expect(await configFor("[::1]:9")).toEqual(config("ws://[::1]:9/x", true));
    expect(await configFor("192.168.1.4:9")).toEqual(config("ws://192.168.1.4:9/x", false));
    expect(await configFor("chat.example", secure)).toEqual(config("wss://chat.example/x", false));
    expect(await configFor("localhost.example", secure)).toEqual(config("wss://localhost.example/x", false));
    for (const host of ["a b", "x/y", "[", "a:b:c", "x@y"]) {
      expect((await ask("/config.json", { headers: { Host: host } })).status, host).toBe(400);
    }
  });

  it("[N16] with --public says that address, whatever the request named", async () => {
    await withNode({ publicUrl: new URL("https://chat.example/") }, async (running) => {
      const { text } = await ask("/config.json", { at: running.port, headers: { Host: "localhost" } });
      expect(JSON.parse(text)).toMatchObject({ node: { address: "wss://chat.example/x" }, isLocalOnly: false });
    });
  });

  it("[N17] serves the app as it was at the start: hashed files for a year, others by their ETag", async () => {
    const index = await ask("/");
    expect(index).toMatchObject({ status: 200, text: "<!doctype html><title>here</title>" });
    expect(index.headers["cache-control"]).toBe("no-cache");
    expect((await ask("/assets/plain.css")).headers["cache-control"]).toBe("no-cache");
    const hashed = await ask(HASHED);
    expect(hashed.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    const again = await ask("/", { headers: { "If-None-Match": index.headers.etag as string } });
    expect(again).toMatchObject({ status: 304, text: "" });
    await writeFile(join(folder, "index.html"), "changed");
    await writeFile(join(folder, "new.html"), "new");
    expect((await ask("/")).text).toBe(index.text);
    for (const path of ["/new.html", "/../package.json", "/%2e%2e/package.json", "/assets/"]) {
      expect((await ask(path)).status, path).toBe(404);
    }
    const head = await ask("/", { method: "HEAD" });
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", String(index.text.length)]);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await ask("/", { method })).status).toBe(405);
  });
});

describe("headers", () => {
  const directives = (policy: string): Record<string, string> =>
    Object.fromEntries(policy.split("; ").map((one) => [one.split(" ", 1)[0], one.slice(one.indexOf(" ") + 1)]));

  it("[N18] every answer has them, refused upgrades too", async () => {
    const upgrade = { Connection: "Upgrade", Upgrade: "websocket" };
    const answers = [
      await ask("/"),
      await ask(HASHED),
      await ask("/nothing"),
      await ask("/healthz"),
      await ask("/config.json"),
      await ask("/config.json", { headers: { Host: "[" } }),
      await ask("/", { method: "POST" }),
      await ask("/", { headers: { "If-None-Match": (await ask("/")).headers.etag as string } }),
      await ask("/x", { headers: upgrade }),
      await ask("/y", { headers: upgrade }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 200, 200, 400, 405, 304, 426, 404]);
    for (const { headers, status } of answers) {
      const policy = directives(headers["content-security-policy"] as string);
      expect(policy, String(status)).toMatchObject({
        "default-src": "'none'",
        "script-src": "'self' 'wasm-unsafe-eval'",
        "style-src": "'self'",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "xchat",
      });
      expect(headers).toMatchObject({
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      });
      const granted = (headers["permissions-policy"] as string).split(", ").filter((one) => !one.endsWith("=()"));
      expect(granted).toEqual([
        "camera=(self)",
        "microphone=(self)",
        "display-capture=(self)",
        "clipboard-write=(self)",
      ]);
    }
  });

  it("[N19] connections go to the own origin, to any wss: address, and by ws: to this machine", async () => {
    const policy = directives((await ask("/")).headers["content-security-policy"] as string);
    expect(policy["connect-src"]).toBe("'self' wss: ws://localhost:* ws://127.0.0.1:*");
  });
});

describe("STUN", () => {
  const COOKIE = 0x2112_a442;
  const binding = (over: { type?: number; cookie?: number; attributes?: Buffer } = {}): Buffer => {
    const { type = 1, cookie = COOKIE, attributes = Buffer.alloc(0) } = over;
    const header = Buffer.alloc(20);
    header.writeUInt16BE(type, 0);
    header.writeUInt16BE(attributes.length, 2);
    header.writeUInt32BE(cookie, 4);
    header.set(provider.randomBytes(12), 8);
    return Buffer.concat([header, attributes]);
  };
  const transactionOf = (message: Buffer): string => message.subarray(8, 20).toString("hex");

  /** Sends all, the last of which is answered, and gives what came until then. */
  async function answersTo(requests: readonly Buffer[], at = port): Promise<{ answers: Buffer[]; from: number }> {
    const socket = createSocket("udp4");
    const last = transactionOf(requests.at(-1) as Buffer);
    try {
      return await new Promise((resolve) => {
        const answers: Buffer[] = [];
        socket.on("message", (message) => {
          answers.push(message);
          if (transactionOf(message) === last) resolve({ answers, from: socket.address().port });
        });
        for (const request of requests) socket.send(request, at, "127.0.0.1");
      });
    } finally {
      socket.close();
    }
  }

  it("[N20] tells who asks the address that it has, with a fingerprint", async () => {
    const request = binding();
    const { answers, from } = await answersTo([request]);
    const [answer] = answers as [Buffer];
    expect([answer.readUInt16BE(0), answer.readUInt32BE(4), answer.length]).toEqual([0x0101, COOKIE, 40]);
    expect([answer.readUInt16BE(20), answer.readUInt16BE(22), answer[25]]).toEqual([0x0020, 8, 1]);
    expect(answer.readUInt16BE(26) ^ (COOKIE >>> 16)).toBe(from);
    expect((answer.readUInt32BE(28) ^ COOKIE) >>> 0).toBe(0x7f00_0001);
    expect(answer.readUInt16BE(32)).toBe(0x8028);
    expect(answer.readUInt32BE(36)).toBe((crc32(answer.subarray(0, 32)) ^ 0x5354_554e) >>> 0);
  });

  it("[N20] drops what is malformed, is no binding request, or asks for what is not known", async () => {
    const attribute = (type: number, length = 4): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16BE(type, 0);
      bytes.writeUInt16BE(length, 2);
      return bytes;
    };
    const wrongLength = binding();
    wrongLength.writeUInt16BE(4, 2);
    const dropped = [
      Buffer.alloc(0),
      Buffer.from(provider.randomBytes(100)),
      binding().subarray(0, 19),
      wrongLength,
      binding({ cookie: 1 }),
      // A response, an indication, TURN's Allocate, Send and CreatePermission.
      ...[0x0101, 0x0011, 0x0003, 0x0016, 0x0008].map((type) => binding({ type })),
      // CHANGE-REQUEST and REQUESTED-TRANSPORT must be understood, and are not.
      ...[0x0003, 0x0019].map((type) => binding({ attributes: attribute(type) })),
      binding({ attributes: Buffer.alloc(600) }),
    ];
    // SOFTWARE may be passed over.
    const known = binding({ attributes: attribute(0x8022) });
    const { answers } = await answersTo([...dropped, known]);
    expect(answers.map(transactionOf)).toEqual([transactionOf(known)]);
    for (let i = 0; i < 2_000; i++) {
      const bytes = Buffer.from(known);
      bytes[i % 20] = (bytes[i % 20] as number) ^ (1 + (i % 255));
      expect(() => bindingResponse(bytes, { address: "::1", port: 1 })).not.toThrow();
    }
  });

  it("[N20] answers so many a second and no more", async () => {
    let now = Date.now();
    await withNode({ limits: { stunPerSecond: 3 }, clock: { now: () => now } }, async (running) => {
      const flood = Array.from({ length: 50 }, () => binding());
      const third = await answersTo(flood.slice(0, 3), running.port);
      expect(third.answers.length).toBe(3);
      const socket = createSocket("udp4");
      for (const request of flood) {
        await new Promise<void>((resolve) => socket.send(request, running.port, "127.0.0.1", () => resolve()));
      }
      // Behind them, over the same event loop: the node has seen them when it answers this.
      await ask("/healthz", { at: running.port });
      now += 1_000;
      const answered: string[] = [];
      const late = binding();
      await new Promise<void>((resolve) => {
        socket.on("message", (message) => {
          answered.push(transactionOf(message));
          if (transactionOf(message) === transactionOf(late)) resolve();
        });
        socket.send(late, running.port, "127.0.0.1");
      });
      socket.close();
      expect(answered).toEqual([transactionOf(late)]);
    });
  });

  it("[N20] where the port is taken the node runs without, and its descriptor says so", async () => {
    expect((await learnNode(node.hint.address)).descriptor).toMatchObject({
      stun: `:${port}`,
      roles: ["mailbox", "blob", "stun"],
    });
    const taken = createSocket("udp4");
    await new Promise<void>((resolve) => taken.bind(0, "127.0.0.1", resolve));
    await withNode({ port: taken.address().port }, async (running) => {
      expect(running.hasStun).toBe(false);
      const { descriptor } = await learnNode(running.socketAddress);
      expect(descriptor).toMatchObject({ stun: null, roles: ["mailbox", "blob"] });
    });
    taken.close();
  });
});
