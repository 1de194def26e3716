/** A device whose clock is wrong, at a real node (spec/exchange.md, X13): told by how much, nothing lost, no help needed. */
import type { Clock, Timer } from "@xchat/client/ports";
import { meet, person, startNodeProcess, until, untilTexts, type NodeProcess, type Person } from "@xchat/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The machine's clock, set wrong by `error` milliseconds. Its timers run as they do. */
class WrongClock implements Clock {
  error: number;

  constructor(error: number) {
    this.error = error;
  }

  now(): number {
    return Date.now() + this.error;
  }

  after(milliseconds: number, call: () => void): Timer {
    const timer = setTimeout(call, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  }
}

let node: NodeProcess;
beforeAll(async () => {
  node = await startNodeProcess();
});
afterAll(() => node.remove());

const people: Person[] = [];
afterEach(async () => {
  for (const one of people.splice(0)) await one.close();
});

async function someone(name: string, clock: Clock = new WrongClock(0)): Promise<Person> {
  const made = await person({ name, nodes: [node.hint], clock });
  people.push(made);
  return made;
}

const isAbout = (error: number | null, wanted: number): boolean =>
  error !== null && Math.abs(error - wanted) <= 2 * MINUTE;

describe("[X13] a clock that is wrong", () => {
  test.each([
    ["a day ahead", DAY],
    ["a day behind", -DAY],
  ])("%s: it is said by how much, messages wait, and go by themselves when it is right", async (_, error) => {
    const clock = new WrongClock(0);
    const alice = await someone("Alice", clock);
    const bob = await someone("Bob");
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await node.stop();
    clock.error = error;
    await node.restart();
    await alice.api.call("retryNow", {});
    const { clockError, nodes } = await until(alice.api, { view: "network" }, (view) => view.clockError !== null);
    expect(isAbout(clockError, error)).toBe(true);
    expect(nodes[0]?.state).toBe("clock-wrong");
    await alice.api.call("sendMessage", { chat: alicesChat, text: "at the wrong time" });
    const [chat] = await until(alice.api, { view: "chats" }, ([one]) => one?.last?.text === "at the wrong time");
    expect(chat?.last?.delivery).toEqual({ state: "queued", why: "clock-wrong" });
    const { checks } = await alice.api.call("doctor", {});
    expect(checks.find(({ name }) => name === "clock")).toMatchObject({ state: "bad" });
    await expect(alice.api.call("addNode", { address: node.webAddress })).rejects.toMatchObject({
      code: "clock-wrong",
    });
    clock.error = 0;
    await untilTexts(bob.api, bobsChat, ["at the wrong time"], 90_000);
    const after = await until(alice.api, { view: "network" }, (view) => view.clockError === null);
    expect(after.nodes[0]?.state).toBe("ready");
  });

  test("half an hour behind: it is said, and made up for", async () => {
    const alice = await someone("Alice", new WrongClock(-HOUR / 2));
    const bob = await someone("Bob");
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await alice.api.call("sendMessage", { chat: alicesChat, text: "late" });
    await untilTexts(bob.api, bobsChat, ["late"]);
    const { clockError, nodes } = await until(alice.api, { view: "network" }, (view) => view.clockError !== null);
    expect(isAbout(clockError, -HOUR / 2)).toBe(true);
    expect(nodes[0]?.state).toBe("ready");
  });

  test("five minutes are nobody's mistake", async () => {
    const alice = await someone("Alice", new WrongClock(5 * MINUTE));
    // Without a chat or an invitation: the own nodes are greeted at the start.
    const { clockError } = await until(alice.api, { view: "network" }, (view) => view.nodes[0]?.state === "ready");
    expect(clockError).toBeNull();
  });
});
