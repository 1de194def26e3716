/** All devices lost, and the same person again by the 24 words (spec/account-backup.md). */
import type { BackupSearchView, ChatView, ConversationId } from "@xchat/client/api";
import { afterEach, describe, expect, test } from "vitest";
import {
  allMessages,
  meet,
  memoryConnector,
  memoryNodes,
  passUntil,
  present,
  TestDevice,
  untilTexts,
  VirtualClock,
  type Person,
} from "./index.ts";

const NOW = 1_795_512_600_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

function world(nodeCount = 2) {
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(nodeCount);
  const device = (name: string): TestDevice => {
    const hints = nodes.map(({ hint }) => hint);
    const made = new TestDevice({ name, nodes: hints, connector: () => memoryConnector(nodes), clock });
    open.push(made);
    return made;
  };
  return { clock, nodes, device };
}

type World = ReturnType<typeof world>;

/** Until the newest backup, with all that has changed, lies at every node. */
async function backedUp({ clock }: Pick<World, "clock">, { api }: Person): Promise<void> {
  await clock.pass(30_000);
  await passUntil(
    clock,
    api,
    { view: "backup" },
    (view) => view.state === "on" && !view.isBehind && view.nodes.every(({ isStored }) => isStored),
    { step: MINUTE, atMost: 48 * HOUR },
  );
}

const wordsOf = async ({ api }: Person): Promise<string> => (await api.call("recoveryWords", {})).words.join(" ");

async function find({ api }: Person, words: string): Promise<BackupSearchView> {
  return api.call("findBackups", { words, nodes: [] });
}

async function recover(who: Person, words: string): Promise<void> {
  const { found } = await find(who, words);
  await who.api.call("recoverAccount", { backup: found[0]?.id ?? "", passphrase: null });
}

async function accountId({ who }: TestDevice): Promise<string> {
  const profile = await present(who.api, { view: "profile" });
  return profile.state === "ready" ? profile.accountId : "";
}

const textsOf = async ({ api }: Person, chat: ConversationId): Promise<readonly string[]> =>
  (await allMessages(api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));

const has = async (who: Person, chat: ConversationId, members: number): Promise<boolean> =>
  (await chatsOf(who)).some((one) => one.id === chat && one.kind === "group" && one.memberCount === members);

async function cameTo({ clock }: Pick<World, "clock">, isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await isSo().catch(() => false)) return;
    await clock.pass(i < 100 ? 500 : 20_000);
  }
  throw new Error("did not come to what was waited for");
}

const chatsOf = ({ api }: Person): Promise<readonly ChatView[]> => present(api, { view: "chats" });

/** Alice and Bob know each other; Bob is verified, and called Bobby. Then Alice's only device is lost. */
async function lostAlice(it = world()) {
  const alice = it.device("Alice");
  const bob = it.device("Bob");
  const { alicesChat, bobsChat } = await meet(await alice.open(), await bob.open());
  await alice.who.api.call("setPetname", { chat: alicesChat, petname: "Bobby" });
  await alice.who.api.call("setVerified", { chat: alicesChat, isVerified: true });
  await alice.who.api.call("setSettings", { shareReadState: false });
  await alice.who.api.call("addRelay", { address: it.nodes[1]?.hint.address ?? "" });
  await backedUp(it, alice.who);
  const words = await wordsOf(alice.who);
  const before = await present(alice.who.api, { view: "profile" });
  const { digits } = await alice.who.api.call("safetyNumber", { chat: alicesChat });
  await alice.close();
  return { ...it, it, alice, bob, alicesChat, bobsChat, words, before, digits };
}

