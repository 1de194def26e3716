/** Pictures of groups, from who sets one to everybody who is or comes in (spec/group.md, section 10). Real MLS and stores. */
import { bytesToBase64Url, concatBytes } from "@xchat/codec";
import type { ConversationId, IntentErrorCode } from "@xchat/client/api";
import { describe, expect, test } from "vitest";
import { accountId, GroupWorld, linesOf, viewOf } from "./group-world.ts";
import { present, type TestDevice } from "./index.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest(() => new GroupWorld());

/** As small as one can be, of so many pixels in height, with something in it that nobody should get. */
function jpeg(height: number, secret = ""): string {
  const words = new TextEncoder().encode(secret);
  const more = secret === "" ? [] : [Uint8Array.of(0xff, 0xe1, 0, words.length + 2), words];
  const frame = Uint8Array.of(0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, 0, 16, 1, 1, 0x11, 0);
  const scan = Uint8Array.of(0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 3);
  return bytesToBase64Url(concatBytes(Uint8Array.of(0xff, 0xd8), ...more, frame, scan, Uint8Array.of(0xff, 0xd9)));
}

const set = ({ who }: TestDevice, chat: ConversationId, picture: string | null): Promise<void> =>
  who.api.call("setGroupPicture", { chat, jpeg: picture });

const shown = async ({ who }: TestDevice, chat: ConversationId): Promise<string | null> => {
  const chats = await present(who.api, { view: "chats" });
  const group = chats.find(({ id }) => id === chat);
  const found = await who.api.call("groupPicture", { chat });
  // The list of chats names what can be had, and nothing else.
  expect(group?.kind === "group" ? group.picture : null).toBe(found?.id ?? null);
  return found?.jpeg ?? null;
};

const untilShown = (world: GroupWorld, device: TestDevice, chat: ConversationId, wanted: string | null) =>
  world.until(async () => ((await shown(device, chat)) === wanted ? true : null));

async function refusal(work: Promise<unknown>): Promise<IntentErrorCode | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return (error as { readonly code: IntentErrorCode }).code;
  }
}

/** What a device keeps of pictures. */
async function keptBy(device: TestDevice, chat: ConversationId): Promise<number> {
  await device.close();
  const parts = await device.inspect((store) => store.parts(chat, ["picture"]));
  await device.open();
  return parts.length;
}

describe("the picture of a group", () => {
  test("[GP1] [GP4] everybody sees it, without what its file carried; whoever comes later, and other devices, see it too", async () => {
    const world = newWorld();
    const [alice, bob, carol] = await world.people("Alice", "Bob", "Carol");
    const chat = await world.group(alice, "Choir", bob);
    await set(alice, chat, jpeg(9, "48.2082 N 16.3738 E"));
    for (const one of [alice, bob]) await untilShown(world, one, chat, jpeg(9));
    expect((await linesOf(bob, chat)).at(-1)).toBe("Alice: picture");
    expect((await viewOf(alice.who, chat))?.pending).toEqual([]);
    await alice.who.api.call("addMembers", { chat, members: [await accountId(carol)] });
    await world.untilGroup(carol, chat, ({ members }) => members.length === 3);
    await untilShown(world, carol, chat, jpeg(9));
    const laptop = await world.link(bob, "laptop");
    await untilShown(world, laptop, chat, jpeg(9));

    // Somebody else changes it, and what was before is kept by nobody.
    await set(bob, chat, jpeg(12));
    for (const one of [alice, bob, carol, laptop]) await untilShown(world, one, chat, jpeg(12));
    expect(await keptBy(alice, chat)).toBe(1);
    await set(carol, chat, null);
    for (const one of [alice, bob, carol, laptop]) await untilShown(world, one, chat, null);
    expect(await keptBy(alice, chat)).toBe(0);
    expect((await viewOf(alice.who, chat))?.picture).toBeNull();
  });

  test("[GR16] is changed by who may change the name, and is no other file than a small JPEG", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chat = await world.group(alice, "Choir", bob);
    await alice.who.api.call("setPermission", { chat, name: "info", holder: "admins" });
    await world.untilGroup(bob, chat, ({ may }) => !may.info);
    expect(await refusal(set(bob, chat, jpeg(9)))).toBe("group-not-permitted");
    expect(await keptBy(bob, chat)).toBe(0);
    const svg = bytesToBase64Url(new TextEncoder().encode("<svg onload='alert(1)'/>"));
    for (const bad of ["", "!", svg, jpeg(257)]) {
      expect(await refusal(set(alice, chat, bad))).toBe("group-picture-unsuitable");
    }
    expect((await viewOf(alice.who, chat))?.picture).toBeNull();
  });

  test("[GP4] set with no network, it goes when there is one, also after a restart; where a node has another blob, it waits", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chat = await world.group(alice, "Choir", bob);
    world.node.goDown();
    await set(alice, chat, jpeg(9));
    expect((await viewOf(alice.who, chat))?.pending.map(({ action }) => action.kind)).toEqual(["picture"]);
    await alice.reopen();
    await bob.close();
    world.node.comeBack();
    await alice.who.api.call("retryNow", {});
    await untilShown(world, alice, chat, jpeg(9));
    const { picture } = await world.untilGroup(alice, chat, ({ picture: one }) => one !== null);
    await world.until(async () => (world.node.blobs().has(picture?.id ?? "") ? true : null));

    const honest = world.node.blobs();
    const forged = new Map(honest);
    const held = honest.get(picture?.id ?? "");
    forged.set(picture?.id ?? "", { ...(held as NonNullable<typeof held>), blob: new Uint8Array(32_768) });
    world.node.rollBack(forged);
    await bob.open();
    const waiting = await world.untilGroup(bob, chat, ({ picture: one }) => one !== null);
    expect(waiting.picture).toEqual({ id: picture?.id, isHere: false });
    for (let i = 0; i < 20; i++) await world.clock.pass(1_000);
    expect(await shown(bob, chat)).toBeNull();
    world.node.rollBack(honest);
    await world.clock.pass(60_000);
    await untilShown(world, bob, chat, jpeg(9));
  });

  test("[GP5] a node that has lost it gets it back from who set it, and from others when it has gone", async () => {
    const world = newWorld();
    const [alice, bob] = await world.people("Alice", "Bob");
    const chat = await world.group(alice, "Choir", bob);
    await set(alice, chat, jpeg(9));
    await untilShown(world, bob, chat, jpeg(9));
    const id = (await viewOf(bob.who, chat))?.picture?.id ?? "";
    await alice.close();
    const without = new Map(world.node.blobs());
    without.delete(id);
    world.node.rollBack(without);
    await bob.close();
    world.clock.set(world.clock.now() + 61 * 86_400_000);
    await bob.open();
    await world.until(async () => (world.node.blobs().has(id) ? true : null));
    expect(await shown(bob, chat)).toBe(jpeg(9));
  });
});
