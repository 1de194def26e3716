/** What time alone does, over weeks of a clock that a test moves: expiry, renewal, and what outlives a restart. */
import { describe, expect, test } from "vitest";
import { changedConnector, meet, passUntil, untilTexts } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";
import { NOW, PairWorld } from "./pair-world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const newWorld = madeForEachTest(() => new PairWorld());

describe("the outbox over time", () => {
  test("[O2] a message that no node could take for longer than it lasts goes out all the same, once", async () => {
    const world = newWorld();
    const [alice, bob] = [world.device("Alice"), world.device("Bob")];
    const { alicesChat, bobsChat } = await meet(await alice.open(), await bob.open());
    await passUntil(world.clock, alice.who.api, { view: "chats" }, ([chat]) => chat?.state === "active", {});
    world.node.goDown();
    await alice.who.api.call("sendMessage", { chat: alicesChat, text: "patience" });
    await world.clock.pass(16 * DAY);
    await alice.close();
    // Only what says how to seal it anew is as old as the message; what is sealed is younger than the fourteen days that it
    // lasts.
    const records = await alice.inspect((store) => store.all("outbox"));
    expect(records.length).toBeGreaterThan(0);
    expect(records.every(({ createdAt }) => createdAt > NOW + 2 * DAY)).toBe(true);
    await alice.open();
    world.node.comeBack();
    await alice.who.api.call("retryNow", {});
    await bob.who.api.call("retryNow", {});
    await passUntil(
      world.clock,
      alice.who.api,
      { view: "chats" },
      ([chat]) => chat?.last?.delivery?.state === "delivered",
    );
    await untilTexts(bob.who.api, bobsChat, ["patience"]);
  });

  test("[O1] what was sent and not acknowledged before a restart is sent again, the same bytes", async () => {
    const world = newWorld();
    let isDeaf = false;
    const deposited: Uint8Array[] = [];
    const connector = () =>
      changedConnector(world.nodes, (access) => ({
        deposit: async (input) => {
          const outcome = await access.deposit(input);
          deposited.push(input.envelope);
          return isDeaf ? { ok: false, error: { kind: "unreachable" } } : outcome;
        },
      }));
    const [alice, bob] = [world.device("Alice", { connector }), world.device("Bob")];
    const { alicesChat, bobsChat } = await meet(await alice.open(), await bob.open());
    await world.clock.pass(5_000);
    isDeaf = true;
    const before = deposited.length;
    await alice.who.api.call("sendMessage", { chat: alicesChat, text: "twice" });
    await untilTexts(bob.who.api, bobsChat, ["twice"]);
    await alice.close();
    const atFirst = new Set(deposited.slice(before).map((envelope) => Buffer.from(envelope).toString("hex")));
    isDeaf = false;
    const again = deposited.length;
    await alice.open();
    await passUntil(
      world.clock,
      alice.who.api,
      { view: "chats" },
      ([chat]) => chat?.last?.delivery?.state === "delivered",
    );
    const resent = deposited.slice(again).map((envelope) => Buffer.from(envelope).toString("hex"));
    expect(resent.some((envelope) => atFirst.has(envelope))).toBe(true);
    await untilTexts(bob.who.api, bobsChat, ["twice"]);
  });
});

describe("mailboxes of past epochs", () => {
  test("are read for fourteen days and forgotten a day later, with their cursors", async () => {
    const world = newWorld();
    const [alice, bob] = [world.device("Alice"), world.device("Bob")];
    await meet(await alice.open(), await bob.open());
    await passUntil(world.clock, alice.who.api, { view: "chats" }, () => world.node.watched.size === 3);
    await world.clock.pass(14 * DAY);
    // Those of two epochs, and the rejoin inbox.
    expect(world.node.watched.size).toBe(3);
    await passUntil(world.clock, alice.who.api, { view: "chats" }, () => world.node.watched.size === 2, {
      step: HOUR,
      atMost: 30 * HOUR,
    });
    await alice.close();
    const left = await alice.inspect(async (store) => ({
      mailboxes: await store.all("mailbox"),
      cursors: await store.all("cursor"),
    }));
    expect(left.mailboxes).toHaveLength(1);
    // That of the mailbox that is left, and of the inbox of the invitation.
    const stale = left.cursors.filter(({ id }) => !id.startsWith(left.mailboxes[0]?.id ?? "-"));
    expect(stale.length).toBeLessThanOrEqual(1);
  });
});

describe("lasting invitations", () => {
  test("have a new key package each week, and the one before stays good for whoever took it", async () => {
    const world = newWorld();
    let isHeldBack = true;
    const places: Uint8Array[] = [];
    const watching = () =>
      changedConnector(world.nodes, (access) => ({
        putBlob: (input) => {
          places.push(input.place);
          return access.putBlob(input);
        },
      }));
    const late = () =>
      changedConnector(world.nodes, (access) => ({
        depositInbox: (input) =>
          isHeldBack ? Promise.resolve({ ok: false, error: { kind: "unreachable" } }) : access.depositInbox(input),
      }));
    const [alice, bob, carol] = [
      world.device("Alice", { connector: watching }),
      world.device("Bob", { connector: late }),
      world.device("Carol"),
    ];
    await alice.open();
    const { code } = await alice.who.api.call("createInvitation", { label: "", isLasting: true, days: 30 });
    const version = async (): Promise<number> => {
      const blob = await world.node.access().getBlob({ place: places[0] as Uint8Array });
      return blob.ok ? (blob.value?.version ?? 0) : 0;
    };
    const accept = { text: code, greeting: "", mayDirect: false };
    await (await bob.open()).api.call("acceptInvitation", accept);
    expect(await version()).toBe(1);
    await world.clock.pass(6 * DAY);
    expect(await version()).toBe(1);
    await world.clock.pass(2 * DAY);
    expect(await version()).toBe(2);
    await (await carol.open()).api.call("acceptInvitation", accept);
    isHeldBack = false;
    await bob.who.api.call("retryNow", {});
    const requests = await passUntil(
      world.clock,
      alice.who.api,
      { view: "requests" },
      (waiting) => waiting.length === 2,
    );
    for (const { id } of requests) {
      await alice.who.api.call("answerRequest", { id, answer: "accept", mayDirect: false });
    }
    for (const { who } of [bob, carol]) {
      await passUntil(world.clock, who.api, { view: "chats" }, ([chat]) => chat?.state === "active");
    }
    await alice.close();
    // Those that contacts have been given to be added to groups with are no invitation's.
    const kept = await alice.inspect(async (store) => {
      const invitations = new Set((await store.all("invitation")).map(({ id }) => id));
      return (await store.all("keyPackage")).filter(({ invitationId }) => invitations.has(invitationId));
    });
    expect(kept).toHaveLength(2);
  });
});
