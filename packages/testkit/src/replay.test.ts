/** Requests that come again by the will of a node or of who wrote them (spec/first-contact.md, FC17, FC19). */
import { expectOk, hexToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { afterEach, expect, test } from "vitest";
import {
  changedConnector,
  memoryConnector,
  memoryNodes,
  person,
  present,
  until,
  untilTexts,
  type MemoryNode,
  type Person,
} from "./index.ts";

const people: Person[] = [];
afterEach(async () => {
  for (const one of people.splice(0)) await one.close();
});

test("[FC17] an accepted request that the node gives again is not asked again, and the chat goes on", async () => {
  const [node] = memoryNodes(1) as [MemoryNode];
  const given: (() => void)[] = [];
  const replaying = changedConnector([node], (access) => ({
    subscribe: (input) =>
      access.subscribe({
        ...input,
        onEnvelopes: (envelopes) => {
          for (const envelope of envelopes)
            given.push(() => input.onEnvelopes([{ ...envelope, cursor: 1_000_000 + envelope.cursor }]));
          input.onEnvelopes(envelopes);
        },
      }),
  }));
  const alice = await person({ name: "Alice", nodes: [node.hint], connector: replaying });
  const bob = await person({ name: "Bob", nodes: [node.hint], connector: memoryConnector([node]) });
  const carol = await person({ name: "Carol", nodes: [node.hint], connector: memoryConnector([node]) });
  people.push(alice, bob, carol);
  const { code: text } = await alice.api.call("createInvitation", { label: "", isLasting: true, days: 1 });
  const { chat: bobsChat } = await bob.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  const [request] = await until(alice.api, { view: "requests" }, ([first]) => first !== undefined);
  const replay = given.at(-1);
  const { chat } = await alice.api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect: false });
  await until(bob.api, { view: "chats" }, ([one]) => one?.state === "active");
  await alice.api.call("sendMessage", { chat: chat as string, text: "before" });
  await untilTexts(bob.api, bobsChat, ["before"]);

  replay?.();
  await carol.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  await until(alice.api, { view: "requests" }, (requests) => requests.some(({ name }) => name === "Carol"));
  expect((await present(alice.api, { view: "requests" })).map(({ name }) => name)).toEqual(["Carol"]);
  await alice.api.call("sendMessage", { chat: chat as string, text: "after" });
  await untilTexts(bob.api, bobsChat, ["before", "after"]);
});

test("[FC19] a request for a group that is there already takes no chat's place", async () => {
  const nodes = memoryNodes(1);
  const hints = nodes.map(({ hint }) => hint);
  const one = (name: string, provider: CryptoProvider): Promise<Person> =>
    person({ name, nodes: hints, connector: memoryConnector(nodes), provider });
  const real = nodeCryptoProvider();
  let groupId: Uint8Array | null = null;
  const chosen: CryptoProvider = {
    ...real,
    randomBytes: (length) => {
      const bytes = length === 32 ? groupId : null;
      if (bytes !== null) groupId = null;
      return bytes ?? real.randomBytes(length);
    },
  };
  const [alice, bob, mallory] = [await one("Alice", real), await one("Bob", real), await one("Mallory", chosen)];
  people.push(alice, bob, mallory);
  const { code: text } = await alice.api.call("createInvitation", { label: "", isLasting: true, days: 1 });
  const { chat: bobsChat } = await bob.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  const [first] = await until(alice.api, { view: "requests" }, ([request]) => request !== undefined);
  const { chat } = await alice.api.call("answerRequest", { id: first?.id ?? "", answer: "accept", mayDirect: false });
  await until(bob.api, { view: "chats" }, ([found]) => found?.state === "active");

  groupId = expectOk(hexToBytes(bobsChat), "chat");
  const { chat: mallorysChat } = await mallory.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  expect(mallorysChat).toBe(bobsChat);
  const [second] = await until(alice.api, { view: "requests" }, ([request]) => request !== undefined);
  const accepted = alice.api.call("answerRequest", { id: second?.id ?? "", answer: "accept", mayDirect: false });
  await expect(accepted).rejects.toMatchObject({ code: "request-gone" });
  await until(alice.api, { view: "requests" }, ({ length }) => length === 0);
  await alice.api.call("sendMessage", { chat: chat as string, text: "for Bob" });
  await untilTexts(bob.api, bobsChat, ["for Bob"]);
  expect((await present(alice.api, { view: "chats" })).map(({ name }) => name)).toEqual(["Bob"]);
});

test("[FC17] who follows an invitation for one that somebody else has used stands there until they are answered", async () => {
  const [node] = memoryNodes(1) as [MemoryNode];
  const one = (name: string): Promise<Person> =>
    person({ name, nodes: [node.hint], connector: memoryConnector([node]) });
  const [alice, bob, carol] = [await one("Alice"), await one("Bob"), await one("Carol")];
  people.push(alice, bob, carol);
  const { code: text } = await alice.api.call("createInvitation", { label: "", isLasting: false, days: 1 });
  for (const guest of [bob, carol]) await guest.api.call("acceptInvitation", { text, greeting: "", mayDirect: false });
  const both = await until(alice.api, { view: "requests" }, ({ length }) => length === 2);
  const idOf = (name: string): string => both.find((request) => request.name === name)?.id ?? "";
  await alice.api.call("answerRequest", { id: idOf("Bob"), answer: "accept", mayDirect: false });
  expect((await present(alice.api, { view: "requests" })).map(({ name }) => name)).toEqual(["Carol"]);
  const accepted = alice.api.call("answerRequest", { id: idOf("Carol"), answer: "accept", mayDirect: false });
  await expect(accepted).rejects.toMatchObject({ code: "request-gone" });
  await until(alice.api, { view: "requests" }, ({ length }) => length === 0);
  expect((await present(alice.api, { view: "chats" })).map(({ name }) => name)).toEqual(["Bob"]);
});
