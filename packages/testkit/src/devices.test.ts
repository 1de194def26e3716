/** One person on two devices, and a contact: real clients and cryptography, nodes in memory, the clock of the machine. */
import { afterEach, describe, expect, it } from "vitest";
import type { ClientApi } from "@xchat/client/api";
import { TestDevice } from "./device.ts";
import { memoryConnector, memoryNodes } from "./memory-nodes.ts";
import { allMessages, meet, untilTexts, type Person } from "./person.ts";
import { linkDevice } from "./link.ts";
import { until } from "./until.ts";

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

const nodes = memoryNodes(3);
const hints = nodes.map(({ hint }) => hint);

async function device(name: string, isBlank = false): Promise<{ readonly device: TestDevice; readonly who: Person }> {
  const made = new TestDevice({ name, nodes: hints, connector: () => memoryConnector(nodes) });
  open.push(made);
  return { device: made, who: await made.open(isBlank ? "blank" : "with-profile") };
}

describe("a person with two devices", () => {
  it("[DV8] [DV10] [DV13] is the same person on both, with the same name and list", async () => {
    const { who: phone } = await device("Mira");
    const { who: laptop } = await device("nobody", true);
    await linkDevice(phone.api, laptop.api, "laptop");
    const here = await until(phone.api, { view: "profile" }, () => true);
    const there = await until(laptop.api, { view: "profile" }, ({ state }) => state === "ready");
    expect(there).toMatchObject({
      name: "Mira",
      accountId: (here as { accountId: string }).accountId,
      deviceName: "laptop",
    });
    const names = (api: ClientApi): Promise<unknown> =>
      until(api, { view: "devices" }, ({ devices }) =>
        devices.every(({ isLinked, name }) => isLinked && name !== null),
      );
    const [list, listThere] = [await names(phone.api), await names(laptop.api)];
    expect(list).toMatchObject({ devices: [{ isThis: true }, { name: "laptop", isThis: false }] });
    expect(listThere).toMatchObject({ devices: [{ isThis: false }, { name: "laptop", isThis: true }] });
  });

  it("[DV30] has the chats on both, and both write and hear", async () => {
    const { who: phone } = await device("Mira");
    const { who: bob } = await device("Bob");
    const { alicesChat, bobsChat } = await meet(phone, bob);
    await phone.api.call("sendMessage", { chat: alicesChat, text: "before" });
    await untilTexts(bob.api, bobsChat, ["before"]);
    const { who: laptop } = await device("nobody", true);
    await linkDevice(phone.api, laptop.api, "laptop");
    await until(laptop.api, { view: "chats" }, (chats) => chats.some(({ id }) => id === alicesChat));
    await until(phone.api, { view: "devices" }, ({ work }) => work === null);
    await laptop.api.call("sendMessage", { chat: alicesChat, text: "from the laptop" });
    await untilTexts(bob.api, bobsChat, ["before", "from the laptop"]);
    await untilTexts(phone.api, alicesChat, ["before", "from the laptop"]);
    await bob.api.call("sendMessage", { chat: bobsChat, text: "to both" });
    await untilTexts(phone.api, alicesChat, ["before", "from the laptop", "to both"]);
    await untilTexts(laptop.api, alicesChat, ["from the laptop", "to both"]);
    const seen = await allMessages(phone.api, alicesChat);
    expect(seen.filter(({ content }) => content.kind === "text").map(({ isOwn }) => isOwn)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("[DV22] [DV23] keeps drafts, names, settings and what was read in step", async () => {
    const { who: phone } = await device("Mira");
    const { who: bob } = await device("Bob");
    const { alicesChat, bobsChat } = await meet(phone, bob);
    const { who: laptop } = await device("nobody", true);
    await linkDevice(phone.api, laptop.api, "laptop");
    await until(laptop.api, { view: "chats" }, (chats) => chats.length === 1);
    await phone.api.call("setDraft", { chat: alicesChat, text: "half a sentence" });
    await phone.api.call("setPetname", { chat: alicesChat, petname: "Bobby" });
    await until(laptop.api, { view: "chats" }, ([chat]) => chat?.draft === "half a sentence" && chat.name === "Bobby");
    await laptop.api.call("setSettings", { shareReadState: false });
    await laptop.api.call("setName", { name: "Mira M." });
    await until(
      phone.api,
      { view: "profile" },
      (profile) => profile.state === "ready" && !profile.settings.shareReadState && profile.name === "Mira M.",
    );
    await bob.api.call("sendMessage", { chat: bobsChat, text: "read me" });
    await untilTexts(phone.api, alicesChat, ["read me"]);
    await until(laptop.api, { view: "chats" }, ([chat]) => chat?.unread === 1);
    const last = (await allMessages(phone.api, alicesChat)).at(-1);
    await phone.api.call("markRead", { chat: alicesChat, upTo: last?.id ?? "" });
    await until(laptop.api, { view: "chats" }, ([chat]) => chat?.unread === 0);
    await laptop.api.call("setBlocked", { chat: alicesChat, isBlocked: true });
    await until(phone.api, { view: "chats" }, ([chat]) => chat?.kind === "pair" && chat.isBlocked);
  });

  it("[DD1] [SB1] goes on after either has been closed in the middle", async () => {
    const { device: phoneDevice, who: phone } = await device("Mira");
    const { who: bob } = await device("Bob");
    const { alicesChat, bobsChat } = await meet(phone, bob);
    const { device: laptopDevice, who: laptop } = await device("nobody", true);
    await linkDevice(phone.api, laptop.api, "laptop");
    await Promise.all([phoneDevice.close(), laptopDevice.close()]);
    const again = await laptopDevice.open("blank");
    await phoneDevice.open();
    await until(again.api, { view: "chats" }, (chats) => chats.some(({ id }) => id === alicesChat));
    await bob.api.call("sendMessage", { chat: bobsChat, text: "there you are" });
    await untilTexts(again.api, alicesChat, ["there you are"]);
    await untilTexts(phoneDevice.who.api, alicesChat, ["there you are"]);
  });

  it("[ND1] a device that crashes before it was let in is empty again", async () => {
    const { who: phone } = await device("Mira");
    const { device: laptopDevice, who: laptop } = await device("nobody", true);
    await phone.api.call("startLink", { passphrase: null });
    const code = await until(phone.api, { view: "link" }, ({ kind }) => kind === "code");
    const text = code.kind === "code" ? code.code : "";
    await laptop.api.call("enterLinkCode", { text, deviceName: "laptop", passphrase: null });
    await until(laptop.api, { view: "link" }, ({ kind }) => kind === "showing");
    await laptopDevice.close();
    const again = await laptopDevice.open("blank");
    expect(await until(again.api, { view: "profile" }, () => true)).toEqual({ state: "none" });
    expect(await until(again.api, { view: "link" }, () => true)).toEqual({ kind: "none" });
    await phone.api.call("endLink", {});
    const { devices } = await until(phone.api, { view: "devices" }, () => true);
    expect(devices).toHaveLength(1);
  });

  it("[DV8] three wrong digits end it, and nothing is listed", async () => {
    const { who: phone } = await device("Mira");
    const { who: laptop } = await device("nobody", true);
    await phone.api.call("startLink", { passphrase: null });
    const code = await until(phone.api, { view: "link" }, ({ kind }) => kind === "code");
    const text = code.kind === "code" ? code.code : "";
    await laptop.api.call("enterLinkCode", { text, deviceName: "laptop", passphrase: null });
    const shown = await until(laptop.api, { view: "link" }, ({ kind }) => kind === "showing");
    await until(phone.api, { view: "link" }, ({ kind }) => kind === "digits");
    const wrong = shown.kind === "showing" && shown.digits === "000000" ? "000001" : "000000";
    for (let i = 0; i < 3; i++) await phone.api.call("typeLinkDigits", { digits: wrong });
    await until(phone.api, { view: "link" }, (link) => link.kind === "ended" && link.reason === "digits-mismatch");
    await until(
      laptop.api,
      { view: "link" },
      (link) => link.kind === "ended" && link.reason === "other-digits-mismatch",
    );
    expect((await until(phone.api, { view: "devices" }, () => true)).devices).toHaveLength(1);
    await laptop.api.call("endLink", {});
    await laptop.api.call("createProfile", { name: "Somebody", passphrase: null });
  });

  it("[DE1] a passphrase that is set is asked for", async () => {
    const { who: phone } = await device("Mira");
    await phone.api.call("setPassphrase", { current: null, next: "correct horse" });
    for (const passphrase of [null, "wrong horse"]) {
      await expect(phone.api.call("startLink", { passphrase })).rejects.toMatchObject({ code: "wrong-passphrase" });
    }
    await phone.api.call("startLink", { passphrase: "correct horse" });
    await until(phone.api, { view: "link" }, ({ kind }) => kind === "code");
  });

  it("removes a lost one from the other: it stops, keeps what it has, and reads nothing more", async () => {
    const { who: phone } = await device("Mira");
    const { who: bob } = await device("Bob");
    const { alicesChat, bobsChat } = await meet(phone, bob);
    const { who: laptop } = await device("nobody", true);
    await linkDevice(phone.api, laptop.api, "laptop");
    await until(laptop.api, { view: "chats" }, (chats) => chats.length === 1);
    await until(phone.api, { view: "devices" }, ({ work }) => work === null);
    await bob.api.call("sendMessage", { chat: bobsChat, text: "seen by both" });
    await untilTexts(laptop.api, alicesChat, ["seen by both"]);
    const { devices } = await until(phone.api, { view: "devices" }, () => true);
    await phone.api.call("removeDevice", { id: devices.find(({ isThis }) => !isThis)?.id ?? "", passphrase: null });
    await until(laptop.api, { view: "devices" }, ({ isRemoved }) => isRemoved);
    await until(phone.api, { view: "devices" }, ({ work, devices: left }) => work === null && left.length === 1);
    await bob.api.call("sendMessage", { chat: bobsChat, text: "for the phone alone" });
    await untilTexts(phone.api, alicesChat, ["seen by both", "for the phone alone"]);
    await untilTexts(laptop.api, alicesChat, ["seen by both"]);
    await expect(laptop.api.call("sendMessage", { chat: alicesChat, text: "still here?" })).rejects.toMatchObject({
      code: "chat-ended",
    });
  });
});
