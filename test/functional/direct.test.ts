/** Two devices directly connected, by real WebRTC: no node is needed, and none sees what went that way. */
import { allMessages, meet, memoryConnector, memoryNodes, person, until, untilTexts } from "@xchat/testkit";
import { loadNodeDirectTransport } from "@xchat/transport/node";
import { expect, test } from "vitest";

test("with all nodes down an open direct chat goes on, and no node ever sees its messages", async () => {
  const direct = await loadNodeDirectTransport();
  if (direct === null) throw new Error("WebRTC does not run on this machine");
  const nodes = memoryNodes(1);
  const [node] = nodes;
  const hints = nodes.map(({ hint }) => hint);
  const alice = await person({ name: "Alice", nodes: hints, connector: memoryConnector(nodes), direct });
  const bob = await person({ name: "Bob", nodes: hints, connector: memoryConnector(nodes), direct });
  try {
    const { alicesChat, bobsChat } = await meet(alice, bob, { mayDirect: true });
    for (const { api } of [alice, bob]) await until(api, { view: "chats" }, ([chat]) => chat?.way === "direct");
    const before = node?.held.length;
    node?.goDown();
    const texts = ["one", "two", "three"];
    for (const text of texts) await alice.api.call("sendMessage", { chat: alicesChat, text });
    await untilTexts(bob.api, bobsChat, texts);
    await bob.api.call("sendMessage", { chat: bobsChat, text: "four" });
    await untilTexts(alice.api, alicesChat, [...texts, "four"]);
    await until(bob.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "delivered");
    expect((await allMessages(bob.api, bobsChat))[0]?.via).toBe("direct");
    node?.comeBack();
    await alice.api.call("retryNow", {});
    expect(node?.held.length).toBe(before);
  } finally {
    await alice.close();
    await bob.close();
    direct.close();
  }
});

test("nobody who has not said yes is connected directly", async () => {
  const signals: string[] = [];
  const direct = {
    createPeer: () => {
      signals.push("a peer was made");
      throw new Error("not allowed");
    },
  };
  const nodes = memoryNodes(1);
  const hints = nodes.map(({ hint }) => hint);
  const alice = await person({ name: "Alice", nodes: hints, connector: memoryConnector(nodes), direct });
  const bob = await person({ name: "Bob", nodes: hints, connector: memoryConnector(nodes), direct });
  try {
    const { alicesChat, bobsChat } = await meet(alice, bob, { mayDirect: false });
    await alice.api.call("setMayDirect", { chat: alicesChat, mayDirect: true });
    await alice.api.call("sendMessage", { chat: alicesChat, text: "only I said yes" });
    await untilTexts(bob.api, bobsChat, ["only I said yes"]);
    expect(signals).toEqual([]);
  } finally {
    await alice.close();
    await bob.close();
  }
});