describe("recovery by the words", () => {
  test("[AB14] account, contacts and settings are back, and the chats are said to be not reached", async () => {
    const { device, words, before, alicesChat, bob } = await lostAlice();
    await bob.close();
    const fresh = await device("Alice again").open("blank");
    const search = await find(fresh, words);
    expect(search.nodes.map(({ state }) => state)).toEqual(["answered", "answered"]);
    expect(search.found[0]).toMatchObject({ name: "Alice", deviceName: "test", contacts: 1, chats: 1 });
    await fresh.api.call("recoverAccount", { backup: search.found[0]?.id ?? "", passphrase: null });
    const after = await present(fresh.api, { view: "profile" });
    expect(after).toMatchObject({
      ...before,
      recoveryWords: "forgotten",
      settings: { directAllowed: true, shareReadState: false },
    });
    expect(await chatsOf(fresh)).toEqual([]);
    expect(await present(fresh.api, { view: "recovery" })).toMatchObject({
      chats: [{ id: alicesChat, kind: "pair", name: "Bobby", isVerified: true, state: "asked" }],
    });
    const { nodes, relays } = await present(fresh.api, { view: "network" });
    expect(nodes).toHaveLength(2);
    expect(relays).toMatchObject([{ address: nodes[1]?.address }]);
  });

  test("[AB14] what was recovered is there after a restart, and is backed up at once under the new chain", async () => {
    const { it, device, words, alicesChat, bob } = await lostAlice();
    await bob.close();
    const second = device("Alice again");
    await recover(await second.open("blank"), words);
    await backedUp(it, second.who);
    await second.reopen();
    expect(await present(second.who.api, { view: "recovery" })).toMatchObject({ chats: [{ id: alicesChat }] });
    await second.close();
    // A second loss costs nothing: not the contacts, nor the chats that were never reached.
    const third = await device("Alice once more").open("blank");
    const { found, level } = await find(third, words);
    expect(level).toBe(1);
    expect(found).toHaveLength(2);
    await recover(third, words);
    expect(await present(third.api, { view: "recovery" })).toMatchObject({
      chats: [{ id: alicesChat, name: "Bobby", isVerified: true }],
    });
  });

  test("[AB17] [AB18] [AB19] the chats come back by themselves, and both sides see what happened", async () => {
    const it = world();
    const [alice, bob, carol] = [it.device("Alice"), it.device("Bob"), it.device("Carol")];
    const { alicesChat: pair, bobsChat } = await meet(await alice.open(), await bob.open());
    await meet(alice.who, await carol.open());
    const accounts = await Promise.all([bob, carol].map(accountId));
    const { chat: group } = await alice.who.api.call("createGroup", {
      name: "Choir",
      description: "",
      members: accounts,
    });
    for (const one of [bob, carol]) await cameTo(it, () => has(one.who, group, 3));
    await alice.who.api.call("sendMessage", { chat: pair, text: "from the lost one" });
    await bob.who.api.call("sendMessage", { chat: pair, text: "to the lost one" });
    await carol.who.api.call("sendMessage", { chat: group, text: "to all" });
    await cameTo(it, async () => (await textsOf(alice.who, pair)).length === 2);
    await cameTo(it, async () => (await textsOf(alice.who, group)).length === 1);
    await backedUp(it, alice.who);
    const words = await wordsOf(alice.who);
    await alice.close();
    await bob.who.api.call("sendMessage", { chat: pair, text: "are you there?" });
    await carol.close();
    const fresh = it.device("Alice again");
    await recover(await fresh.open("blank"), words);
    const waiting = await present(fresh.who.api, { view: "recovery" });
    expect(waiting?.chats.find(({ id }) => id === pair)).toMatchObject({ kind: "pair", name: "Bob", state: "asked" });
    for (let i = 0; i < 8; i++) {
      await it.clock.pass(20_000);
      await fresh.reopen();
    }
    // What had not reached the lost device is said to the new one; what had is not handed out.
    await cameTo(it, async () => (await textsOf(fresh.who, pair)).join() === "are you there?");
    await fresh.who.api.call("sendMessage", { chat: pair, text: "here I am" });
    await cameTo(it, async () => (await textsOf(bob.who, bobsChat)).includes("here I am"));
    await bob.who.api.call("sendMessage", { chat: pair, text: "good" });
    await cameTo(it, async () => (await textsOf(fresh.who, pair)).includes("good"));
    const bobs = (await chatsOf(bob.who)).find(({ id }) => id === bobsChat);
    expect([bobs?.state, bobs?.missing]).toEqual(["active", 0]);
    const mine = (await chatsOf(fresh.who)).find(({ id }) => id === pair);
    expect([mine?.name, mine?.missing]).toEqual(["Bob", 0]);
    expect(bobs?.notices).toMatchObject([{ kind: "identity", change: "recovered" }]);
    // Bob has let the new device into the group as well, with Carol away.
    await cameTo(it, () => has(fresh.who, group, 3));
    await fresh.who.api.call("sendMessage", { chat: group, text: "all of you" });
    await carol.open();
    await cameTo(it, async () => (await textsOf(carol.who, group)).join() === "to all,all of you");
    expect(await textsOf(fresh.who, group)).toEqual(["all of you"]);
    const view = await present(fresh.who.api, { view: "group", chat: group });
    expect(view).toMatchObject({ name: "Choir", role: "owner" });
    expect(await present(fresh.who.api, { view: "recovery" })).toMatchObject({
      chats: [{ kind: "pair", name: "Carol" }],
    });
    await cameTo(it, async () => (await present(fresh.who.api, { view: "recovery" }))?.chats.length === 0);
  }, 120_000);

  test("[AB11] [AB17] the backup is written at once, so that a chat whose other side is on is back in a minute", async () => {
    const { it, device, words, alicesChat } = await lostAlice();
    const fresh = await device("Alice again").open("blank");
    await recover(fresh, words);
    const begun = it.clock.now();
    await cameTo(it, async () =>
      (await chatsOf(fresh)).some(({ id, state }) => id === alicesChat && state === "active"),
    );
    expect(it.clock.now() - begun).toBeLessThan(MINUTE);
    expect(await present(fresh.api, { view: "backup" })).toMatchObject({ storedAt: 2 });
  });

  test("an invitation to somebody who is known already begins the chat anew, and both see why", async () => {
    const { it, clock, device, bob, bobsChat, words, digits } = await lostAlice();
    const fresh = await device("Alice again").open("blank");
    await recover(fresh, words);
    const { code } = await fresh.api.call("createInvitation", { label: "Bobby", isLasting: false, days: 7 });
    const preview = await bob.who.api.call("previewInvitation", { text: code });
    expect(preview).toMatchObject({ existingChat: null, known: { name: "Alice", change: "recovered" } });
    const { chat: bobsNewChat } = await bob.who.api.call("acceptInvitation", {
      text: code,
      greeting: "",
      mayDirect: false,
    });
    expect(bobsNewChat).not.toBe(bobsChat);
    const [request] = await passUntil(clock, fresh.api, { view: "requests" }, ({ length }) => length > 0);
    expect(request?.known).toEqual({ name: "Bobby", isVerified: true, change: null });
    const answer = { id: request?.id ?? "", answer: "accept", mayDirect: false } as const;
    const alicesNewChat = (await fresh.api.call("answerRequest", answer)).chat as ConversationId;
    await passUntil(clock, bob.who.api, { view: "chats" }, (chats) => isActive(chats, bobsNewChat));
    await fresh.api.call("sendMessage", { chat: alicesNewChat, text: "It is me again" });
    await passUntil(clock, bob.who.api, { view: "chats" }, (chats) => chats.some(({ unread }) => unread === 1));
    await untilTexts(bob.who.api, bobsNewChat, ["It is me again"]);
    // Bob: the earlier chat has ended, and both say that the account was recovered.
    const bobs = await chatsOf(bob.who);
    expect(bobs.find(({ id }) => id === bobsChat)).toMatchObject({
      state: "ended",
      notices: [{ kind: "identity", change: "recovered" }],
    });
    expect(bobs.find(({ id }) => id === bobsNewChat)?.notices).toMatchObject([
      { kind: "identity", change: "recovered" },
    ]);
    // Alice: nothing is left to be reached, and Bob is who he was.
    expect(await present(fresh.api, { view: "recovery" })).toMatchObject({ chats: [] });
    expect(await chatsOf(fresh)).toMatchObject([
      { name: "Bobby", theirName: "Bob", petname: "Bobby", isVerified: true, notices: [] },
    ]);
    expect((await fresh.api.call("safetyNumber", { chat: alicesNewChat })).digits).toBe(digits);
    await backedUp(it, fresh);
  });

  test("the other way round: who recovered opens an invitation of somebody who is known", async () => {
    const { clock, device, bob, bobsChat, words } = await lostAlice();
    const fresh = await device("Alice again").open("blank");
    await recover(fresh, words);
    const { code } = await bob.who.api.call("createInvitation", { label: "Alice", isLasting: false, days: 7 });
    expect(await fresh.api.call("previewInvitation", { text: code })).toMatchObject({
      existingChat: null,
      known: { name: "Bobby", isVerified: true, change: null },
    });
    await fresh.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    await passUntil(clock, bob.who.api, { view: "requests" }, ({ length }) => length > 0);
    // Who it is is known after a restart too.
    await bob.reopen();
    const [request] = await passUntil(clock, bob.who.api, { view: "requests" }, ({ length }) => length > 0);
    expect(request?.known).toEqual({ name: "Alice", isVerified: false, change: "recovered" });
    await bob.who.api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect: false });
    await passUntil(clock, fresh.api, { view: "chats" }, ([chat]) => chat?.state === "active");
    expect((await chatsOf(bob.who)).find(({ id }) => id === bobsChat)?.state).toBe("ended");
  });

  test("a device that was lost is heard no more, and what waited for it does not leave", async () => {
    const { clock, nodes, device, alice, bob, bobsChat, words } = await lostAlice();
    const fresh = await device("Alice again").open("blank");
    await recover(fresh, words);
    for (const node of nodes) node.goDown();
    await bob.who.api.call("sendMessage", { chat: bobsChat, text: "Are you there?" });
    for (const node of nodes) node.comeBack();
    await bob.who.api.call("retryNow", {});
    const { code } = await fresh.api.call("createInvitation", { label: "", isLasting: false, days: 7 });
    await bob.who.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    const thief = await alice.open();
    const [old] = await chatsOf(thief);
    await thief.api.call("sendMessage", { chat: old?.id ?? "", text: "It is Alice, send money" });
    await clock.pass(10 * MINUTE);
    await untilTexts(bob.who.api, bobsChat, ["Are you there?"]);
    expect((await chatsOf(bob.who)).find(({ id }) => id === bobsChat)?.unread).toBe(0);
    await expect(bob.who.api.call("sendMessage", { chat: bobsChat, text: "no" })).rejects.toMatchObject({
      code: "chat-ended",
    });
  });

  test("[AB10] a node that shows an old backup is named, and the newer one of another node counts", async () => {
    const it = world();
    const alice = it.device("Alice");
    await alice.open();
    await backedUp(it, alice.who);
    const [first] = it.nodes;
    const old = first?.blobs() ?? new Map();
    const bob = it.device("Bob");
    await meet(alice.who, await bob.open());
    await backedUp(it, alice.who);
    const words = await wordsOf(alice.who);
    await alice.close();
    first?.rollBack(old);
    const { found, nodes } = await find(await it.device("Alice again").open("blank"), words);
    expect(nodes.map(({ state }) => state).toSorted()).toEqual(["answered", "behind"]);
    expect(found[0]).toMatchObject({ contacts: 1, chats: 1 });
  });

  test("[ID12] two recoveries of the same words conflict: who came first stays, and both sides are told", async () => {
    const { clock, device, bob, words } = await lostAlice();
    const one = await device("Alice at home").open("blank");
    const other = await device("Alice on the road").open("blank");
    await find(one, words);
    const search = await find(other, words);
    await recover(one, words);
    await other.api.call("recoverAccount", { backup: search.found[0]?.id ?? "", passphrase: null });
    const invite = async ({ api }: Person): Promise<string> =>
      (await api.call("createInvitation", { label: "", isLasting: false, days: 7 })).code;
    await bob.who.api.call("acceptInvitation", { text: await invite(one), greeting: "", mayDirect: false });
    await passUntil(clock, one.api, { view: "requests" }, ({ length }) => length > 0);
    const contradicting = await invite(other);
    expect(await bob.who.api.call("previewInvitation", { text: contradicting })).toMatchObject({
      known: { change: "forked" },
    });
    const kept = await bob.who.api.call("acceptInvitation", { text: contradicting, greeting: "", mayDirect: false });
    const [told] = (await chatsOf(bob.who)).filter(({ id }) => id === kept.chat);
    expect(told?.notices.at(-1)).toMatchObject({ kind: "identity", change: "forked" });
    // A third one, which sees both, decides (ID11).
    await backedUp({ clock }, one);
    await backedUp({ clock }, other);
    const third = await device("Alice decides").open("blank");
    expect((await find(third, words)).level).toBe(2);
    await recover(third, words);
    const code = await invite(third);
    expect(await bob.who.api.call("previewInvitation", { text: code })).toMatchObject({
      existingChat: null,
      known: { change: "recovered" },
    });
    await bob.who.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    await passUntil(clock, third.api, { view: "requests" }, ({ length }) => length > 0);
  });

  test("[AB21] other words: those of before open nothing any more, the new ones do, and the chat goes on", async () => {
    const it = world();
    const [alice, bob] = [it.device("Alice"), it.device("Bob")];
    const { alicesChat, bobsChat } = await meet(await alice.open(), await bob.open());
    await backedUp(it, alice.who);
    const old = await wordsOf(alice.who);
    it.nodes[1]?.goDown();
    await alice.who.api.call("changeWords", { words: null });
    const fresh = await wordsOf(alice.who);
    expect(fresh).not.toBe(old);
    expect(await present(alice.who.api, { view: "profile" })).toMatchObject({ recoveryWords: "unwritten" });
    // Typed where this device does not have them any more; only the present ones count.
    await alice.who.api.call("confirmRecoveryWords", { forget: true });
    await expect(alice.who.api.call("changeWords", { words: null })).rejects.toMatchObject({ code: "words-forgotten" });
    await expect(alice.who.api.call("changeWords", { words: old })).rejects.toMatchObject({ code: "words-of-another" });
    await alice.who.api.call("sendMessage", { chat: alicesChat, text: "still me" });
    await passUntil(it.clock, bob.who.api, { view: "chats" }, ([chat]) => chat?.last?.text === "still me");
    const [chat] = await passUntil(it.clock, bob.who.api, { view: "chats" }, (chats) => chats[0]?.notices.length === 1);
    expect(chat).toMatchObject({ id: bobsChat, state: "active", notices: [{ kind: "identity", change: "newer" }] });
    it.nodes[1]?.comeBack();
    await backedUp(it, alice.who);
    await it.clock.pass(3 * HOUR);
    await alice.close();
    const nobody = await it.device("A thief").open("blank");
    expect((await find(nobody, old)).found).toEqual([]);
    const again = await it.device("Alice again").open("blank");
    await recover(again, fresh);
    expect(await present(again.api, { view: "recovery" })).toMatchObject({ chats: [{ id: alicesChat }] });
  });

  test("words that are wrong are named as what they are, and nothing is asked of anybody", async () => {
    const { device, words } = await lostAlice();
    const fresh = await device("Alice again").open("blank");
    const list = words.split(" ");
    const swapped = [list[1], list[0], ...list.slice(2)].join(" ");
    const codeOf = async (typed: string): Promise<unknown> =>
      find(fresh, typed).then(
        ({ found }) => found.length,
        (error: { readonly code: string }) => error.code,
      );
    expect(await codeOf(list.slice(1).join(" "))).toBe("words-incomplete");
    expect(await codeOf([...list.slice(1), "xylophone"].join(" "))).toBe("words-unknown");
    // One in 256 swaps is a sound sequence of another account: then nothing is found.
    expect(["words-mistyped", 0]).toContain(await codeOf(swapped));
    expect(await codeOf(list.map((word, at) => `${at + 1}. ${word.toUpperCase()}`).join("\n"))).toBe(1);
    await expect(fresh.api.call("recoverAccount", { backup: "00", passphrase: null })).rejects.toMatchObject({
      code: "backup-gone",
    });
  });

  test("sound words without a backup find none, and a node that is down is named", async () => {
    const { it, device, nodes } = await lostAlice();
    const carol = it.device("Carol");
    const words = await wordsOf(await carol.open());
    await carol.close();
    nodes[0]?.goDown();
    const fresh = await device("Carol again").open("blank");
    const { found, nodes: asked } = await find(fresh, words);
    expect(found).toEqual([]);
    expect(asked.map(({ state }) => state)).toEqual(["unreachable", "answered"]);
    expect(await present(fresh.api, { view: "profile" })).toEqual({ state: "none" });
  });
});

const isActive = (chats: readonly ChatView[], chat: string): boolean =>
  chats.some(({ id, state }) => id === chat && state === "active");
