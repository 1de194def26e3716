/** What one real client says to another of how far it has come, where the nodes lose what carries it (spec/event.md, section 8). */
import type { ConversationId, Delivery } from "@xchat/client/api";
import type { Store, StoreOpener } from "@xchat/client/ports";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { memoryStoreOpener } from "@xchat/store-sqlite/memory";
import { afterEach, describe, expect, test } from "vitest";
import {
  allMessages,
  meet,
  memoryConnector,
  memoryNodes,
  passUntil,
  person,
  TestDevice,
  untilTexts,
  VirtualClock,
  type MemoryNode,
  type Person,
} from "./index.ts";

const NOW = 1_795_512_600_000;
const MINUTE = 60_000;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

async function pair() {
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(2) as [MemoryNode, MemoryNode];
  const hints = nodes.map(({ hint }) => hint);
  const device = (name: string): TestDevice => {
    const made = new TestDevice({ name, nodes: hints, connector: () => memoryConnector(nodes), clock });
    open.push(made);
    return made;
  };
  const [alice, bob] = [device("Alice"), device("Bob")];
  const { alicesChat, bobsChat } = await meet(await alice.open(), await bob.open());
  await clock.pass(MINUTE);
  return { clock, nodes, alice: alice.who, bob: bob.who, alicesChat, bobsChat };
}

const send = ({ api }: Person, chat: ConversationId, text: string): Promise<unknown> =>
  api.call("sendMessage", { chat, text });

async function deliveryOf({ api }: Person, chat: ConversationId, text: string): Promise<Delivery | null | undefined> {
  const messages = await allMessages(api, chat);
  return messages.find(({ content }) => content.kind === "text" && content.text === text)?.delivery;
}

/** Of a machine that has much to do: time goes on while its timers wait. */
class BusyClock extends VirtualClock {
  behind = 0;

  override now(): number {
    return super.now() + this.behind;
  }
}

/** `onWrite` is called whenever something is to be saved. */
function storesThatTell(opener: StoreOpener, onWrite: () => void): StoreOpener {
  const telling = (store: Store): Store => {
    const write: Store["write"] = (changes) => {
      onWrite();
      return store.write(changes);
    };
    const bound = (value: unknown): unknown => (typeof value === "function" ? value.bind(store) : value);
    return new Proxy(store, { get: (_, name: keyof Store) => (name === "write" ? write : bound(store[name])) });
  };
  return {
    state: () => opener.state(),
    destroy: () => opener.destroy(),
    create: async (passphrase) => telling(await opener.create(passphrase)),
    open: async (passphrase) => telling(await opener.open(passphrase)),
  };
}

describe("acknowledgements", () => {
  test("[LG13] one that becomes due while something else is being saved is said all the same", async () => {
    const clock = new BusyClock(NOW);
    const nodes = memoryNodes(1);
    const provider = nodeCryptoProvider();
    let onWrite = (): void => {};
    const stores = (): StoreOpener => memoryStoreOpener({ provider, now: () => clock.now() });
    const who = async (name: string, opener: StoreOpener): Promise<Person> => {
      const connector = memoryConnector(nodes);
      const made = await person({ name, nodes: nodes.map(({ hint }) => hint), connector, clock, stores: opener });
      open.push(made);
      return made;
    };
    const alice = await who("Alice", stores());
    const bob = await who(
      "Bob",
      storesThatTell(stores(), () => onWrite()),
    );
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await clock.pass(MINUTE);
    await send(alice, alicesChat, "one");
    await untilTexts(bob.api, bobsChat, ["one"]);
    // A step begins just before the acknowledgement is due, and its save takes until just after.
    await clock.pass(999);
    onWrite = () => {
      clock.behind = 5;
    };
    await bob.api.call("setDraft", { chat: bobsChat, text: "two" });
    expect(clock.behind).toBe(5);
    expect(await deliveryOf(alice, alicesChat, "one")).toMatchObject({ state: "stored" });
    await passUntil(clock, alice.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "delivered");
  });

  test("[LG13] one that rides on a message comes, though the message itself came by another way first", async () => {
    const { clock, nodes, alice, bob, alicesChat, bobsChat } = await pair();
    const [losing, down] = nodes;
    await send(bob, bobsChat, "one");
    await untilTexts(alice.api, alicesChat, ["one"]);
    // The acknowledgement of "one" rides on "two", which one node loses, and the other does not get yet.
    losing.isLosing = true;
    down.goDown();
    await send(alice, alicesChat, "two");
    await passUntil(clock, alice.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "stored");
    losing.isLosing = false;
    // So Bob learns of "two" by "three", and is given it by itself.
    await send(alice, alicesChat, "three");
    await passUntil(clock, alice.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "delivered");
    expect(await deliveryOf(alice, alicesChat, "two")).toMatchObject({ state: "delivered" });
    expect(await deliveryOf(bob, bobsChat, "one")).toMatchObject({ state: "stored" });
    down.comeBack();
    await clock.pass(5 * MINUTE);
    expect(await deliveryOf(bob, bobsChat, "one")).toMatchObject({ state: "delivered" });
  });
});
