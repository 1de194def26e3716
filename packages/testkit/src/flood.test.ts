/** A contact who sends without end over a direct connection (spec/conversation.md, DS5). */
import type { DirectTransport } from "@xchat/client/ports";
import { encodeDirectFrame } from "@xchat/protocol";
import { afterEach, expect, test } from "vitest";
import { meet, memoryConnector, memoryNodes, person, until, untilTexts, type Person } from "./index.ts";

type Input = Parameters<DirectTransport["createPeer"]>[0];

const people: Person[] = [];
afterEach(async () => {
  for (const one of people.splice(0)) await one.close();
});

/** Opens when the other end has been made; carries nothing but what a test says. */
function testTransport(ends: Input[], closed: Input[]): DirectTransport {
  return {
    createPeer: (input) => {
      ends.push(input);
      if (input.role === "offerer") {
        queueMicrotask(() => input.onSignal({ kind: "description", type: "offer", sdp: "x" }));
      } else {
        for (const end of ends.slice(-2)) queueMicrotask(() => end.onState("open"));
      }
      return { acceptSignal: () => {}, send: () => true, close: () => void closed.push(input) };
    },
  };
}

test("[DS5] a flood over a direct connection closes it, and the chat goes on through the nodes", async () => {
  const nodes = memoryNodes(1);
  const hints = nodes.map(({ hint }) => hint);
  const [ends, alicesEnds, closed]: [Input[], Input[], Input[]] = [[], [], []];
  const direct = testTransport(ends, closed);
  const alicesDirect: DirectTransport = {
    createPeer: (input) => {
      alicesEnds.push(input);
      return direct.createPeer(input);
    },
  };
  const alice = await person({ name: "Alice", nodes: hints, connector: memoryConnector(nodes), direct: alicesDirect });
  const bob = await person({ name: "Bob", nodes: hints, connector: memoryConnector(nodes), direct });
  people.push(alice, bob);
  const { alicesChat, bobsChat } = await meet(alice, bob, { mayDirect: true });
  await until(alice.api, { view: "chats" }, ([chat]) => chat?.way === "direct");

  const end = alicesEnds.at(-1) as Input;
  for (let sent = 0; sent < 1_000; sent++) {
    const envelope = crypto.getRandomValues(new Uint8Array(8_192));
    end.onMessage(encodeDirectFrame({ kind: "envelope", envelope }));
  }
  expect(closed).toContain(end);
  await until(alice.api, { view: "chats" }, ([chat]) => chat?.way !== "direct");
  await alice.api.call("sendMessage", { chat: alicesChat, text: "still here" });
  await untilTexts(bob.api, bobsChat, ["still here"]);
});
