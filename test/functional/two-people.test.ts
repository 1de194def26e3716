/** Two people with real clients and real node processes: what the main job promises, without a browser. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  allMessages,
  meet,
  person,
  startNodeProcess,
  until,
  untilTexts,
  type NodeProcess,
  type Person,
} from "@xchat/testkit";

const PATIENCE = 30_000;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function nodes(count: number): Promise<readonly NodeProcess[]> {
  const started = await Promise.all(Array.from({ length: count }, () => startNodeProcess()));
  for (const node of started) cleanups.push(() => node.remove());
  return started;
}

async function someone(
  name: string,
  at: readonly NodeProcess[],
  more: Partial<Parameters<typeof person>[0]> = {},
): Promise<Person> {
  const made = await person({ name, nodes: at.map(({ hint }) => hint), ...more });
  cleanups.push(() => made.close());
  return made;
}

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "xchat-test-"));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

describe("two people, one node", () => {
  test("meet by an invitation, write to each other, and see what became of each message", async () => {
    const [node] = await nodes(1);
    const alice = await someone("Alice", [node as NodeProcess]);
    const bob = await someone("Bob", [node as NodeProcess]);
    const { alicesChat, bobsChat } = await meet(alice, bob);

    await alice.api.call("sendMessage", { chat: alicesChat, text: "Hello Bob 👋" });
    await untilTexts(bob.api, bobsChat, ["Hello Bob 👋"]);
    await bob.api.call("sendMessage", { chat: bobsChat, text: "مرحبا أليس" });
    await untilTexts(alice.api, alicesChat, ["Hello Bob 👋", "مرحبا أليس"]);

    const [, received] = (await allMessages(bob.api, bobsChat)).filter(({ content }) => content.kind === "text");
    const [seen] = (await allMessages(bob.api, bobsChat)).filter(({ isOwn }) => !isOwn && true);
    expect(seen?.via).toBe("nodes");
    expect(received?.isOwn).toBe(true);
    await bob.api.call("markRead", { chat: bobsChat, upTo: (seen as { id: string }).id });
    await untilDelivery(alice, alicesChat, "read");
    await untilDelivery(bob, bobsChat, "delivered");
  });

  test("messages written before the yes arrive after it, in order", async () => {
    const [node] = await nodes(1);
    const alice = await someone("Alice", [node as NodeProcess]);
    const bob = await someone("Bob", [node as NodeProcess]);
    const invitation = await alice.api.call("createInvitation", { label: "", isLasting: false, days: 7 });
    const { chat } = await bob.api.call("acceptInvitation", { text: invitation.code, greeting: "", mayDirect: false });
    const texts = ["one", "two", "three"];
    for (const text of texts) await bob.api.call("sendMessage", { chat, text });
    const [request] = await until(alice.api, { view: "requests" }, (requests) => requests.length > 0);
    expect(await until(alice.api, { view: "chats" }, () => true)).toEqual([]);
    const answered = await alice.api.call("answerRequest", {
      id: request?.id ?? "",
      answer: "accept",
      mayDirect: false,
    });
    await untilTexts(alice.api, answered.chat ?? "", texts);
  });

  test("a declined request stays unanswered, a blocked person cannot ask again", async () => {
    const [node] = await nodes(1);
    const alice = await someone("Alice", [node as NodeProcess]);
    const mallory = await someone("Mallory", [node as NodeProcess]);
    for (const answer of ["decline", "block"] as const) {
      const invitation = await alice.api.call("createInvitation", { label: "", isLasting: false, days: 1 });
      const { chat } = await mallory.api.call("acceptInvitation", {
        text: invitation.code,
        greeting: "",
        mayDirect: false,
      });
      const [request] = await until(alice.api, { view: "requests" }, (requests) => requests.length > 0);
      await alice.api.call("answerRequest", { id: request?.id ?? "", answer, mayDirect: false });
      await until(alice.api, { view: "requests" }, (requests) => requests.length === 0);
      expect((await until(mallory.api, { view: "chats" }, () => true))[0]?.state).toBe("waiting");
      await mallory.api.call("deleteChat", { chat });
    }
    const lasting = await alice.api.call("createInvitation", { label: "", isLasting: true, days: 1 });
    await mallory.api.call("acceptInvitation", { text: lasting.code, greeting: "again", mayDirect: false });
    const bob = await someone("Bob", [node as NodeProcess]);
    await bob.api.call("acceptInvitation", { text: lasting.code, greeting: "", mayDirect: false });
    const requests = await until(alice.api, { view: "requests" }, (pending) => pending.length > 0);
    expect(requests.map(({ name }) => name)).toEqual(["Bob"]);
  });

  test("used, revoked, mistyped and own invitations are told apart", async () => {
    const [node] = await nodes(1);
    const alice = await someone("Alice", [node as NodeProcess]);
    const bob = await someone("Bob", [node as NodeProcess]);
    const { code, id } = await alice.api.call("createInvitation", { label: "", isLasting: false, days: 1 });
    const preview = (text: string): Promise<unknown> => bob.api.call("previewInvitation", { text });
    await expect(alice.api.call("previewInvitation", { text: code })).rejects.toMatchObject({ code: "invitation-own" });
    await expect(preview(code.slice(0, -3))).rejects.toMatchObject({ code: "invitation-malformed" });
    await expect(preview("hello")).rejects.toMatchObject({ code: "invitation-malformed" });
    await expect(preview(`  https://chat.example/#${code}\n`)).resolves.toMatchObject({
      name: "Alice",
      existingChat: null,
    });
    await alice.api.call("revokeInvitation", { id });
    await until(alice.api, { view: "invitations" }, ([invitation]) => invitation?.state === "revoked");
    await expect(untilRejected(() => preview(code))).resolves.toMatchObject({ code: "invitation-not-found" });
  });
});

describe("when things fail", () => {
  test("a message written while the node is down arrives once, after its restart", async () => {
    const [node] = (await nodes(1)) as [NodeProcess];
    const alice = await someone("Alice", [node]);
    const bob = await someone("Bob", [node]);
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await node.kill();
    await alice.api.call("sendMessage", { chat: alicesChat, text: "while it was down" });
    await until(alice.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "queued");
    await node.restart();
    await alice.api.call("retryNow", {});
    await bob.api.call("retryNow", {});
    await untilTexts(bob.api, bobsChat, ["while it was down"]);
  });

  test("three home nodes: two receipts are enough, and one that dies loses nothing", async () => {
    const three = await nodes(3);
    const alice = await someone("Alice", three);
    const bob = await someone("Bob", three);
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await three[0]?.kill();
    await alice.api.call("sendMessage", { chat: alicesChat, text: "two of three" });
    await untilTexts(bob.api, bobsChat, ["two of three"]);
    const [chat] = await until(bob.api, { view: "chats" }, ([one]) => one?.homeNodes.length === 3);
    expect(chat?.homeNodes).toHaveLength(3);
  });

  test("a client that is closed and opened again has everything, and gets what came meanwhile", async () => {
    const [node] = (await nodes(1)) as [NodeProcess];
    const directory = await folder();
    const alice = await someone("Alice", [node]);
    const before = await person({ name: "Bob", nodes: [node.hint], directory });
    const { alicesChat, bobsChat } = await meet(alice, before);
    await alice.api.call("sendMessage", { chat: alicesChat, text: "first" });
    await untilTexts(before.api, bobsChat, ["first"]);
    await before.close();
    for (const text of ["second", "third"]) await alice.api.call("sendMessage", { chat: alicesChat, text });
    const after = await someone("Bob", [node], { directory });
    await untilTexts(after.api, bobsChat, ["first", "second", "third"]);
    await after.api.call("sendMessage", { chat: bobsChat, text: "back again" });
    await untilTexts(alice.api, alicesChat, ["first", "second", "third", "back again"]);
  });

  test("both write at once while apart: both see the same order", async () => {
    const [node] = (await nodes(1)) as [NodeProcess];
    const alice = await someone("Alice", [node]);
    const bob = await someone("Bob", [node]);
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await node.kill();
    await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        await alice.api.call("sendMessage", { chat: alicesChat, text: `a${i}` });
        await bob.api.call("sendMessage", { chat: bobsChat, text: `b${i}` });
      }),
    );
    await node.restart();
    for (const { api } of [alice, bob]) await api.call("retryNow", {});
    const texts = async ({ api }: Person, chat: string): Promise<readonly string[]> =>
      (await allMessages(api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));
    await until(alice.api, { view: "chats" }, ([chat]) => (chat?.unread ?? 0) >= 5);
    await until(bob.api, { view: "chats" }, ([chat]) => (chat?.unread ?? 0) >= 5);
    expect(await texts(alice, alicesChat)).toEqual(await texts(bob, bobsChat));
    expect(new Set(await texts(alice, alicesChat)).size).toBe(10);
  });
});

/** Every own text of the chat has come so far. */
async function untilDelivery({ api }: Person, chat: string, wanted: "delivered" | "read"): Promise<void> {
  let states: readonly unknown[] = [];
  const isSo = async (): Promise<boolean> => {
    const own = (await allMessages(api, chat)).filter(({ isOwn, content }) => isOwn && content.kind === "text");
    states = own.map(({ delivery }) => delivery?.state);
    return own.length > 0 && states.every((state) => state === wanted);
  };
  await new Promise<void>((resolve, reject) => {
    const fail = setTimeout(() => {
      stop();
      reject(new Error(`waited for ${wanted}, found ${states.join(", ")}`));
    }, PATIENCE);
    const look = async (): Promise<void> => {
      if (!(await isSo())) return;
      clearTimeout(fail);
      stop();
      resolve();
    };
    const stop = api.watch({ view: "messages", chat }, () => void look());
    void look();
  });
}

/** Taking a card down reaches the node a little after the intent. */
async function untilRejected(call: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 0; tries < 100; tries++) {
    const failure = await call().then(
      () => null,
      (error: unknown) => error,
    );
    if (failure !== null) return failure;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return null;
}
