import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Clock } from "@xchat/client/ports";
import { lineChannel, MAX_ANSWER_LINE, MAX_REQUEST_LINE } from "../json-lines.ts";
import { makeFolders, profileFolder, type ProfileFolder } from "../profile-folder.ts";
import { chat, scriptedClient, type ScriptedClient } from "../scripted-client.ts";
import { connect, stopProcess } from "./connect.ts";
import { runDaemon, type DaemonStart } from "./run.ts";
import { IDLE_LIFETIME } from "./serve.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function newFolder(): Promise<ProfileFolder> {
  const directory = await mkdtemp(join(tmpdir(), "xchat-test-"));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return profileFolder(join(directory, "profile"));
}

/** Time that passes when it is told to. */
function handClock(): Clock & { pass(milliseconds: number): void; waiting(): readonly number[] } {
  let now = 0;
  const timers = new Map<object, { readonly at: number; readonly call: () => void }>();
  return {
    now: () => now,
    after: (milliseconds, call) => {
      const timer = { cancel: () => void timers.delete(timer) };
      timers.set(timer, { at: now + milliseconds, call });
      return timer;
    },
    pass: (milliseconds) => {
      now += milliseconds;
      for (const [timer, { at, call }] of timers) {
        if (at > now) continue;
        timers.delete(timer);
        call();
      }
    },
    waiting: () => [...timers.values()].map(({ at }) => at - now),
  };
}

interface Running {
  readonly folder: ProfileFolder;
  readonly client: ScriptedClient;
  readonly clock: ReturnType<typeof handClock>;
  readonly start: DaemonStart;
  readonly ended: Promise<void>;
  stop(): void;
}

async function startDaemon(folder: ProfileFolder): Promise<Running> {
  const client = scriptedClient();
  const clock = handClock();
  const abort = new AbortController();
  let onStart: (start: DaemonStart) => void = () => {};
  const started = new Promise<DaemonStart>((resolve) => (onStart = resolve));
  const ended = runDaemon({ folder, open: async () => client, clock, signal: abort.signal, onStart }).catch(() => {});
  cleanups.push(() => {
    abort.abort();
    return ended;
  });
  return { folder, client, clock, start: await started, ended, stop: () => abort.abort() };
}

/** No process may be started here: who tries to gets one that fails. */
const NO_PROGRAM = script("process.exit(1)");

function script(code: string): { readonly command: string; readonly args: readonly string[] } {
  return { command: process.execPath, args: ["-e", code, "--"] };
}

