/** A contact's identity chain that travels in the conversation is held to the pinned one (spec/identity.md, ID21). */
import { anyValue, decode, encode, expectOk } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { extendIdentity, type Action } from "@xchat/protocol";
import { meet, memoryConnector, memoryNodes, passUntil, present, TestDevice, VirtualClock } from "@xchat/testkit";
import { afterEach, describe, expect, test } from "vitest";

const NOW = 1_795_512_600_000;
const provider = nodeCryptoProvider();

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

/** Places of the fields in the document "profile". */
const CHAIN = 4;
const DEVICE_SEED = 5;
const profileCodec = anyValue({ depth: 2, entries: 16 });

async function readProfile(device: TestDevice): Promise<unknown[]> {
  const stored = await device.inspect((store) => store.document("profile"));
  return expectOk(decode(profileCodec, stored as Uint8Array), "profile") as unknown[];
}

const chainOf = async (device: TestDevice): Promise<Uint8Array> => (await readProfile(device))[CHAIN] as Uint8Array;

async function setChain(device: TestDevice, chain: Uint8Array): Promise<void> {
  const profile = await readProfile(device);
  const value = encode(profileCodec, profile.with(CHAIN, chain) as never);
  await device.inspect((store) => store.write([{ document: "profile", value }]));
}

/** Their chain with one more device. */
async function withAnotherDevice(device: TestDevice, chain: Uint8Array): Promise<Uint8Array> {
  const deviceSeed = (await readProfile(device))[DEVICE_SEED] as Uint8Array;
  const newSeed = provider.randomBytes(32);
  const [by, added] = [await provider.ed25519KeyPair(deviceSeed), await provider.ed25519KeyPair(newSeed)];
  const action: Action = { kind: "add-device", by: by.publicKey, deviceKey: added.publicKey };
  return expectOk(await extendIdentity(provider, chain, { action, seeds: [deviceSeed, newSeed], now: NOW }), "chain");
}

const pinOf = (device: TestDevice): Promise<Uint8Array | undefined> =>
  device.inspect(async (store) => (await store.all("contact"))[0]?.chain);

async function pair() {
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(1);
  const device = (name: string): TestDevice => {
    const input = { name, nodes: nodes.map(({ hint }) => hint), connector: () => memoryConnector(nodes), clock };
    const made = new TestDevice(input);
    open.push(made);
    return made;
  };
  const [alice, bob] = [device("Alice"), device("Bob")];
  await meet(await alice.open(), await bob.open());
  /** Bob comes back with this chain; Alice is told. */
  const bobComesWith = async (chain: Uint8Array, change: string): Promise<void> => {
    await bob.close();
    await setChain(bob, chain);
    await bob.open();
    await passUntil(clock, alice.who.api, { view: "chats" }, ([chat]) =>
      (chat?.notices ?? []).some((notice) => notice.kind === "identity" && notice.change === change),
    );
  };
  return { clock, alice, bob, bobComesWith };
}

describe("[ID21] chains in conversations", () => {
  test("a longer one becomes the pin, and an older one afterwards is told and not believed", async () => {
    const { alice, bob, bobComesWith } = await pair();
    await bob.close();
    const first = await chainOf(bob);
    const longer = await withAnotherDevice(bob, first);
    await bobComesWith(longer, "newer");
    await alice.close();
    expect(await pinOf(alice)).toEqual(longer);
    await alice.open();
    await bobComesWith(first, "rolled-back");
    await alice.close();
    expect(await pinOf(alice)).toEqual(longer);
  });

  test("two that contradict each other are told, and the first stays pinned", async () => {
    const { alice, bob, bobComesWith } = await pair();
    await bob.close();
    const first = await chainOf(bob);
    const [one, other] = [await withAnotherDevice(bob, first), await withAnotherDevice(bob, first)];
    await bobComesWith(one, "newer");
    await bobComesWith(other, "forked");
    await alice.close();
    expect(await pinOf(alice)).toEqual(one);
  });

  test("who is met again by another invitation is held to the pin", async () => {
    const { clock, alice, bob, bobComesWith } = await pair();
    await bob.close();
    const first = await chainOf(bob);
    const longer = await withAnotherDevice(bob, first);
    await bobComesWith(longer, "newer");
    const [chat] = await present(alice.who.api, { view: "chats" });
    await alice.who.api.call("deleteChat", { chat: chat?.id ?? "" });
    await bob.close();
    await setChain(bob, first);
    await bob.open();
    const { code } = await bob.who.api.call("createInvitation", { label: "", isLasting: false, days: 1 });
    await alice.who.api.call("acceptInvitation", { text: code, greeting: "", mayDirect: false });
    const [request] = await passUntil(clock, bob.who.api, { view: "requests" }, (waiting) => waiting.length === 1);
    await bob.who.api.call("answerRequest", { id: request?.id ?? "", answer: "accept", mayDirect: false });
    await passUntil(clock, alice.who.api, { view: "chats" }, ([again]) => again?.state === "active");
    await alice.close();
    expect(await pinOf(alice)).toEqual(longer);
  });

  test("nothing is told while nothing has changed", async () => {
    const { alice, bob, clock } = await pair();
    await bob.reopen();
    await clock.pass(60_000);
    const [chat] = await passUntil(clock, alice.who.api, { view: "chats" }, (chats) => chats.length === 1);
    expect(chat?.notices).toEqual([]);
  });
});
