/**
 * Two people, three nodes, and everything that goes wrong: nodes that go and come back, clients that are closed in the
 * middle and opened again from what lies on their disk. Whatever happens, both end with the same chat, each message
 * once, in an order that respects who had read what.
 */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { memoryStoreOpener } from "@xchat/store-sqlite/memory";
import { MemoryDisk } from "@xchat/store-sqlite/memory-disk";
import { describe, expect, test } from "vitest";
import {
  allMessages,
  meet,
  memoryConnector,
  memoryNodes,
  person,
  untilTexts,
  type MemoryNode,
  type Person,
} from "./index.ts";

const SEEDS = Number(process.env["XCHAT_SEEDS"] ?? 6);
const FIRST_SEED = Number(process.env["XCHAT_SEED"] ?? 67_100);
const STEPS = 40;

/** A small generator with a seed: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Device {
  readonly name: string;
  readonly #nodes: readonly MemoryNode[];
  readonly #disk = new MemoryDisk();
  who!: Person;

  constructor(name: string, nodes: readonly MemoryNode[]) {
    this.name = name;
    this.#nodes = nodes;
  }

  async open(): Promise<void> {
    const provider = nodeCryptoProvider();
    this.who = await person({
      name: this.name,
      nodes: this.#nodes.map(({ hint }) => hint),
      connector: memoryConnector(this.#nodes),
      stores: memoryStoreOpener({ disk: this.#disk, provider, now: () => Date.now() }),
    });
  }

  async reopen(): Promise<void> {
    await this.who.close();
    await this.open();
  }
}

async function run(seed: number): Promise<void> {
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const events: string[] = [];
  const nodes = memoryNodes(3);
  const alice = new Device("Alice", nodes);
  const bob = new Device("Bob", nodes);
  await alice.open();
  await bob.open();
  const { alicesChat, bobsChat } = await meet(alice.who, bob.who);
  const chatOf = new Map([
    [alice, alicesChat],
    [bob, bobsChat],
  ]);
  const written: string[] = [];
  try {
    for (let step = 0; step < STEPS; step++) {
      const device = pick([alice, bob]);
      const dice = random();
      if (dice < 0.6) {
        const text = `${device.name} ${step}`;
        events.push(`send ${text}`);
        await device.who.api.call("sendMessage", { chat: chatOf.get(device) as string, text });
        written.push(text);
      } else if (dice < 0.85) {
        const node = pick(nodes);
        events.push(`${node.isDown ? "up" : "down"} ${node.hint.address}`);
        if (node.isDown) node.comeBack();
        else node.goDown();
      } else {
        events.push(`reopen ${device.name}`);
        await device.reopen();
      }
    }
    for (const node of nodes) node.comeBack();
    for (const device of [alice, bob]) await device.who.api.call("retryNow", {});
    const shown = await settled(alice, alicesChat, written.length);
    await untilTexts(bob.who.api, bobsChat, shown);
    expect(shown.toSorted()).toEqual(written.toSorted());
    for (const device of [alice, bob]) {
      const own = shown.filter((text) => text.startsWith(device.name));
      expect(own).toEqual(written.filter((text) => text.startsWith(device.name)));
    }
  } catch (error) {
    throw new Error(`seed ${seed}\n${events.join("\n")}`, { cause: error });
  } finally {
    await alice.who.close();
    await bob.who.close();
  }
}

/** The texts of a chat once there are so many. */
async function settled({ who }: Device, chat: string, count: number): Promise<readonly string[]> {
  const texts = async (): Promise<readonly string[]> =>
    (await allMessages(who.api, chat)).flatMap(({ content }) => (content.kind === "text" ? [content.text] : []));
  return new Promise((resolve, reject) => {
    const fail = setTimeout(() => {
      stop();
      void texts().then((found) => reject(new Error(`waited for ${count} messages, found ${JSON.stringify(found)}`)));
    }, 20_000);
    const look = async (): Promise<void> => {
      const found = await texts();
      if (found.length < count) return;
      clearTimeout(fail);
      stop();
      resolve(found);
    };
    const stop = who.api.watch({ view: "messages", chat }, () => void look());
    void look();
  });
}

describe(`two people and three nodes that fail (seeds from ${FIRST_SEED})`, () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))("seed %i", run, 60_000);
});
