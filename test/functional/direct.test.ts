/** Two devices directly connected, by real WebRTC: no node is needed, and none sees what went that way. */
import type { DirectTransport } from "@xchat/client/ports";
import { expectOk } from "@xchat/codec";
import { decodeDirectFrame, ENVELOPE_SHORT, ENVELOPE_SMALL } from "@xchat/protocol";
import { allMessages, meet, memoryConnector, memoryNodes, person, until, untilTexts } from "@xchat/testkit";
import { loadNodeDirectTransport } from "@xchat/transport/node";
import { expect, test, vi } from "vitest";

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

test("[EN8] a short message goes in a short envelope; what is not acknowledged lies at a node in 8 KiB, and is shown once", async () => {
  const library = await loadNodeDirectTransport();
  if (library === null) throw new Error("WebRTC does not run on this machine");
  const sizes: number[] = [];
  let losesAcknowledgements = false;
  const direct: DirectTransport = {
    createPeer: (input) => {
      const peer = library.createPeer(input);
      return {
        acceptSignal: (signal) => peer.acceptSignal(signal),
        close: () => peer.close(),
        send: (message) => {
          const frame = expectOk(decodeDirectFrame(message), "frame");
          if (frame.kind === "envelope") sizes.push(frame.envelope.length);
          return (frame.kind === "ack" && losesAcknowledgements) || peer.send(message);
        },
      };
    },
  };
  const nodes = memoryNodes(1);
  const hints = nodes.map(({ hint }) => hint);
  const alice = await person({ name: "Alice", nodes: hints, connector: memoryConnector(nodes), direct });
  const bob = await person({ name: "Bob", nodes: hints, connector: memoryConnector(nodes), direct });
  try {
    const { alicesChat, bobsChat } = await meet(alice, bob, { mayDirect: true });
    for (const { api } of [alice, bob]) await until(api, { view: "chats" }, ([chat]) => chat?.way === "direct");
    sizes.length = 0;
    await alice.api.call("sendMessage", { chat: alicesChat, text: "short" });
    await untilTexts(bob.api, bobsChat, ["short"]);
    expect(new Set(sizes)).toEqual(new Set([ENVELOPE_SHORT]));
    const long = "long ".repeat(500).trim();
    await alice.api.call("sendMessage", { chat: alicesChat, text: long });
    await untilTexts(bob.api, bobsChat, ["short", long]);
    expect(new Set(sizes)).toEqual(new Set([ENVELOPE_SHORT, ENVELOPE_SMALL]));
    losesAcknowledgements = true;
    const before = nodes[0]?.held.length ?? 0;
    await alice.api.call("sendMessage", { chat: alicesChat, text: "twice" });
    await untilTexts(bob.api, bobsChat, ["short", long, "twice"]);
    await vi.waitFor(() => expect(nodes[0]?.held.length).toBeGreaterThan(before), 20_000);
    expect(nodes[0]?.held.slice(before).map(({ length }) => length)).not.toContain(ENVELOPE_SHORT);
    losesAcknowledgements = false;
    await alice.api.call("sendMessage", { chat: alicesChat, text: "after" });
    await untilTexts(bob.api, bobsChat, ["short", long, "twice", "after"]);
  } finally {
    await alice.close();
    await bob.close();
    library.close();
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
