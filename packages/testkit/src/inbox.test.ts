/** How contact inboxes are read (spec/first-contact.md, FC21). */
import { afterEach, describe, expect, test } from "vitest";
import {
  meet,
  memoryConnector,
  memoryNodes,
  passUntil,
  present,
  TestDevice,
  VirtualClock,
  type MemoryNode,
} from "./index.ts";

const NOW = 1_795_512_600_000;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

describe("[FC21] a contact inbox", () => {
  test("is not asked for in one breath with the chats, and a request shows within seconds", async () => {
    const clock = new VirtualClock(NOW);
    const nodes = memoryNodes(1);
    const [node] = nodes as readonly [MemoryNode];
    const device = (name: string): TestDevice => {
      const made = new TestDevice({ name, nodes: [node.hint], connector: () => memoryConnector(nodes), clock });
      open.push(made);
      return made;
    };
    const [alice, bob, carol] = [device("Alice"), device("Bob"), device("Carol")];
    await meet(await alice.open(), await bob.open());
    const { code } = await alice.who.api.call("createInvitation", { label: "", isLasting: true, days: 9 });
    await bob.close();
    await clock.pass(10_000);
    const all = node.watched;
    await alice.reopen();
    await clock.pass(400);
    const atFirst = node.watched;
    expect(atFirst.size).toBe(all.size - 1);
    await clock.pass(4_000);
    expect(node.watched).toEqual(all);

    // After a break too.
    node.goDown();
    node.comeBack();
    await alice.who.api.call("retryNow", {});
    await passUntil(clock, alice.who.api, { view: "chats" }, () => node.watched.size === all.size - 1, { step: 50 });
    const [inbox] = [...all].filter((mailbox) => !node.watched.has(mailbox));
    expect([...atFirst]).not.toContain(inbox);

    await (await carol.open()).api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    expect(await present(alice.who.api, { view: "requests" })).toEqual([]);
    const before = clock.now();
    await passUntil(clock, alice.who.api, { view: "requests" }, (requests) => requests.length === 1, { step: 100 });
    expect(clock.now() - before).toBeLessThanOrEqual(4_000);
  });
});
