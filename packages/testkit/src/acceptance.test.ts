/** The yes of the accepter, and what stands behind it (spec/first-contact.md, FC20). */
import type { NodeAccess } from "@xchat/client/ports";
import { afterEach, describe, expect, test } from "vitest";
import { memoryConnector, memoryNodes, passUntil, person, until, type MemoryNode, type Person } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { PairWorld } from "./pair-world.ts";

const people: Person[] = [];
afterEach(async () => {
  for (const one of people.splice(0)) await one.close();
});

describe("[FC20] the yes is one commit, and what the accepter says stands behind it", () => {
  test("nothing of the accepter leaves before the commit has its slot", async () => {
    const [node] = memoryNodes(1) as [MemoryNode];
    const sent: string[] = [];
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const connector = memoryConnector([node]);
    const watched = new Map<NodeAccess, NodeAccess>();
    const aliceConnector: typeof connector = {
      ...connector,
      access: (hint) => {
        const access = connector.access(hint);
        const known: NodeAccess = watched.get(access) ?? {
          ...access,
          state: "ready",
          deposit: (input) => {
            sent.push("message");
            return access.deposit(input);
          },
          depositCommit: async (input) => {
            sent.push("commit");
            await held;
            return access.depositCommit(input);
          },
        };
        watched.set(access, known);
        return known;
      },
    };
    const alice = await person({ name: "Alice", nodes: [node.hint], connector: aliceConnector });
    const bob = await person({ name: "Bob", nodes: [node.hint], connector: memoryConnector([node]) });
    people.push(alice, bob);
    const { code } = await alice.api.call("createInvitation", { label: "", isLasting: true, days: 1 });
    const { chat: bobsChat } = await bob.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    await bob.api.call("sendMessage", { chat: bobsChat, text: "written before the yes" });
    const [request] = await until(alice.api, { view: "requests" }, ([first]) => first !== undefined);
    const { chat } = await alice.api.call("answerRequest", {
      id: request?.id ?? "",
      answer: "accept",
      mayDirect: false,
    });
    await alice.api.call("sendMessage", { chat: chat as string, text: "the first" });
    expect(sent).toEqual(["commit"]);
    expect((await until(bob.api, { view: "chats" }, () => true))[0]?.state).toBe("waiting");
    letGo();
    // Neither has seen the other: which stands first is decided by their ids.
    for (const { api } of [alice, bob]) await until(api, { view: "chats" }, ([one]) => one?.unread === 1);
    expect(node.commits).toBe(1);
    expect(sent.filter((what) => what === "commit")).toHaveLength(1);
  });
});

describe("[FR14] a yes that has come to one node of three so far", () => {
  const newWorld = madeForEachTest(() => new PairWorld({ nodeCount: 3 }));

  test("is believed within seconds of coming to the second", async () => {
    const world = newWorld();
    const { clock, nodes } = world;
    const [alice, bob] = [await world.device("Alice").open(), await world.device("Bob").open()];
    const { code } = await alice.api.call("createInvitation", { label: "", isLasting: false, days: 1 });
    await bob.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    const [request] = await passUntil(clock, alice.api, { view: "requests" }, ([first]) => first !== undefined);
    const late = nodes.slice(1);
    for (const node of late) node.goDown();
    await alice.api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect: false });
    await clock.pass(3_000);
    expect((await until(bob.api, { view: "chats" }, () => true))[0]?.state).toBe("waiting");
    for (const node of late) node.comeBack();
    const from = clock.now();
    await passUntil(clock, bob.api, { view: "chats" }, ([one]) => one?.state === "active");
    // Nobody else helps before a minute has passed (FR16).
    expect(clock.now() - from).toBeLessThan(45_000);
  });
});
