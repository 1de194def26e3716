/** The yes of the accepter, and what stands behind it (spec/first-contact.md, FC20). */
import type { NodeConnector } from "@xchat/client/ports";
import { afterEach, describe, expect, test } from "vitest";
import {
  changedConnector,
  memoryConnector,
  memoryNodes,
  passUntil,
  person,
  until,
  type MemoryNode,
  type Person,
} from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { PairWorld } from "./pair-world.ts";

/** What waits for it goes on when it is let go. */
function gate(): { readonly held: Promise<void>; readonly letGo: () => void } {
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return { held, letGo };
}

const people: Person[] = [];
afterEach(async () => {
  for (const one of people.splice(0)) await one.close();
});

describe("[FC20] the yes is one commit, and what the accepter says stands behind it", () => {
  test("nothing of the accepter leaves before the commit has its slot", async () => {
    const [node] = memoryNodes(1) as [MemoryNode];
    const sent: string[] = [];
    const { held, letGo } = gate();
    const aliceConnector = changedConnector([node], (access) => ({
      deposit: (input) => {
        sent.push("message");
        return access.deposit(input);
      },
      depositCommit: async (input) => {
        sent.push("commit");
        await held;
        return access.depositCommit(input);
      },
    }));
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
    const late = nodes.slice(1).map(({ hint }) => hint);
    const { held, letGo } = gate();
    const lateConnector = (): NodeConnector =>
      changedConnector(nodes, (access) => ({
        depositCommit: async (input) => {
          if (late.includes(access.hint)) await held;
          return access.depositCommit(input);
        },
      }));
    const alice = await world.device("Alice", { connector: lateConnector }).open();
    const bob = await world.device("Bob").open();
    const { code } = await alice.api.call("createInvitation", { label: "", isLasting: false, days: 1 });
    await bob.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    const [request] = await passUntil(clock, alice.api, { view: "requests" }, ([first]) => first !== undefined);
    await alice.api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect: false });
    await clock.pass(3_000);
    expect((await until(bob.api, { view: "chats" }, () => true))[0]?.state).toBe("waiting");
    letGo();
    const from = clock.now();
    await passUntil(clock, bob.api, { view: "chats" }, ([one]) => one?.state === "active");
    // Nobody else helps before a minute has passed (FR16).
    expect(clock.now() - from).toBeLessThan(45_000);
  });
});