describe("the process that owns a profile", () => {
  it("serves the client's interface to commands", async () => {
    const { folder, client, start } = await startDaemon(await newFolder());
    expect(start).toEqual({ state: "ready" });
    client.answers.sendMessage = () => ({ id: "e1" });
    const one = await connect(folder, NO_PROGRAM);
    const two = await connect(folder, NO_PROGRAM);
    expect(one.isFresh).toBe(false);
    const views: unknown[] = [];
    const seen = new Promise<void>((resolve) =>
      two.api.watch({ view: "profile" }, (view) => {
        views.push(view);
        resolve();
      }),
    );
    await expect(one.api.call("sendMessage", { chat: "c", text: "x" })).resolves.toEqual({ id: "e1" });
    await seen;
    expect(views).toMatchObject([{ state: "ready" }]);
    one.close();
    two.close();
  });

  it.skipIf(process.platform === "win32")("keeps folder and socket for its owner alone", async () => {
    const { folder } = await startDaemon(await newFolder());
    expect((await stat(folder.directory)).mode & 0o777).toBe(0o700);
    expect((await stat(folder.socket)).mode & 0o777).toBe(0o600);
  });

  it("ends when it is told to, after everything is saved, and takes its socket with it", async () => {
    const { folder, client, ended } = await startDaemon(await newFolder());
    const follower = await connect(folder, NO_PROGRAM);
    expect(await stopProcess(folder)).toBe(process.pid);
    expect(client.isClosed()).toBe(true);
    await ended;
    await follower.closed;
    await expect(follower.api.call("lock", {})).rejects.toMatchObject({ code: "not-the-leader" });
    await expect(stat(folder.socket)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await stopProcess(folder)).toBeNull();
  });

  it("ends when nobody has asked for anything for a while, but not while somebody listens", async () => {
    const { folder, client, clock, ended } = await startDaemon(await newFolder());
    expect(clock.waiting()).toEqual([IDLE_LIFETIME]);
    const listener = await connect(folder, NO_PROGRAM);
    clock.pass(2 * IDLE_LIFETIME);
    expect(client.isClosed()).toBe(false);
    // Its own end of the connection is closed a moment later.
    const left = new Promise<void>((resolve) => {
      const { after } = clock;
      Object.assign(clock, {
        after: (...input: Parameters<Clock["after"]>) => {
          resolve();
          return after(...input);
        },
      });
    });
    listener.close();
    await left;
    clock.pass(IDLE_LIFETIME);
    await ended;
    expect(client.isClosed()).toBe(true);
  });

  it("stays while a message waits to be sent", async () => {
    const { client, clock, ended } = await startDaemon(await newFolder());
    const last = {
      kind: "text",
      text: "x",
      at: 0,
      isOwn: true,
      author: null,
      delivery: { state: "queued", why: "offline" },
    } as const;
    client.show("chats", [chat({ last })]);
    clock.pass(IDLE_LIFETIME);
    expect(client.isClosed()).toBe(false);
    expect(clock.waiting()).toEqual([IDLE_LIFETIME]);
    client.show("chats", [chat({ last: { ...last, delivery: { state: "stored", count: 1, of: 1 } } })]);
    clock.pass(IDLE_LIFETIME);
    await ended;
    expect(client.isClosed()).toBe(true);
  });

  it("a second one is refused, and the first goes on", async () => {
    const first = await startDaemon(await newFolder());
    const second = await startDaemon(first.folder);
    expect(second.start).toMatchObject({ state: "failed", code: "store-in-use" });
    const connection = await connect(first.folder, NO_PROGRAM);
    connection.close();
  });

  it.skipIf(process.platform === "win32")("takes the place of a socket that a crash left behind", async () => {
    const folder = await newFolder();
    makeFolders(folder);
    await writeFile(folder.socket, "");
    const { start } = await startDaemon(folder);
    expect(start).toEqual({ state: "ready" });
  });

  it.each([
    ["no JSON", "hello\n"],
    ["an endless line", "x".repeat(MAX_REQUEST_LINE + 1)],
  ])("closes the connection at %s, and goes on", async (_, sent) => {
    const { folder, client } = await startDaemon(await newFolder());
    const socket = createConnection(folder.socket);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.resume().write(sent);
    await closed;
    client.answers.retryNow = () => null;
    const connection = await connect(folder, NO_PROGRAM);
    await expect(connection.api.call("retryNow", {})).resolves.toBeNull();
    connection.close();
  });

  it("the reason for which it cannot start reaches the command", async () => {
    const folder = await newFolder();
    const told = JSON.stringify({ state: "failed", code: "store-newer-version", words: "" });
    const program = script(`console.log(${JSON.stringify(told)})`);
    await expect(connect(folder, program)).rejects.toMatchObject({ code: "store-newer-version" });
  });

  it("a program that dies without a word is an internal error that names its log", async () => {
    const folder = await newFolder();
    const program = script("console.error('last words'); process.exit(9)");
    await expect(connect(folder, program)).rejects.toMatchObject({ code: "internal" });
    expect(await readFile(folder.log, "utf8")).toBe("last words\n");
  });

  it("does not hand secrets of the environment to the process", async () => {
    const folder = await newFolder();
    const before = process.env["XCHAT_PASSPHRASE"];
    process.env["XCHAT_PASSPHRASE"] = "secret words";
    const program = script("console.error(JSON.stringify(process.env))");
    await connect(folder, program).catch(() => {});
    if (before === undefined) delete process.env["XCHAT_PASSPHRASE"];
    else process.env["XCHAT_PASSPHRASE"] = before;
    const environment = await readFile(folder.log, "utf8");
    expect(environment).toContain("PATH");
    expect(environment).not.toContain("secret words");
  });

  it("tells a process of another version to make room", async () => {
    const folder = await newFolder();
    makeFolders(folder);
    const received: unknown[] = [];
    const old = createServer((socket) => {
      const channel = lineChannel(socket, MAX_ANSWER_LINE);
      channel.onMessage((message) => {
        received.push(message);
        old.close();
        channel.close();
      });
      channel.send({ kind: "hello", protocol: 0, pid: 1 });
    });
    await new Promise<void>((resolve) => old.listen(folder.socket, resolve));
    await connect(folder, NO_PROGRAM).catch(() => {});
    expect(received).toEqual([{ kind: "stop" }]);
  });
});
