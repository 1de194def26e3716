/**
 * Machines that stop at any instant, with the loss of writes that were never synced: what an intent has acknowledged
 * is there afterwards and arrives once, and no message key is used twice.
 */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { seededRandom } from "@xchat/store-sqlite/fault";
import { describe, expect, test } from "vitest";
import { allMessages, meet, memoryNodes, until, type Person } from "./index.ts";
import { Machine } from "./machine.ts";

const SEEDS = Number(process.env["XCHAT_SEEDS"] ?? 6);
const FIRST_SEED = Number(process.env["XCHAT_SEED"] ?? 67_100);
const ROUNDS = 6;

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const events: string[] = [];
  const nodes = memoryNodes(1);
  const machines = [new Machine("Alice", nodes), new Machine("Bob", nodes)] as const;
  for (const machine of machines) await machine.start();
  const [alice, bob] = machines;
  const { alicesChat, bobsChat } = await meet(alice.who, bob.who);
  const chats = new Map([
    [alice, alicesChat],
    [bob, bobsChat],
  ]);
  const acknowledged: string[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const victim = machines[random() < 0.5 ? 0 : 1] as Machine;
      const operations = 1 + Math.floor(random() * 60);
      events.push(`${victim.name} fails after ${operations}`);
      victim.failAfter(operations);
      for (let i = 0; i < 8; i++) {
        const machine = machines[random() < 0.5 ? 0 : 1] as Machine;
        const text = `${machine.name} ${round}.${i}`;
        const isSaved = await machine.who.api.call("sendMessage", { chat: chats.get(machine) as string, text }).then(
          () => true,
          () => false,
        );
        events.push(`${isSaved ? "saved" : "failed"} ${text}`);
        if (isSaved) acknowledged.push(text);
      }
      await victim.restart(random);
    }
    const texts = async (machine: Machine): Promise<readonly string[]> =>
      (await allMessages(machine.who.api, chats.get(machine) as string)).flatMap(({ content }) =>
        content.kind === "text" ? [content.text] : [],
      );
    const isSettled = async (): Promise<boolean> => {
      const [one, other] = [await texts(alice), await texts(bob)];
      return JSON.stringify(one) === JSON.stringify(other) && acknowledged.every((text) => one.includes(text));
    };
    await eventually(alice.who, isSettled, async () =>
      JSON.stringify([await texts(alice), await texts(bob), acknowledged]),
    );
    const shown = await texts(alice);
    expect(new Set(shown).size).toBe(shown.length);
    expect(acknowledged.filter((text) => !shown.includes(text))).toEqual([]);
    for (const machine of machines) {
      const { used, reused } = machine.keys.judge(nodes.flatMap(({ held }) => held));
      expect(used).toBeGreaterThan(0);
      expect(reused).toEqual([]);
    }
  } catch (error) {
    throw new Error(`seed ${seed}\n${events.join("\n")}`, { cause: error });
  } finally {
    for (const { who } of machines) await who.close().catch(() => undefined);
  }
}

/** Looks again at each change of the chats. */
async function eventually(
  { api }: Person,
  isSo: () => Promise<boolean>,
  describeNow: () => Promise<string>,
): Promise<void> {
  if (await isSo()) return;
  const ticks = new Set<() => void>();
  const stop = api.watch({ view: "chats" }, () => ticks.forEach((tick) => tick()));
  const until20 = Date.now() + 20_000;
  try {
    while (!(await isSo())) {
      if (Date.now() > until20) throw new Error(`never settled: ${await describeNow()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        ticks.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  } finally {
    stop();
  }
}

describe(`machines that stop at any instant (seeds from ${FIRST_SEED})`, () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))("seed %i", run, 60_000);

  test("the watch on message keys would see a generation used twice", async () => {
    const nodes = memoryNodes(1);
    const alice = new Machine("Alice", nodes);
    const bob = new Machine("Bob", nodes);
    await alice.start();
    await bob.start();
    const { alicesChat } = await meet(alice.who, bob.who);
    await until(alice.who.api, { view: "chats" }, ([chat]) => chat?.state === "active");
    await alice.who.api.call("sendMessage", { chat: alicesChat, text: "once" });
    const provider = nodeCryptoProvider();
    const watched = alice.keys.watch(provider);
    const [key, nonce] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2)];
    const envelopes: Uint8Array[] = [];
    for (const text of ["a", "b"]) {
      const inner = await watched.aesGcmSeal(key, nonce, new Uint8Array(0), new TextEncoder().encode(text));
      const outer = await watched.aesGcmSeal(
        provider.randomBytes(32),
        nonce,
        new Uint8Array(0),
        new Uint8Array([...inner, 0, 0]),
      );
      envelopes.push(new Uint8Array([...nonce, ...outer]));
    }
    expect(alice.keys.judge(envelopes).reused).toHaveLength(1);
    await alice.who.close();
    await bob.who.close();
  });
});
