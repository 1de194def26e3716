import { utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group } from "@xchat/protocol";
import { expect, test } from "vitest";
import { device, groupOf, NOTHING, opened, type Device } from "./testing/actors.ts";

const provider = nodeCryptoProvider();

/** What each message gives, opened one after the other. */
async function oneByOne(reader: Device, group: Group, messages: readonly Uint8Array[]) {
  const results = [];
  let now = group;
  for (const message of messages) {
    const result = await reader.cipher.open(now, message);
    results.push(result);
    if (result.ok) now = result.value.group;
  }
  return { results, group: now };
}

const said = (results: readonly Awaited<ReturnType<Device["cipher"]["open"]>>[]) =>
  results.map((result) => {
    if (!result.ok) return result.error.reason;
    const { value } = result;
    return value.kind === "application"
      ? { text: value.plaintext, by: value.sender.leaf, epoch: value.epoch }
      : value.kind;
  });

async function world() {
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => device(name, provider)) as [
    Device,
    Device,
    Device,
  ];
  const [alices, bobs, carols] = (await groupOf(alice, bob, carol)) as [Group, Group, Group];
  const write = async (writer: Device, group: Group, texts: readonly string[]) => {
    const messages: Uint8Array[] = [];
    let now = group;
    for (const text of texts) {
      const sealed = await writer.cipher.seal(now, utf8ToBytes(text), NOTHING);
      messages.push(sealed.message);
      now = sealed.group;
    }
    return { messages, group: now };
  };
  return { alice, bob, carol, alices, bobs, carols, write };
}

/** The same, to the last byte of what is saved. */
async function expectSame(reader: Device, group: Group, messages: readonly Uint8Array[]): Promise<Group> {
  const wanted = await oneByOne(reader, group, messages);
  const results = await reader.cipher.openInOrder(group, messages);
  expect(said(results)).toEqual(said(wanted.results));
  const last = results.findLast((result) => result.ok);
  const reached = last?.ok === true ? last.value.group : group;
  expect(reader.cipher.save(reached)).toEqual(reader.cipher.save(wanted.group));
  return reached;
}

test("messages of several people, some overtaken and some twice, give what they give one after the other", async () => {
  const { alice, bob, carol, alices, bobs, carols, write } = await world();
  const a = (await write(alice, alices, ["1", "2", "3", "4", "5"])).messages;
  const b = (await write(bob, bobs, ["6", "7", "8"])).messages;
  const mixed = [a[0], b[2], a[3], a[1], a[1], b[0], a[4], a[2], b[1], a[0]].map((one) => one as Uint8Array);
  const after = await expectSame(carol, carols, mixed);
  // Every key has been used once, and is gone.
  const again = await carol.cipher.openInOrder(after, [...a, ...b]);
  expect(said(again)).toEqual(Array.from({ length: 8 }, () => "already-opened"));
});

test("a message that was tampered with uses no key, and those behind it open", async () => {
  const { alice, carol, alices, carols, write } = await world();
  const { messages } = await write(alice, alices, ["1", "2", "3", "4"]);
  const bad = (messages[1] as Uint8Array).slice();
  bad[bad.length - 1] = (bad.at(-1) as number) ^ 1;
  const given = [messages[0], bad, Uint8Array.of(1, 2, 3), messages[2], messages[1], messages[3]];
  const after = await expectSame(
    carol,
    carols,
    given.map((one) => one as Uint8Array),
  );
  expect(said(await carol.cipher.openInOrder(after, messages))).toEqual(
    Array.from({ length: 4 }, () => "already-opened"),
  );
});

test("one's own messages, and those of an epoch that has ended, in between", async () => {
  const { alice, bob, carol, alices, bobs, carols, write } = await world();
  const old = (await write(bob, bobs, ["old 1", "old 2"])).messages;
  const own = await write(carol, carols, ["own"]);
  const made = await alice.cipher.commit(alices, {});
  const moved = (await opened(carol, own.group, made.commit, "commit")).group;
  const fresh = (await write(alice, made.group, ["new 1", "new 2", "new 3"])).messages;
  const given = [old[1], fresh[0], own.messages[0], fresh[1], old[0], fresh[2]].map((one) => one as Uint8Array);
  await expectSame(carol, moved, given);
});

test("a commit in between is applied where it stands", async () => {
  const { alice, carol, alices, carols, write } = await world();
  const before = await write(alice, alices, ["1", "2"]);
  const made = await alice.cipher.commit(before.group, {});
  const after = await write(alice, made.group, ["3"]);
  await expectSame(carol, carols, [...before.messages, made.commit, ...after.messages]);
});

test("[G1] the group that was given is as it was", async () => {
  const { alice, carol, alices, carols, write } = await world();
  const { messages } = await write(alice, alices, ["1", "2"]);
  const saved = carol.cipher.save(carols);
  await carol.cipher.openInOrder(carols, messages);
  expect(carol.cipher.save(carols)).toEqual(saved);
  expect(said(await carol.cipher.openInOrder(carols, messages))).toMatchObject([{ by: 0 }, { by: 0 }]);
});
