/** Two people at two terminals: the built program as it is typed, its background processes, and a real node. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { startNodeProcess, type NodeProcess } from "@xchat/testkit";

/** What ships. */
const PROGRAM = join(import.meta.dirname, "../../apps/cli/bin/xchat.js");
const STORY = 180_000;
const KILLS = Number(process.env["XCHAT_KILLS"] ?? 10);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Line = Readonly<Record<string, unknown>>;

interface Result {
  readonly code: number;
  readonly lines: readonly Line[];
  readonly out: string;
  readonly err: string;
}

/** One person's terminal: every command is a process of its own. */
class Terminal {
  readonly profile: string;

  constructor(profile: string) {
    this.profile = profile;
  }

  run(...args: readonly string[]): Promise<Result> {
    const child = this.#spawn(args);
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said.out += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said.err += chunk));
    return new Promise((resolve) => {
      child.once("close", (code) => {
        const lines = said.out.split("\n").filter((line) => line.startsWith("{"));
        const isJson = args.includes("--json");
        resolve({ code: code ?? -1, lines: isJson ? lines.map((line) => JSON.parse(line) as Line) : [], ...said });
      });
    });
  }

  /** What the command answers in JSON; it must succeed. */
  async ask(...args: readonly string[]): Promise<readonly Line[]> {
    const { code, lines, err } = await this.run(...args, "--json");
    if (code !== 0) throw new Error(`xchat ${args.join(" ")} ended with ${code}: ${err}`);
    return lines;
  }

  async texts(chat: string): Promise<readonly string[]> {
    const messages = await this.ask("read", chat, "--peek", "--limit", "10000");
    return messages.flatMap(({ content }) => {
      const { kind, text } = content as { readonly kind: string; readonly text: string };
      return kind === "text" ? [text] : [];
    });
  }

  /** Follows what comes; `onLine` is told of each, `ended` of the exit code. */
  listen(onLine: (line: Line) => void): { readonly ended: Promise<number | null>; stop(): void } {
    const child = this.#spawn(["listen", "--json"]);
    createInterface(child.stdout).on("line", (line) => onLine(JSON.parse(line) as Line));
    return {
      ended: new Promise((resolve) => child.once("exit", resolve)),
      stop: () => void child.kill("SIGINT"),
    };
  }

  /** Resolves when the answer to the question is yes, which is asked now and whenever something comes. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    let wake: () => void = () => {};
    const listening = this.listen(() => wake());
    try {
      for (;;) {
        const next = new Promise<void>((resolve) => (wake = resolve));
        if (await isSo()) return;
        await Promise.race([next, listening.ended]);
      }
    } finally {
      listening.stop();
      await listening.ended;
    }
  }

  /** The process that owns the profile, by its lock. */
  async processId(): Promise<number | null> {
    const lock = await readFile(join(this.profile, "lock"), "utf8").catch(() => "{}");
    const { pid } = JSON.parse(lock) as { readonly pid?: number };
    return pid ?? null;
  }

  async kill(): Promise<void> {
    const pid = await this.processId();
    if (pid === null) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already, and its lock is left over.
    }
  }

  #spawn(
    args: readonly string[],
  ): ReturnType<typeof spawn> & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
    return spawn(process.execPath, [PROGRAM, "--profile", this.profile, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] },
    }) as never;
  }
}

async function newTerminal(name: string, node: NodeProcess): Promise<Terminal> {
  const base = await mkdtemp(join(tmpdir(), "xchat-test-"));
  const terminal = new Terminal(join(base, "profile"));
  cleanups.push(async () => {
    await terminal.run("stop");
    await rm(base, { recursive: true, force: true });
  });
  const [profile] = await terminal.ask("init", "--name", name, "--node", node.webAddress);
  expect(profile).toMatchObject({ type: "profile", name, nodes: [node.hint.address] });
  return terminal;
}

async function newNode(): Promise<NodeProcess> {
  const node = await startNodeProcess();
  cleanups.push(() => node.remove());
  return node;
}

/** From two empty folders to the first message's chat, which both call by the other's name. */
async function meet(
  node: NodeProcess,
  ...consent: readonly string[]
): Promise<{ readonly alice: Terminal; readonly bob: Terminal }> {
  const alice = await newTerminal("Alice", node);
  const bob = await newTerminal("Bob", node);
  const [invitation] = await alice.ask("invite");
  expect(invitation).toMatchObject({ type: "invitation", state: "open" });
  const [asked] = await bob.ask("accept", String(invitation?.["code"]), "--greeting", "It is Bob", ...consent);
  expect(asked).toMatchObject({ type: "chat", name: "Alice", state: "waiting" });
  await alice.until(async () => (await alice.ask("requests")).length > 0);
  const [request] = await alice.ask("requests");
  expect(request).toMatchObject({ name: "Bob", greeting: "It is Bob" });
  await alice.ask("accept", String(request?.["id"]), ...consent);
  await bob.until(async () => (await bob.ask("chats"))[0]?.["state"] === "active");
  return { alice, bob };
}

