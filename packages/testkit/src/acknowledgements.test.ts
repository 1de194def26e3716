/** What one real client says to another of how far it has come, where the nodes lose what carries it (spec/event.md, section 8). */
import type { ConversationId, Delivery } from "@xchat/client/api";
import type { Store, StoreOpener } from "@xchat/client/ports";
import { describe, expect, test } from "vitest";
import { allMessages, passUntil, untilTexts, VirtualClock, type MemoryNode, type Person } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { NOW, PairWorld } from "./pair-world.ts";

const MINUTE = 60_000;

const newWorld = madeForEachTest((input: ConstructorParameters<typeof PairWorld>[0]) => new PairWorld(input));

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
    const write: Store["write"] = (changes, meanwhile) => {
      onWrite();
      return store.write(changes, meanwhile);
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
    let onWrite = (): void => {};
    const stores = (own: StoreOpener): StoreOpener => storesThatTell(own, () => onWrite());
    const { alice, bob, alicesChat, bobsChat } = await newWorld({ clock }).acquainted({ stores });
    await clock.pass(MINUTE);
    await send(alice.who, alicesChat, "one");
    await untilTexts(bob.who.api, bobsChat, ["one"]);
    // A step begins just before the acknowledgement is due, and its save takes until just after.
    await clock.pass(999);
    onWrite = () => {
      clock.behind = 5;
    };
    await bob.who.api.call("setDraft", { chat: bobsChat, text: "two" });
    expect(clock.behind).toBe(5);
    expect(await deliveryOf(alice.who, alicesChat, "one")).toMatchObject({ state: "stored" });
    await passUntil(clock, alice.who.api, { view: "chats" }, ([chat]) => chat?.last?.delivery?.state === "delivered");
  });

  test("[LG13] one that rides on a message comes, though the message itself came by another way first", async () => {
    const world = await newWorld({ nodeCount: 2 }).acquainted();
    const { clock, alicesChat, bobsChat } = world;
    const [alice, bob] = [world.alice.who, world.bob.who];
    const [losing, down] = world.nodes as readonly [MemoryNode, MemoryNode];
    await clock.pass(MINUTE);
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
