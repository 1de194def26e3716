/** The account backup is written as spec/account-backup.md, section 5 says, whatever happens in between. */
import type { BackupView } from "@xchat/client/api";
import { expectOk } from "@xchat/codec";
import { wordsToEntropy } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { encodeBackupContent, findBackups } from "@xchat/protocol";
import { afterEach, describe, expect, test } from "vitest";
import {
  meet,
  memoryConnector,
  memoryNodes,
  passUntil,
  present,
  TestDevice,
  VirtualClock,
  type Person,
} from "./index.ts";

const NOW = 1_795_512_600_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const open: TestDevice[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

function world(nodeCount = 2) {
  const clock = new VirtualClock(NOW);
  const nodes = memoryNodes(nodeCount);
  const device = (name: string, own = nodes.length): TestDevice => {
    const hints = nodes.slice(0, own).map(({ hint }) => hint);
    const made = new TestDevice({ name, nodes: hints, connector: () => memoryConnector(nodes), clock });
    open.push(made);
    return made;
  };
  return { clock, nodes, device };
}

type On = Extract<BackupView, { state: "on" }>;

const viewOf = async ({ api }: Person): Promise<On> => (await present(api, { view: "backup" })) as On;

async function untilStored(clock: VirtualClock, { api }: Person, count: number, madeAfter = 0): Promise<On> {
  const isSo = (view: BackupView): boolean =>
    view.state === "on" && (view.madeAt ?? 0) >= madeAfter && view.storedAt === count;
  return (await passUntil(clock, api, { view: "backup" }, isSo, { step: 10_000, atMost: 2 * DAY })) as On;
}

describe("writing the account backup", () => {
  test("[AB11] the first lies at every node after a minute, and a change of contacts a minute after it", async () => {
    const { clock, device } = world();
    const alice = await device("Alice").open();
    expect(await viewOf(alice)).toMatchObject({ madeAt: null, isBehind: true, storedAt: 0 });
    const first = await untilStored(clock, alice, 2);
    expect(first.madeAt).toBe(NOW + MINUTE);
    expect(first.isBehind).toBe(false);
    const bob = await device("Bob").open();
    const met = clock.now();
    await meet(alice, bob);
    const second = await untilStored(clock, alice, 2, met);
    expect((second.madeAt ?? 0) - met).toBeLessThan(2 * MINUTE);
  });

  test("[AB11] another change waits for the day to be over, and is not lost by a restart", async () => {
    const { clock, device } = world();
    const alice = device("Alice");
    const first = await untilStored(clock, await alice.open(), 2);
    await alice.who.api.call("setSettings", { shareReadState: false });
    // Closed before it was looked at.
    await alice.reopen();
    await clock.pass(2 * HOUR);
    expect(await viewOf(alice.who)).toMatchObject({ madeAt: first.madeAt, isBehind: true, storedAt: 2 });
    await alice.reopen();
    const second = await untilStored(clock, alice.who, 2, (first.madeAt ?? 0) + 1);
    expect((second.madeAt ?? 0) - (first.madeAt ?? 0)).toBeGreaterThanOrEqual(DAY);
    expect((second.madeAt ?? 0) - (first.madeAt ?? 0)).toBeLessThan(DAY + 10 * MINUTE);
  });

  test("[AB12] what was sealed goes to a node that was down, after a restart, under the same version", async () => {
    const { clock, nodes, device } = world();
    nodes[1]?.goDown();
    const alice = device("Alice");
    const first = await untilStored(clock, await alice.open(), 1);
    expect(first.nodes.map(({ isStored }) => isStored)).toEqual([true, false]);
    await alice.close();
    nodes[1]?.comeBack();
    const later = await untilStored(clock, await alice.open(), 2);
    expect(later.madeAt).toBe(first.madeAt);
    expect(versions(nodes[0])).toEqual(versions(nodes[1]));
  });

  test("[AB12] a node that was added gets a backup of its own", async () => {
    const { clock, nodes, device } = world();
    const alice = await device("Alice", 1).open();
    await untilStored(clock, alice, 1);
    await alice.api.call("addNode", { address: nodes[1]?.hint.address.replace("/x", "") ?? "" });
    const view = await untilStored(clock, alice, 2);
    expect(view.nodes).toHaveLength(2);
    expect(blobs(nodes[0]).some((blob) => blobs(nodes[1]).includes(blob))).toBe(false);
  });

  test("[AB3] a device whose slot is taken by another key finds a slot of its own", async () => {
    const { clock, nodes, device } = world(1);
    const alice = device("Alice");
    await untilStored(clock, await alice.open(), 1);
    const mine = new Map(nodes[0]?.blobs());
    for (const [place, held] of mine) mine.set(place, { ...held, owner: "somebody else" });
    nodes[0]?.rollBack(mine);
    await alice.who.api.call("setName", { name: "Alice again" });
    // The other half first, which nobody has; then the one that was taken.
    await alice.who.api.call("writeBackup", {});
    await untilStored(clock, alice.who, 1, NOW + MINUTE + 1);
    await clock.pass(1);
    await alice.who.api.call("setName", { name: "Alice once more" });
    const before = clock.now();
    await alice.who.api.call("writeBackup", {});
    await untilStored(clock, alice.who, 1, before);
    expect(nodes[0]?.blobs().size).toBe(3);
  });

  test("[AB11] a store that is an old copy of itself does not write under a version that is used", async () => {
    const { clock, nodes, device } = world(1);
    const alice = device("Alice");
    await untilStored(clock, await alice.open(), 1);
    await alice.close();
    const old = alice.copy();
    open.push(old);
    await alice.open();
    for (const name of ["B", "C"]) {
      await alice.who.api.call("setName", { name });
      const before = clock.now();
      await alice.who.api.call("writeBackup", {});
      await untilStored(clock, alice.who, 1, before);
      await clock.pass(MINUTE);
    }
    await alice.close();
    const before = clock.now();
    await old.open();
    await old.who.api.call("setName", { name: "D" });
    await old.who.api.call("writeBackup", {});
    await untilStored(clock, old.who, 1, before + 1);
    expect(Math.max(...versions(nodes[0]))).toBeGreaterThan(3);
  });

  test("[AB13] nothing changes for months: it is renewed 60 days before it expires", async () => {
    const { clock, device } = world(1);
    const alice = await device("Alice").open();
    const first = await untilStored(clock, alice, 1);
    const expiresAt = first.expiresAt ?? 0;
    const renewed = (await passUntil(
      clock,
      alice.api,
      { view: "backup" },
      (view) => view.state === "on" && (view.expiresAt ?? 0) > expiresAt,
      { step: DAY, atMost: 200 * DAY },
    )) as On;
    expect((renewed.madeAt ?? 0) - NOW).toBeGreaterThan(115 * DAY);
    expect(expiresAt - (renewed.madeAt ?? 0)).toBeGreaterThan(59 * DAY);
  });

  test("[AB4] holds nothing that was said, and no key but those that find people again", async () => {
    const { clock, nodes, device } = world(1);
    const [alice, bob] = [device("Alice"), device("Bob")];
    const { alicesChat } = await meet(await alice.open(), await bob.open());
    await alice.who.api.call("sendMessage", { chat: alicesChat, text: "a secret between us" });
    await alice.who.api.call("setDraft", { chat: alicesChat, text: "another one, not sent" });
    await clock.pass(10_000);
    await alice.who.api.call("writeBackup", {});
    await untilStored(clock, alice.who, 1, clock.now());
    const provider = nodeCryptoProvider();
    const typed = (await alice.who.api.call("recoveryWords", {})).words.join(" ");
    const entropy = expectOk(wordsToEntropy(provider, typed), "words");
    const [access, hint] = [nodes[0]?.access(), nodes[0]?.hint];
    const found = await findBackups(provider, entropy, hint?.keyHash ?? new Uint8Array(0), async (place) => {
      const blob = await access?.getBlob({ place });
      return blob?.ok === true ? (blob.value?.blob ?? null) : null;
    });
    const plain = found.map(({ backup }) => Buffer.from(encodeBackupContent(backup)));
    await alice.close();
    const group = await alice.inspect((store) => store.get("group", alicesChat));
    expect(plain.some((content) => content.includes("Bob"))).toBe(true);
    const secrets = ["secret between", "not sent", entropy, group?.ratchetPart ?? new Uint8Array(1)];
    for (const secret of secrets) {
      expect(plain.some((content) => content.includes(Buffer.from(secret as string)))).toBe(false);
    }
  });

  test("[AB1] the words can be taken off the device, and backups go on", async () => {
    const { clock, device } = world(1);
    const alice = device("Alice");
    await alice.open();
    await alice.who.api.call("confirmRecoveryWords", { forget: true });
    await alice.reopen();
    await untilStored(clock, alice.who, 1);
  });

  test("[AB1] a profile whose words were forgotten before there were backups is told, and turns it on by typing them", async () => {
    const { clock, device } = world(1);
    const alice = device("Alice");
    const { words } = await (await alice.open()).api.call("recoveryWords", {});
    await alice.who.api.call("confirmRecoveryWords", { forget: true });
    await alice.close();
    await alice.inspect((store) => store.write([{ document: "backup-keys", value: null }]));
    await alice.open();
    expect(await present(alice.who.api, { view: "backup" })).toEqual({ state: "off" });
    const { checks } = await alice.who.api.call("doctor", {});
    expect(checks.find(({ name }) => name === "account backup")).toMatchObject({ state: "warning", detail: "off" });
    const others = (await (await device("Bob").open()).api.call("recoveryWords", {})).words;
    await expect(alice.who.api.call("turnOnBackup", { words: others.join(" ") })).rejects.toMatchObject({
      code: "words-of-another",
    });
    await alice.who.api.call("turnOnBackup", { words: words.join(" ") });
    await untilStored(clock, alice.who, 1);
  });
});

type Node = ReturnType<typeof memoryNodes>[number] | undefined;

const versions = (node: Node): readonly number[] => [...(node?.blobs().values() ?? [])].map(({ version }) => version);
const blobs = (node: Node): readonly string[] =>
  [...(node?.blobs().values() ?? [])].map(({ blob }) => Buffer.from(blob ?? new Uint8Array(0)).toString("base64"));
