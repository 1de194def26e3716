/** Coming into a group by a link, with nobody in particular online (spec/group-link.md). Real MLS, stores and formats; nodes in memory. */
import type { ConversationId } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { allMessages, present, type TestDevice } from "./index.ts";
import { accountId, ask, groupOf, LinkWorld, send, textsOf } from "./link-world.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest(() => new LinkWorld());

describe("links to groups", () => {
  test("[GL7] [GL8] somebody whom nobody knows comes in by a link that needs no yes, while who made it is away", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    const { code } = await world.makeLink(alice, chat);
    await send(alice, chat, "before dave");
    await world.until(async () => ((await textsOf(bob, chat)).length === 1 ? true : null));
    await alice.close();
    const preview = await dave.who.api.call("previewGroupLink", { text: ` https://chat.example/#${code}\n` });
    expect(preview).toMatchObject({
      group: chat,
      name: "Choir",
      description: "Tuesdays at seven",
      members: 3,
      needsApproval: false,
      by: { name: "Alice", known: null },
      existingChat: null,
      isAsked: false,
    });
    expect(await ask(dave, code)).toEqual({ group: chat, chat: null });
    expect(await present(dave.who.api, { view: "joining" })).toMatchObject([
      { group: chat, name: "Choir", by: "Alice" },
    ]);
    const view = await world.untilIn(dave, chat, 4);
    expect(view.members.map(({ name }) => name).toSorted()).toEqual(["Alice", "Bob", "Carol", "Dave"]);
    expect(await present(dave.who.api, { view: "joining" })).toEqual([]);
    const lines = (await allMessages(dave.who.api, chat)).flatMap(({ content }) =>
      content.kind === "record" ? content.record.actions.map(({ kind }) => kind) : [],
    );
    expect(lines).toEqual(["came-by-link"]);
    await send(dave, chat, "hello, I am new");
    await send(carol, chat, "welcome");
    for (const one of [bob, carol, dave]) {
      await world.until(async () => {
        const texts = await textsOf(one, chat);
        return texts.includes("welcome") && texts.includes("hello, I am new") ? true : null;
      });
    }
    // What was said before is not for him.
    expect(await textsOf(dave, chat)).not.toContain("before dave");
    await alice.open();
    await world.untilIn(alice, chat, 4);
    await world.until(async () => ((await textsOf(alice, chat)).includes("hello, I am new") ? true : null));
    expect(await ask(dave, code)).toEqual({ group: chat, chat });
    // Nothing is left over.
    for (const one of [alice, bob, carol, dave]) {
      await one.close();
      const kinds = (await one.inspect((store) => store.all("part"))).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "join-request" || kind === "joining" || kind === "out")).toEqual([]);
    }
  });

  test("[GL7] where a yes is asked for, another admin than who made the link gives it; others see nothing", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    await alice.who.api.call("setRole", { chat, accountId: await accountId(bob), role: "admin" });
    await world.untilGroup(bob, chat, ({ role }) => role === "admin");
    const { code } = await world.makeLink(alice, chat, { needsApproval: true });
    await alice.close();
    await ask(dave, code, "It is Dave");
    const { joinRequests } = await world.untilGroup(bob, chat, (view) => view.joinRequests.length === 1);
    expect(joinRequests).toMatchObject([{ person: { name: "Dave", isContact: false }, greeting: "It is Dave" }]);
    await world.aWhile();
    expect(await groupOf(carol, chat)).toMatchObject({ joinRequests: [], members: { length: 3 } });
    await alice.open();
    await world.untilGroup(alice, chat, (view) => view.joinRequests.length === 1);
    // It is there after a restart too, and a plain member cannot answer it.
    await bob.reopen();
    await world.untilGroup(bob, chat, (view) => view.joinRequests.length === 1);
    const id = joinRequests[0]?.id ?? "";
    await expect(carol.who.api.call("answerJoinRequest", { chat, id, accept: true })).rejects.toMatchObject({
      code: "request-gone",
    });
    await bob.who.api.call("answerJoinRequest", { chat, id, accept: true });
    await world.untilIn(dave, chat, 4);
    // The others drop it.
    for (const one of [alice, bob]) await world.untilGroup(one, chat, (view) => view.joinRequests.length === 0);
  });

  test("[GL7] a no is told to nobody, does not come back, and another admin may still say yes", async () => {
    const world = newWorld();
    const { alice, bob, dave, chat } = await world.choir();
    await alice.who.api.call("setRole", { chat, accountId: await accountId(bob), role: "admin" });
    const { code } = await world.makeLink(alice, chat, { needsApproval: true });
    await ask(dave, code);
    const { joinRequests } = await world.untilGroup(alice, chat, (view) => view.joinRequests.length === 1);
    await alice.who.api.call("answerJoinRequest", { chat, id: joinRequests[0]?.id ?? "", accept: false });
    await world.untilGroup(alice, chat, (view) => view.joinRequests.length === 0);
    await alice.reopen();
    // Who gives up and asks again is the same request to whoever has said no.
    await dave.who.api.call("giveUpJoining", { group: chat });
    expect(await present(dave.who.api, { view: "joining" })).toEqual([]);
    await ask(dave, code);
    await world.aWhile();
    expect(await groupOf(alice, chat)).toMatchObject({ joinRequests: [] });
    expect(await present(dave.who.api, { view: "joining" })).toMatchObject([{ state: "waiting" }]);
    await world.untilGroup(bob, chat, (view) => view.joinRequests.length === 1);
    await bob.who.api.call("answerJoinRequest", { chat, id: joinRequests[0]?.id ?? "", accept: true });
    await world.untilIn(dave, chat, 4);
  });

  test("[GR17] [GL7] nobody comes in by a link that was taken back, not even who had asked before", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    const { id, code } = await world.makeLink(bob, chat, { needsApproval: true });
    await expect(carol.who.api.call("revokeGroupLink", { chat, id })).rejects.toMatchObject({
      code: "group-not-permitted",
    });
    await ask(dave, code);
    await world.untilGroup(alice, chat, (view) => view.joinRequests.length === 1);
    // Bob, whose link it is, is away: Alice's device takes the card down.
    await bob.close();
    await alice.who.api.call("revokeGroupLink", { chat, id });
    await world.untilGroup(alice, chat, ({ links, joinRequests }) => links.length + joinRequests.length === 0);
    await expect(alice.who.api.call("revokeGroupLink", { chat, id })).rejects.toMatchObject({
      code: "group-link-gone",
    });
    const eve = await world.person("Eve");
    await world.until(async () => {
      const error = await eve.who.api.call("previewGroupLink", { text: code }).catch((one: unknown) => one);
      return (error as { code?: string }).code === "invitation-not-found" ? true : null;
    });
    await bob.open();
    await world.untilGroup(bob, chat, ({ links }) => links.length === 0);
    await world.aWhile();
    expect(await groupOf(alice, chat)).toMatchObject({ members: { length: 3 } });
  });

  test("[GL7] a link that has expired lets nobody in, and is taken off the list by itself", async () => {
    const world = newWorld();
    const { alice, bob, dave, chat } = await world.choir();
    const { code } = await world.makeLink(alice, chat, { needsApproval: true, days: 1 });
    await ask(dave, code);
    const { joinRequests } = await world.untilGroup(alice, chat, (view) => view.joinRequests.length === 1);
    await world.days(1.2);
    const id = joinRequests[0]?.id ?? "";
    await expect(alice.who.api.call("answerJoinRequest", { chat, id, accept: true })).rejects.toMatchObject({
      code: "request-gone",
    });
    await world.untilGroup(bob, chat, ({ links }) => links.length === 0);
    await alice.close();
    const [record] = await alice.inspect((store) =>
      store.all("part").then((all) => all.filter(({ kind }) => kind === "link-card")),
    );
    expect(record).toBeUndefined();
    const eve = await world.person("Eve");
    await expect(ask(eve, code)).rejects.toMatchObject({ code: "invitation-not-found" });
  });

  test("[GL7] the link of somebody who was removed lets nobody in", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    const { code } = await world.makeLink(bob, chat);
    await bob.close();
    await alice.who.api.call("removeMember", { chat, accountId: await accountId(carol) });
    await alice.who.api.call("removeMember", { chat, accountId: await removedId(world, alice, chat, "Bob") });
    await world.untilIn(alice, chat, 1);
    // The card is up until Bob's device comes back: whoever opens it asks in vain.
    await ask(dave, code);
    await world.aWhile();
    expect(await groupOf(alice, chat)).toMatchObject({ members: { length: 1 }, links: [], joinRequests: [] });
    await bob.open();
    await world.until(async () => {
      const error = await carol.who.api.call("previewGroupLink", { text: code }).catch((one: unknown) => one);
      return (error as { code?: string }).code === "invitation-not-found" ? true : null;
    });
  });

  test("[GL7] whom somebody has blocked their device lets nobody in for; another's may", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    await world.meet(alice, dave);
    const pair = (await present(alice.who.api, { view: "chats" })).find(({ name }) => name === "Dave");
    await alice.who.api.call("setBlocked", { chat: pair?.id ?? "", isBlocked: true });
    const { code } = await world.makeLink(alice, chat);
    for (const one of [bob, carol]) await one.close();
    await ask(dave, code);
    await world.aWhile();
    expect(await groupOf(alice, chat)).toMatchObject({ members: { length: 3 } });
    await bob.open();
    await world.untilIn(dave, chat, 4);
  });

  test("[GL8] [GK2] [JO1] a restart in the middle, at each side, loses nothing", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    for (const one of [bob, carol]) await one.close();
    world.node.goDown();
    const made = await alice.who.api.call("createGroupLink", { chat, needsApproval: false, days: null });
    expect(await groupOf(alice, chat)).toMatchObject({ links: [{ id: made.id, state: "preparing", code: made.code }] });
    await alice.reopen();
    expect(await groupOf(alice, chat)).toMatchObject({ links: [{ id: made.id, state: "preparing" }] });
    world.node.comeBack();
    await alice.who.api.call("retryNow", {});
    await world.untilGroup(alice, chat, ({ links }) => links[0]?.state === "open");
    await alice.close();
    await dave.who.api.call("previewGroupLink", { text: made.code });
    await ask(dave, made.code);
    world.node.goDown();
    await dave.reopen();
    expect(await present(dave.who.api, { view: "joining" })).toMatchObject([{ name: "Choir" }]);
    world.node.comeBack();
    await dave.who.api.call("retryNow", {});
    await world.until(async () =>
      (await present(dave.who.api, { view: "joining" }))[0]?.state === "waiting" ? true : null,
    );
    await dave.close();
    await alice.open();
    // At whatever moment it is closed.
    for (let i = 0; i < 12; i++) {
      await world.clock.pass(700);
      await alice.reopen();
    }
    await world.untilIn(alice, chat, 4);
    await world.aWhile();
    await alice.close();
    await dave.open();
    await world.untilIn(dave, chat, 4);
    await send(dave, chat, "here I am");
    await bob.open();
    await world.until(async () => ((await textsOf(bob, chat)).includes("here I am") ? true : null));
  });

  test("[GL7] [GL8] who was answered by nobody asks anew, and the new request counts", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    const { code } = await world.makeLink(alice, chat, { needsApproval: true, days: null });
    for (const one of [bob, carol]) await one.close();
    const asked = await ask(dave, code).then(() => world.clock.now());
    const [first] = (await world.untilGroup(alice, chat, (view) => view.joinRequests.length === 1)).joinRequests;
    await world.days(14.2);
    const [joining] = await world.until(async () => {
      const all = await present(dave.who.api, { view: "joining" });
      return (all[0]?.askedAt ?? 0) > asked ? all : null;
    });
    expect(joining).toMatchObject({ group: chat, state: "waiting" });
    // The first has become too old to be answered.
    const { joinRequests } = await world.untilGroup(
      alice,
      chat,
      (view) => view.joinRequests.length === 1 && view.joinRequests[0]?.id !== first?.id,
    );
    await alice.who.api.call("answerJoinRequest", { chat, id: joinRequests[0]?.id ?? "", accept: true });
    await world.untilIn(dave, chat, 4);
  });

  test("[GL8] who gives up waits no more; and when the link is not there to ask anew, it is over", async () => {
    const world = newWorld();
    const { alice, bob, carol, dave, chat } = await world.choir();
    const { id, code } = await world.makeLink(alice, chat, { needsApproval: true });
    for (const one of [bob, carol]) await one.close();
    const eve = await world.person("Eve");
    await ask(eve, code);
    await eve.who.api.call("giveUpJoining", { group: chat });
    await ask(dave, code);
    await world.untilGroup(alice, chat, ({ joinRequests }) => joinRequests.length === 2);
    await alice.who.api.call("revokeGroupLink", { chat, id });
    await world.untilGroup(alice, chat, ({ links }) => links.length === 0);
    await world.days(14.2);
    await world.until(async () =>
      (await present(dave.who.api, { view: "joining" }))[0]?.state === "over" ? true : null,
    );
    await dave.who.api.call("giveUpJoining", { group: chat });
    expect(await present(dave.who.api, { view: "joining" })).toEqual([]);
    await world.days(15);
    for (const one of [dave, eve]) {
      await one.close();
      expect((await one.inspect((store) => store.all("part"))).filter(({ kind }) => kind === "joining")).toEqual([]);
      const kept = await one.inspect((store) => store.all("keyPackage"));
      expect(kept.filter(({ invitationId }) => invitationId.startsWith("joining"))).toEqual([]);
    }
  });

  test("[GR12] who was removed comes back by a link, into the same chat; what was said meanwhile is not for them", async () => {
    const world = newWorld();
    const { alice, bob, carol, chat } = await world.choir();
    await send(bob, chat, "one");
    await world.until(async () => ((await textsOf(carol, chat)).length === 1 ? true : null));
    await alice.who.api.call("removeMember", { chat, accountId: await accountId(carol) });
    await world.untilIn(alice, chat, 2);
    await world.until(async () => {
      const [ended] = (await present(carol.who.api, { view: "chats" })).filter((one) => one.id === chat);
      return ended?.state === "ended" ? true : null;
    });
    await send(bob, chat, "two");
    const { code } = await world.makeLink(bob, chat);
    expect(await ask(carol, code)).toEqual({ group: chat, chat: null });
    await world.untilIn(carol, chat, 3);
    await send(carol, chat, "three");
    await world.until(async () => ((await textsOf(bob, chat)).includes("three") ? true : null));
    expect(await textsOf(carol, chat)).toEqual(["one", "three"]);
  });

  test("[FC3] a code in the wrong place is told apart", async () => {
    const world = newWorld();
    const { alice, dave, chat } = await world.choir();
    const { code } = await world.makeLink(alice, chat);
    await expect(dave.who.api.call("previewInvitation", { text: code })).rejects.toMatchObject({
      code: "invitation-is-group-link",
    });
    const invitation = await alice.who.api.call("createInvitation", { label: "", isLasting: false, days: 1 });
    await expect(dave.who.api.call("previewGroupLink", { text: invitation.code })).rejects.toMatchObject({
      code: "group-link-is-invitation",
    });
    await expect(ask(dave, `${code.slice(0, -1)}?`)).rejects.toMatchObject({ code: "invitation-malformed" });
  });
});

async function removedId(world: LinkWorld, by: TestDevice, chat: ConversationId, name: string): Promise<string> {
  const { members } = await world.untilGroup(by, chat, ({ members: all }) => all.some((one) => one.name === name));
  return members.find((one) => one.name === name)?.accountId ?? "";
}
