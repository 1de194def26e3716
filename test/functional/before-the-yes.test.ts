/** What a stranger's request makes a client do before its person has answered (spec/first-contact.md, section 1). */
import type { NodeAccess, NodeConnector } from "@xchat/client/ports";
import { memoryConnector, memoryNodes, person, until, type Person } from "@xchat/testkit";
import { expect, test } from "vitest";

test("before the yes nothing is sent, fetched, acknowledged or shown among the chats; after a no neither", async () => {
  const nodes = memoryNodes(2);
  const [atAlice, atStrangers] = nodes.map(({ hint }) => hint);
  if (atAlice === undefined || atStrangers === undefined) throw new Error("there are two nodes");
  const { connector, calls } = watched(memoryConnector(nodes));
  const alice = await person({ name: "Alice", nodes: [atAlice], connector });
  const strangers: Person[] = [];
  const stranger = async (name: string): Promise<Person> => {
    const one = await person({ name, nodes: [atStrangers], connector: memoryConnector(nodes) });
    strangers.push(one);
    return one;
  };
  try {
    const { code } = await alice.api.call("createInvitation", { label: "", isLasting: true, days: 7 });
    const invited = { text: code, greeting: "open https://tracker.example", mayDirect: true };
    calls.length = 0;
    const bob = await stranger("Bob");
    const { chat } = await bob.api.call("acceptInvitation", invited);
    await bob.api.call("sendMessage", { chat, text: "are you there?" });
    const [request] = await until(alice.api, { view: "requests" }, ([first]) => first !== undefined);
    // A second one shows that her client has gone on with what the first one gave it to do.
    const carol = await stranger("Carol");
    await carol.api.call("acceptInvitation", invited);
    const both = await until(alice.api, { view: "requests" }, (all) => all.length === 2);
    const mallory = both.find(({ id }) => id !== request?.id);
    expect(await until(alice.api, { view: "chats" }, () => true)).toEqual([]);
    expect(calls).toEqual([]);
    const [bobs] = await until(bob.api, { view: "chats" }, ([first]) => first !== undefined);
    expect(bobs).toMatchObject({ state: "waiting", last: { delivery: { state: "queued" } } });

    await alice.api.call("answerRequest", { id: mallory?.id ?? "", answer: "decline", mayDirect: false });
    expect(calls).toEqual([]);
    await alice.api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect: false });
    await until(bob.api, { view: "chats" }, ([first]) => first?.state === "active");
    expect(calls).toContain("depositCommit");
    expect((await until(carol.api, { view: "chats" }, () => true))[0]?.state).toBe("waiting");
  } finally {
    await alice.close();
    for (const one of strangers) await one.close();
  }
});

/** Notes everything that a client asks of nodes but for reading its own inboxes. */
function watched(inner: NodeConnector): { readonly connector: NodeConnector; readonly calls: string[] } {
  const calls: string[] = [];
  const known = new Map<NodeAccess, NodeAccess>();
  const noted =
    <I, T>(name: string, call: (input: I) => Promise<T>) =>
    (input: I): Promise<T> => {
      calls.push(name);
      return call(input);
    };
  return {
    calls,
    connector: {
      ...inner,
      access: (hint) => {
        const access = inner.access(hint);
        const watch = known.get(access) ?? {
          ...access,
          deposit: noted("deposit", access.deposit),
          depositCommit: noted("depositCommit", access.depositCommit),
          depositInbox: noted("depositInbox", access.depositInbox),
          fetchSlot: noted("fetchSlot", access.fetchSlot),
          getBlob: noted("getBlob", access.getBlob),
        };
        known.set(access, watch);
        return watch;
      },
    },
  };
}