describe("two terminals", () => {
  test("meet, write to each other while both listen, and compare their safety number", { timeout: STORY }, async () => {
    const node = await newNode();
    const { alice, bob } = await meet(node);
    const [invitation] = await alice.ask("invite", "list");
    expect(invitation).toMatchObject({ state: "used" });

    const heard: Line[] = [];
    let wake: () => void = () => {};
    const listening = bob.listen((line) => {
      heard.push(line);
      wake();
    });
    // A message of Bob's own is told too: then the listener is known to follow.
    const follows = new Promise<void>((resolve) => (wake = resolve));
    await bob.ask("send", "Alice", "I am here");
    await follows;
    const arrived = new Promise<void>((resolve) => {
      wake = () => heard.some(({ isOwn }) => isOwn === false) && resolve();
    });
    await alice.ask("send", "Bob", "Hello Bob 👋\u001b[2J");
    await arrived;
    listening.stop();
    expect(await listening.ended).toBe(0);
    expect(heard.find(({ isOwn }) => isOwn === false)).toMatchObject({
      type: "message",
      content: { kind: "text", text: "Hello Bob 👋\u001b[2J" },
      via: "nodes",
    });

    await alice.until(async () => (await alice.texts("Bob")).length === 2);
    expect(await alice.texts("Bob")).toEqual(await bob.texts("Alice"));
    const shown = await bob.run("read", "Alice");
    expect(shown.out).toContain("Hello Bob 👋␛[2J");
    expect(shown.out).not.toContain("\u001b");

    const [alices] = await alice.ask("verify", "Bob");
    const [bobs] = await bob.ask("verify", "Alice");
    expect(alices?.["digits"]).toBe(bobs?.["digits"]);
    expect(await alice.ask("verify", "Bob", "--code", String(bobs?.["code"]))).toMatchObject([{ matches: true }]);
    expect(await alice.ask("chats")).toMatchObject([{ name: "Bob", isVerified: true }]);

    const exported = JSON.parse((await alice.run("export")).out) as { readonly chats: readonly unknown[] };
    expect(exported.chats).toHaveLength(1);
    const checks = await alice.ask("doctor");
    expect(checks.filter(({ state }) => state === "bad")).toEqual([]);
    expect((await alice.run("doctor")).out).not.toMatch(/Bob|xc1/u);
  });

  test("answer, react, edit, pin, delete, and let disappear", { timeout: 2 * STORY }, async () => {
    const node = await newNode();
    const { alice, bob } = await meet(node);
    const [sent] = await alice.ask("send", "Bob", "the lake at nine");
    const id = String(sent?.["id"]);
    await bob.until(async () => (await bob.texts("Alice")).length === 1);
    await bob.ask("react", "Alice", "last", "👍");
    await bob.ask("reply", "Alice", id.slice(0, 8), "fine with me");
    await bob.ask("pin", "Alice", id.slice(0, 8));
    await bob.ask("star", "Alice", id.slice(0, 8));
    await alice.ask("edit", "Bob", id.slice(0, 8), "the lake at ten");
    const first = async (terminal: Terminal, other: string): Promise<Line | undefined> =>
      (await terminal.ask("read", other, "--peek")).find((line) => line["id"] === id);
    const isDone = async (terminal: Terminal, other: string): Promise<boolean> => {
      const line = await first(terminal, other);
      const content = JSON.stringify(line?.["content"] ?? {});
      return (
        content.includes("the lake at ten") &&
        line?.["isPinned"] === true &&
        JSON.stringify(line["reactions"]).includes("👍")
      );
    };
    await alice.until(() => isDone(alice, "Bob"));
    await bob.until(() => isDone(bob, "Alice"));
    const shown = (await alice.run("read", "Bob")).out;
    expect(shown).toMatch(/the lake at ten {2}\(edited; \P{L}+ Bob; pinned\)/u);
    expect(shown).toContain("[to me: the lake at ten] fine with me");
    expect(await bob.ask("pinned", "Alice")).toMatchObject([{ id }]);
    expect(await bob.ask("starred")).toMatchObject([{ id, isStarred: true }]);
    expect(await bob.run("edit", "Alice", id.slice(0, 8), "no")).toMatchObject({ code: 9 });

    await alice.ask("delete", "Bob", id.slice(0, 8), "--everyone");
    await bob.until(async () => JSON.stringify((await first(bob, "Alice"))?.["content"]) === '{"kind":"deleted"}');
    expect(await bob.ask("starred")).toEqual([]);
    expect(await bob.run("react", "Alice", id.slice(0, 8), "👍")).toMatchObject({ code: 4 });

    await alice.ask("disappear", "Bob", "1s");
    await bob.until(async () => (await bob.ask("chats"))[0]?.["disappearAfter"] === 1);
    const [brief] = await bob.ask("send", "Alice", "not for long");
    const isThere = async (terminal: Terminal, other: string): Promise<boolean> =>
      (await terminal.ask("read", other)).some((line) => line["id"] === brief?.["id"]);
    await alice.until(async () => JSON.stringify(await alice.ask("chats")).includes("not for long"));
    expect(await isThere(alice, "Bob")).toBe(true);
    await alice.until(async () => !(await isThere(alice, "Bob")));
    await bob.until(async () => !(await isThere(bob, "Alice")));
  });

  test("what is written while the node is down comes when it is back, once", { timeout: STORY }, async () => {
    const node = await newNode();
    const { alice, bob } = await meet(node);
    await node.stop();
    expect(await alice.run("send", "Bob", "one")).toMatchObject({ code: 0 });
    expect(await alice.run("send", "Bob", "two")).toMatchObject({ code: 0 });
    const [queued] = await alice.ask("chats");
    expect(queued).toMatchObject({ last: { text: "two", delivery: { state: "queued" } } });
    // The end of the background process takes nothing with it.
    await alice.ask("stop");
    await node.restart();
    await alice.ask("status");
    await bob.until(async () => (await bob.texts("Alice")).length >= 2);
    expect(await bob.texts("Alice")).toEqual(["one", "two"]);
  });

  test("who both say yes are connected directly, and go on with the node down", { timeout: STORY }, async () => {
    const node = await newNode();
    const { alice, bob } = await meet(node, "--direct");
    await bob.until(async () => (await bob.ask("chats"))[0]?.["way"] === "direct");
    await node.stop();
    await alice.ask("send", "Bob", "no node sees this");
    await bob.until(async () => (await bob.texts("Alice")).length === 1);
    const messages = await bob.ask("read", "Alice");
    expect(
      messages.find(({ isOwn, content }) => isOwn === false && (content as Line)["kind"] === "text"),
    ).toMatchObject({
      via: "direct",
    });
  });

  test(
    "kill -9 of either process at random instants: nothing that was acknowledged is lost, nothing comes twice",
    { timeout: 2 * STORY },
    async () => {
      const seed = Number(process.env["XCHAT_SEED"] ?? Date.now() % 2 ** 31);
      console.info(`XCHAT_SEED=${seed} XCHAT_KILLS=${KILLS}`);
      const random = generator(seed);
      const node = await newNode();
      const { alice, bob } = await meet(node);
      const people = [
        { self: alice, other: "Bob", acknowledged: [] as string[] },
        { self: bob, other: "Alice", acknowledged: [] as string[] },
      ] as const;
      for (let round = 0; round < KILLS; round++) {
        const victim = people[random() < 0.7 ? 0 : 1].self;
        const sending = people.map(async ({ self, other, acknowledged }, person) => {
          const text = `${round} of ${person}`;
          const { code, err } = await self.run("send", other, text);
          if (code === 0) acknowledged.push(text);
          else expect(`${code} ${err}`).toMatch(/^8 /u);
        });
        // Not a wait for anything: the instant of the fault is what is random.
        const instant = new Promise<void>((resolve) => setTimeout(resolve, random() * 1500));
        await Promise.all([...sending, instant.then(() => victim.kill())]);
      }
      const [first, second] = people;
      expect(first.acknowledged.length + second.acknowledged.length).toBeGreaterThan(KILLS / 2);
      const wanted = [...first.acknowledged, ...second.acknowledged];
      for (const { self, other } of people) {
        // Both processes must run for what waits to come.
        await Promise.all(people.map((person) => person.self.ask("status")));
        await self.until(async () => {
          const found = new Set(await self.texts(other));
          return wanted.every((text) => found.has(text));
        });
        const texts = await self.texts(other);
        expect(new Set(texts).size).toBe(texts.length);
        for (const { acknowledged } of people) {
          expect(texts.filter((text) => acknowledged.includes(text))).toEqual(acknowledged);
        }
      }
      expect(await alice.texts("Bob")).toEqual(await bob.texts("Alice"));
    },
  );
});

/** mulberry32: 0 ≤ x < 1. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
