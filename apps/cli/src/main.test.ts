/** The program itself, run as a process against the real daemon and a client whose answers are set by hand. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { INTENT_ERROR_CODES, IntentError, type MessageView, type NodeView } from "@xchat/client/api";
import { chat, message, network, person, ready, request } from "./scripted-client.ts";
import { PROGRAM, run, terminal } from "./test-terminal.ts";
import { ERROR_WORDS } from "./words.ts";

describe("the terminal client", () => {
  it("an export on a terminal does not speak to it, and says the same", async () => {
    const { client, run: xchat } = await terminal();
    const chats = [{ text: "\u009b2J\u202eabc" }];
    client.answers.export = () => ({ json: JSON.stringify({ chats }, null, 2) });
    const { out, code } = await xchat(["export"]);
    expect(code).toBe(0);
    expect(out).not.toMatch(/[\u0080-\u009f\u202e]/u);
    expect(JSON.parse(out)).toEqual({ chats });
  });

  it("shows chats, and nothing of a hostile name gets at the terminal", async () => {
    const { client, run: xchat } = await terminal();
    const evil = "\u001b]0;title\u0007\u202eevil\n";
    client.show("chats", [chat({ name: evil, unread: 3 }), chat({ id: "deadbeef11", name: "Zoë" })]);
    const { out } = await xchat(["chats"]);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/u);
    expect(out.split("\n")).toHaveLength(3);
    expect(out).toContain("c0ffee00");
    expect(out).toContain("3 new");
    const { json } = await xchat(["chats", "--json"]);
    expect(json).toMatchObject([
      { type: "chat", name: evil, unread: 3 },
      { type: "chat", name: "Zoë" },
    ]);
  });

  it("counts one as one", async () => {
    const { client, run: xchat } = await terminal();
    client.show("chats", [chat({ unread: 1 })]);
    client.show("requests", [request(), request()]);
    expect((await xchat(["status"])).out).toContain("\n1 chat, 1 unread message, 2 requests\n");
  });

  it("sends what is given, by name or by the beginning of an id, or from the standard input", async () => {
    const { client, run: xchat } = await terminal();
    client.show("chats", [chat(), chat({ id: "c0ffee11", name: "Carol" })]);
    client.answers.sendMessage = () => ({ id: "e1" });
    expect(await xchat(["send", "bob", "hello", "there", "--json"])).toMatchObject({
      code: 0,
      json: [{ type: "sent", chat: "c0ffee00c0ffee00", id: "e1" }],
    });
    await xchat(["send", "c0ffee11", "-"], {}, "two\nlines\n");
    await xchat(["send", "Bob", "--", "--not a flag"]);
    expect(client.calls.map(({ input }) => input)).toEqual([
      { chat: "c0ffee00c0ffee00", text: "hello there" },
      { chat: "c0ffee11", text: "two\nlines" },
      { chat: "c0ffee00c0ffee00", text: "--not a flag" },
    ]);
    expect(await xchat(["send", "c0ffee", "x"])).toMatchObject({ code: 2 });
    expect(await xchat(["send", "nobody", "x"])).toMatchObject({ code: ERROR_WORDS["chat-missing"].exit });
    expect(await xchat(["send", "bob"])).toMatchObject({ code: 2 });
  });

  it("reads through as many pages as are asked for, oldest first, and marks them read", async () => {
    const { client, run: xchat } = await terminal();
    client.show("chats", [chat()]);
    const all = Array.from({ length: 250 }, (_, i) => message(String(i).padStart(3, "0")));
    client.answers.messages = ({ before, limit }: { before: string | null; limit: number }) => {
      const end = before === null ? all.length : all.findIndex(({ order }) => order === before);
      const messages = all.slice(Math.max(0, end - limit), end);
      return { messages, hasOlder: end > limit, hasNewer: before !== null };
    };
    client.answers.markRead = () => null;
    const { json } = await xchat(["read", "bob", "--limit", "230", "--json"]);
    expect(json.map(({ order }) => order)).toEqual(all.slice(20).map(({ order }) => order));
    expect(client.calls.at(-1)).toEqual({ intent: "markRead", input: { chat: "c0ffee00c0ffee00", upTo: "id of 249" } });
    const before = client.calls.length;
    const peeked = await xchat(["read", "bob", "--limit", "1", "--peek"]);
    expect(peeked.out).toMatch(/Bob: 249/u);
    expect(client.calls.slice(before).map(({ intent }) => intent)).toEqual(["messages"]);
    expect(await xchat(["read", "bob", "--limit", "many"])).toMatchObject({ code: 2 });
  });

  it("listens and sends at once; each message is told once, a new chat from its beginning", async () => {
    const { client, directory, run: xchat } = await terminal();
    client.show("chats", [chat()]);
    client.answers.sendMessage = () => ({ id: "own" });
    client.answers.messages = () => ({ messages: [message("first of Carol")], hasOlder: false, hasNewer: false });
    const listener = spawn(process.execPath, [PROGRAM, "--profile", directory, "listen", "--json"]);
    const lines: Record<string, unknown>[] = [];
    let wake = (): void => {};
    listener.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      lines.push(
        ...chunk
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      );
      wake();
    });
    const until = (count: number): Promise<void> =>
      new Promise((resolve) => {
        wake = () => (lines.length >= count ? resolve() : undefined);
        wake();
      });
    await client.followed("c0ffee00c0ffee00");
    client.say("c0ffee00c0ffee00", [message("one")]);
    client.say("c0ffee00c0ffee00", [message("one"), message("two")]);
    await until(3);
    expect(await xchat(["send", "bob", "three"])).toMatchObject({ code: 0 });
    const own: Partial<MessageView> = { isOwn: true, delivery: { state: "stored", count: 1, of: 1 } };
    client.say("c0ffee00c0ffee00", [message("three", own)]);
    await until(4);
    client.show("requests", [request()]);
    client.show("requests", [request()]);
    await until(5);
    client.show("chats", [chat(), chat({ id: "ca201", name: "Carol" })]);
    await until(7);
    const ended = new Promise((resolve) => listener.once("exit", resolve));
    listener.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(lines.map(({ type, id }) => [type, id])).toEqual([
      ["chat", "c0ffee00c0ffee00"],
      ["message", "id of one"],
      ["message", "id of two"],
      ["message", "id of three"],
      ["request", "feedbeef01"],
      ["chat", "ca201"],
      ["message", "id of first of Carol"],
    ]);
  });

  it("tells a person what others say of their words once, without the words again, and when no node can be reached", async () => {
    const { client, directory } = await terminal();
    client.show("chats", [chat()]);
    client.show("network", network("down"));
    const listener = spawn(process.execPath, [PROGRAM, "--profile", directory, "listen"]);
    let said = "";
    let wake = (): void => {};
    listener.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      wake();
    });
    const until = (words: string): Promise<void> =>
      new Promise((resolve) => {
        wake = () => (said.includes(words) ? resolve() : undefined);
        wake();
      });
    await client.followed("c0ffee00c0ffee00");
    await until("No node can be reached now");
    client.show("network", network("connecting"));
    client.show("network", network("ready"));
    await until("Connected to a node");
    const thumb = { reaction: "👍", people: [person("Bob")], isOwn: false };
    const own: Partial<MessageView> = { isOwn: true, delivery: { state: "stored", count: 1, of: 1 } };
    client.say("c0ffee00c0ffee00", [message("lake at nine", own)]);
    client.say("c0ffee00c0ffee00", [message("lake at nine", { ...own, reactions: [thumb] })]);
    const read: Partial<MessageView> = { isOwn: true, delivery: { state: "read", via: "nodes" } };
    client.say("c0ffee00c0ffee00", [message("lake at nine", { ...read, reactions: [thumb] })]);
    const heart = { reaction: "❤", people: [person("Bob")], isOwn: false };
    client.say("c0ffee00c0ffee00", [message("lake at nine", { ...read, reactions: [heart] }), message("end")]);
    await until("Bob: end");
    const ended = new Promise((resolve) => listener.once("exit", resolve));
    listener.kill("SIGINT");
    await ended;
    expect(
      said
        .replaceAll(/[\u2066-\u2069]/gu, "")
        .split("\n")
        .filter((line) => line.includes("Bob")),
    ).toEqual([
      'id of la  Bob: 👍 (to "lake at nine")',
      'id of la  Bob: ❤ (to "lake at nine")',
      expect.stringMatching(/Bob: end$/u),
    ]);
    expect(said.match(/node/gu)).toHaveLength(2);
  });

  it("says of what was sent whether it can go, and what a node sees", async () => {
    const { client, run: xchat } = await terminal();
    client.answers.sendMessage = () => ({ id: "e1" });
    client.show("chats", [chat(), chat({ id: "ca201", name: "Carol", state: "waiting" })]);
    const sent = async (...states: NodeView["state"][]): Promise<string> => {
      client.show("network", network(...states));
      return (await xchat(["send", "bob", "hello"])).out;
    };
    expect(await sent()).toContain("waits for a node: xchat nodes add");
    expect(await sent("down", "refused")).toContain("goes by itself as soon as one can");
    expect(await sent("down", "ready")).toBe("Saved, and on its way.\n");
    expect((await xchat(["send", "carol", "hello"])).out).toContain("waits for their yes");
    const { out } = await xchat(["status"]);
    expect(out).toContain("each of your nodes sees your internet address");
    expect(out).not.toContain("one copy");
  });

  it("a check-up that finds something bad has an exit code for scripts", async () => {
    const { client, run: xchat } = await terminal();
    const nodes = (state: string) => () => ({ checks: [{ name: "nodes", state, detail: "0 of 1 ready" }] });
    client.answers.doctor = nodes("bad");
    expect(await xchat(["doctor"])).toMatchObject({ code: 1, out: "BAD      nodes: 0 of 1 ready\n", err: "" });
    client.answers.doctor = nodes("warning");
    expect(await xchat(["doctor"])).toMatchObject({ code: 0 });
  });

  it("a command that gets no answer is ended by a signal", async () => {
    const { client, directory } = await terminal();
    client.show("chats", [chat()]);
    const asked = new Promise<void>((resolve) => {
      client.answers.sendMessage = () => {
        resolve();
        return new Promise(() => {});
      };
    });
    const sender = spawn(process.execPath, [PROGRAM, "--profile", directory, "send", "bob", "hello"], {
      stdio: "ignore",
      env: { PATH: process.env["PATH"] },
    });
    const ended = new Promise((resolve) => sender.once("exit", resolve));
    await asked;
    sender.kill("SIGINT");
    expect(await ended).toBe(130);
  });

  it("a command that follows ends with words when the background process does", async () => {
    const { client, directory, run: xchat } = await terminal();
    client.show("chats", [chat()]);
    const listening = run(directory, ["listen"], {}, "");
    await client.followed("c0ffee00c0ffee00");
    expect(await xchat(["stop"])).toMatchObject({ code: 0, out: "Stopped.\n" });
    expect(await listening).toMatchObject({ code: 8, err: `${ERROR_WORDS["not-the-leader"].words}\n` });
  });

  it("accepts an invitation or a request, whichever is named", async () => {
    const { client, run: xchat } = await terminal();
    client.show("requests", [request()]);
    client.answers.answerRequest = () => ({ chat: "ca201" });
    const known = { name: "Dan", isVerified: true, change: "recovered" };
    client.answers.previewInvitation = () => ({ name: "Daniel", accountId: "xc1dan", known });
    client.answers.acceptInvitation = () => ({ chat: "da201" });
    expect(await xchat(["accept", "feed", "--direct", "--json"])).toMatchObject({
      json: [{ type: "chat", id: "ca201" }],
    });
    expect(await xchat(["accept", "i1.code", "of many", "--greeting", "hi", "--json"])).toMatchObject({
      json: [{ type: "chat", id: "da201", state: "waiting" }],
    });
    expect(client.calls).toEqual([
      { intent: "answerRequest", input: { id: "feedbeef01", answer: "accept", mayDirect: true } },
      { intent: "previewInvitation", input: { text: "i1.code of many" } },
      { intent: "acceptInvitation", input: { text: "i1.code of many", greeting: "hi", mayDirect: false } },
    ]);
    client.answers.answerRequest = () => ({ chat: null });
    expect(await xchat(["decline", "feed", "--json"])).toMatchObject({ json: [{ answer: "decline" }] });
    expect(await xchat(["block", "feed", "--json"])).toMatchObject({ json: [{ answer: "block" }] });
    expect(await xchat(["decline", "0000"])).toMatchObject({ code: ERROR_WORDS["request-gone"].exit });
  });

  it("a link to a group is accepted like an invitation; it stands among the chats until one is in, or gives up", async () => {
    const { client, run: xchat } = await terminal();
    client.answers.previewInvitation = () => {
      throw new IntentError("invitation-is-group-link");
    };
    client.answers.previewGroupLink = () => ({
      group: "90a201",
      name: "Choir\u001b[2J",
      description: "We sing",
      members: 12,
      needsApproval: true,
      by: { name: "Ada", accountId: "xc1ada", known: null },
    });
    client.answers.joinGroup = () => ({ group: "90a201", chat: null });
    const asked = await xchat(["accept", "g1.code", "--greeting", "It is me"]);
    expect(asked.out).toContain("an admin has to agree");
    expect(asked.out + asked.err).not.toContain("\u001b[2J");
    const joining = {
      group: "90a201",
      name: "Choir",
      by: "Ada",
      needsApproval: true,
      askedAt: 0,
      state: "waiting",
    } as const;
    client.show("joining", [joining]);
    expect((await xchat(["chats", "--json"])).json).toMatchObject([{ type: "joining", group: "90a201" }]);
    expect((await xchat(["chats"])).out).toContain("by a link of Ada: an admin has to agree");
    client.answers.giveUpJoining = () => undefined;
    await xchat(["group", "give-up", "90a2"]);
    expect(client.calls.slice(-2)).toEqual([
      { intent: "joinGroup", input: { text: "g1.code", greeting: "It is me" } },
      { intent: "giveUpJoining", input: { group: "90a201" } },
    ]);
  });

  it("a safety code that is not the same has an exit code of its own", async () => {
    const { client, run: xchat } = await terminal();
    client.show("chats", [chat()]);
    client.answers.checkSafetyCode = () => ({ matches: false });
    expect(await xchat(["verify", "bob", "--code", "x"])).toMatchObject({ code: 10 });
    expect(client.calls.map(({ intent }) => intent)).toEqual(["checkSafetyCode"]);
    client.answers.safetyNumber = () => ({ digits: "1 2 3 4 5 6 7 8 9 10 11 12", code: "c" });
    expect(await xchat(["verify", "bob"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^1 2 3 4\n5 6 7 8\n9 10 11 12\n/u),
    });
    expect(client.calls.map(({ intent }) => intent)).toEqual(["checkSafetyCode", "safetyNumber"]);
  });

  it("opens a locked profile with the passphrase of the environment, and asks for one otherwise", async () => {
    const { client, run: xchat } = await terminal();
    client.show("profile", { state: "locked" });
    expect(await xchat(["chats"])).toMatchObject({ code: 3, err: `${ERROR_WORDS.locked.words}\n` });
    client.answers.unlock = () => {
      throw new IntentError("wrong-passphrase");
    };
    expect(await xchat(["chats"], { XCHAT_PASSPHRASE: "wrong" })).toMatchObject({ code: 3 });
    client.answers.unlock = () => null;
    expect(await xchat(["chats"], { XCHAT_PASSPHRASE: "right" })).toMatchObject({ code: 0 });
    expect(client.calls.map(({ input }) => input)).toEqual([{ passphrase: "wrong" }, { passphrase: "right" }]);
  });

  it("makes a profile, and says so when its node could not be added", async () => {
    const { client, run: xchat } = await terminal();
    client.show("profile", { state: "none" });
    expect(await xchat(["chats"])).toMatchObject({ code: 4 });
    client.answers.createProfile = () => client.show("profile", ready);
    client.answers.addNode = () => {
      throw new IntentError("node-unreachable");
    };
    const made = await xchat(["init", "--name", "Alice", "--node", "https://x.example", "--json"]);
    expect(made).toMatchObject({ code: 0, json: [{ type: "profile", accountId: "xc1test", nodes: [] }] });
    expect(JSON.parse(made.err)).toMatchObject({ type: "warning", words: expect.stringContaining("x.example") });
    const added = await xchat(["nodes", "add", "https://x.example", "--json"]);
    expect(added).toMatchObject({ code: ERROR_WORDS["node-unreachable"].exit, out: "" });
    const { error, words } = JSON.parse(added.err) as { readonly error: string; readonly words: string };
    expect(error).toBe("node-unreachable");
    expect(words).toContain("no node at https://x.example");
    expect(await xchat(["init", "--name", "Alice"])).toMatchObject({ code: 9 });
    expect(await xchat(["init"])).toMatchObject({ code: 2 });
  });

  it("shows, adds and removes relays, and says what follows", async () => {
    const { client, run } = await terminal();
    const xchat = async (args: readonly string[]) => {
      const { code, out, err } = await run(args);
      return { code, words: out + err };
    };
    expect((await xchat(["relays"])).words).toContain("each of your nodes sees your internet address");
    const relay = { address: "wss://r.example/x", keyHash: "abc", state: "ready", operator: "Ada" } as const;
    client.answers.addRelay = () => ({ ...relay, state: "idle" });
    client.answers.setWhenNoRelay = () => undefined;
    client.answers.removeRelay = () => undefined;
    expect((await xchat(["relays", "add", "r.example"])).words).toContain("not used so far");
    client.show("network", {
      nodes: [],
      relays: [relay],
      whenNoRelay: "wait",
      isSingleNode: false,
      isLocalOnly: false,
      clockError: null,
    });
    const shown = await xchat(["relays", "when-none", "wait"]);
    expect(shown.words).toContain("https://r.example  ready  run by Ada, as it says");
    expect(shown.words).toContain("what is meant for it waits");
    await xchat(["relays", "remove", "wss://r.example/x"]);
    expect(client.calls.map(({ intent, input }) => [intent, input])).toEqual([
      ["addRelay", { address: "r.example" }],
      ["setWhenNoRelay", { way: "wait" }],
      ["removeRelay", { address: "wss://r.example/x" }],
    ]);
    expect(await xchat(["relays", "when-none", "maybe"])).toMatchObject({ code: 2 });
  });

  it("says with an invitation who can use its code at all", async () => {
    const { client, run: xchat } = await terminal();
    client.answers.createInvitation = () => ({ code: "i1.code", link: "i1.code", id: "1", state: "open" });
    const node = { keyHash: "", state: "ready", via: null, retryAt: null } as const;
    const notes = async (address: string | null, isLocalOnly: boolean): Promise<string> => {
      const nodes = address === null ? [] : [{ ...node, address }];
      client.show("network", {
        nodes,
        relays: [],
        whenNoRelay: "wait",
        isSingleNode: true,
        isLocalOnly,
        clockError: null,
      });
      const { out, err } = await xchat(["invite"]);
      return out + err;
    };
    expect(await notes(null, true)).toContain("no node yet");
    expect(client.calls).toEqual([]);
    expect(await notes("ws://localhost:8787/x", true)).toContain("from this machine alone");
    expect(await notes("wss://chat.example/x", false)).not.toContain("node");
  });

  it.each(INTENT_ERROR_CODES)("[A2] %s has words and an exit code", async (code) => {
    const { words, exit } = ERROR_WORDS[code];
    expect(words.length).toBeGreaterThan(10);
    expect(exit).toBeGreaterThan(0);
  });

  it("[A2] a refusal is told on the error stream, as JSON where JSON is wanted", async () => {
    const { client, run: xchat } = await terminal();
    client.answers.doctor = () => {
      throw new IntentError("store-damaged");
    };
    const text = await xchat(["doctor"]);
    expect(text).toMatchObject({ code: 7, out: "", err: `${ERROR_WORDS["store-damaged"].words}\n` });
    const json = await xchat(["doctor", "--json"]);
    expect(json).toMatchObject({ code: 7, out: "" });
    expect(JSON.parse(json.err)).toEqual({
      type: "error",
      error: "store-damaged",
      words: ERROR_WORDS["store-damaged"].words,
    });
  });

  it("[AB14] becomes the same person again with the words, names the backup, and says which chats are not back", async () => {
    const { client, run: xchat } = await terminal();
    const words = [...Array<string>(23).fill("abandon"), "art"].join(" ");
    const found = { id: "f00d", name: "Alice\u202e", accountId: "xc1alice", deviceName: "Phone", writtenAt: 0 };
    client.show("profile", { state: "none" });
    client.answers.findBackups = () => ({
      found: [{ ...found, contacts: 3, chats: 2 }],
      level: 1,
      nodes: [{ address: "wss://one.example", state: "behind" }],
    });
    client.answers.forgetSearch = () => null;
    client.answers.recoverAccount = () => client.show("profile", ready);
    client.show("recovery", {
      recoveredAt: 0,
      chats: [
        { id: "b0b0b0b0", kind: "pair", name: "Bob", accountId: "xc1bob", isVerified: true, state: "unreachable" },
      ],
    });
    const shown = await xchat(["recover", "--node", "https://one.example"], {}, words);
    expect(shown).toMatchObject({ code: 2 });
    expect(shown.out).toContain("3 contacts, 2 chats");
    expect(shown.out).not.toContain("\u202e");
    expect(shown.err).toContain("wss://one.example gave an older backup");
    expect(client.calls.at(-1)).toEqual({ intent: "forgetSearch", input: {} });
    const { code, out } = await xchat(
      ["recover", "--node", "https://one.example", "--yes"],
      { XCHAT_PASSPHRASE: "" },
      words,
    );
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("Bob") });
    expect(client.calls).toContainEqual({ intent: "recoverAccount", input: { backup: "f00d", passphrase: null } });
    client.show("profile", { state: "none" });
    const wrong = await xchat(["recover", "--yes"], {}, words.replace("art", "abandon"));
    expect(wrong.err).toContain("do not belong together");
    expect((await xchat(["recover", "--yes"], {}, words.replace("art", "xylophone"))).err).toContain("Word 24");
  });

  it("refuses what it does not know, before it does anything", async () => {
    const { client, run: xchat } = await terminal();
    for (const args of [["dance"], ["chats", "--lasting"], ["chats", "--nonsense"], ["nodes", "add"]]) {
      expect(await xchat(args)).toMatchObject({ code: 2 });
    }
    expect(client.calls).toEqual([]);
    expect(await xchat(["help"])).toMatchObject({ code: 0, out: expect.stringContaining("listen [CHAT]") });
    const { out } = await xchat(["send", "--help"]);
    expect(out.split("\n").slice(0, 2)).toEqual(["xchat send CHAT TEXT…", "xchat send CHAT -"]);
    const dashed = await xchat(["send", "bob", "--nonsense"]);
    expect(dashed.err).toMatch(/^Unknown option '--nonsense'\. Text that begins with a dash .* -- -TEXT\n/u);
  });

  it("what cannot be a profile's folder is named, and so is a file that is there already", async () => {
    const { client, directory, run: xchat } = await terminal();
    const file = join(directory, "taken.json");
    await writeFile(file, "mine");
    client.answers.export = () => ({ json: "{}" });
    expect((await xchat(["export", file])).err).toContain(`${file} is there already`);
    expect(await readFile(file, "utf8")).toBe("mine");
    const nowhere = await run(file, ["chats"], {}, "");
    expect(nowhere).toMatchObject({ code: 7, out: "", err: expect.stringContaining(`${file} cannot be made or used`) });
  });

  it("the id of a request that is gone is not taken for an invitation", async () => {
    const { client, run: xchat } = await terminal();
    client.show("requests", [request()]);
    expect(await xchat(["accept", "0123abcd"])).toMatchObject({ err: `${ERROR_WORDS["request-gone"].words}\n` });
    expect(client.calls).toEqual([]);
  });
});
