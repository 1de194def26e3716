/**
 * Replays spec/vectors/mls-xwing.json and mls-xwing-external.json on each provider: what this version reads, every later one
 * must read.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { domCryptoProvider } from "@xchat/crypto/dom";
import { nobleCryptoProvider } from "@xchat/crypto/noble";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group, Member } from "@xchat/protocol";
import { expect, test } from "vitest";
import { accepted, device, NOTHING, restarted, type Device } from "./testing/actors.ts";
import type { FrozenEpoch, FrozenExternalStory, FrozenStory } from "./testing/frozen-story.ts";

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../spec/vectors", name), "utf8")) as T;
const external = read<FrozenExternalStory>("mls-xwing-external.json");
const stories: readonly { readonly about: string; readonly story: FrozenStory }[] = [
  { about: "conversation", story: read<FrozenStory>("mls-xwing.json") },
  { about: "rejoining", story: external },
];
const hex = (text: string): Uint8Array => expectOk(hexToBytes(text), "hex");
const providers = [nodeCryptoProvider(), nobleCryptoProvider(), await domCryptoProvider()];

const replays = stories.flatMap((one) => providers.map((provider) => ({ ...one, provider, name: provider.name })));

test.each(replays)("the frozen $about is received as it was: $name", async ({ story, provider }) => {
  const bob = device("bob", provider);
  bob.rules.now = () => story.now;
  const bundle = { keyPackage: hex(story.keyPackage), privatePart: hex(story.privatePart) };
  let group = accepted(await bob.cipher.join(hex(story.welcome), bundle));
  expect(await epochOf(bob, group)).toEqual(story.joined);
  for (const step of story.steps) {
    const result = await bob.cipher.open(group, hex(step.message));
    if (step.opens === "nothing") {
      expect(result).toMatchObject({ ok: false, error: { reason: step.reason } });
      continue;
    }
    const value = accepted(result);
    group = restarted(bob, value.group);
    if (value.kind === "commit") {
      const after = await epochOf(bob, group);
      expect({ opens: value.kind, committer: value.change.committer.leaf, after }).toEqual({
        ...step,
        message: undefined,
      });
    } else {
      expect({
        opens: value.kind,
        sender: value.sender.leaf,
        epoch: value.epoch,
        plaintext: bytesToHex(value.plaintext),
        authenticatedData: bytesToHex(value.authenticatedData),
      }).toEqual({ ...step, message: undefined });
    }
  }
});

test.each(stories)("[V2] the group that was saved then comes back: $about", async ({ story }) => {
  const bob = device("bob", nodeCryptoProvider());
  const group = bob.cipher.restore({
    epochPart: hex(story.saved.epochPart),
    ratchetPart: hex(story.saved.ratchetPart),
  });
  const last = story.steps.findLast((step) => step.opens === "commit");
  expect(await epochOf(bob, group)).toEqual(last?.after);
  // The messages that it had read stay read.
  for (const step of story.steps) {
    expect(await bob.cipher.open(group, hex(step.message))).toMatchObject({ ok: false });
  }
});

test.each(providers)("the frozen GroupInfo is read, and rejoined by, as it was: $name", async (provider) => {
  const { rejoin } = external;
  const carol = device("carol", provider);
  carol.rules.now = () => external.now;
  const groupInfo = hex(rejoin.groupInfo);
  const preview = accepted(await carol.cipher.inspectGroupInfo(groupInfo));
  expect([preview.epoch, preview.signer.leaf, preview.members.map(memberText)]).toEqual([
    rejoin.epoch,
    rejoin.signer,
    rejoin.members,
  ]);
  const { replacedLeaf } = rejoin;
  const again = accepted(
    await carol.cipher.externalRejoin({ groupInfo, keyPackage: await carol.newBundle(), replacedLeaf }),
  );
  expect([again.group.ownLeaf, again.group.epoch]).toEqual([rejoin.ownLeaf, rejoin.after.epoch]);
});

test("[V2] the group of the one who rejoined comes back, and it reads on", async () => {
  const { rejoin, steps } = external;
  const carol = device("carol", nodeCryptoProvider());
  const group = carol.cipher.restore({
    epochPart: hex(rejoin.saved.epochPart),
    ratchetPart: hex(rejoin.saved.ratchetPart),
  });
  expect(group.ownLeaf).toBe(rejoin.ownLeaf);
  expect(await epochOf(carol, group)).toEqual(rejoin.after);
  expect(await carol.cipher.open(group, hex(steps.at(-1)?.message ?? ""))).toMatchObject({
    error: { reason: "own-message" },
  });
});

test("[V2] a saved snapshot weighs the commit that it did then", async () => {
  const { snapshot, saved } = external;
  const bob = device("bob", nodeCryptoProvider());
  const parent = bob.cipher.restore({ epochPart: hex(saved.epochPart), ratchetPart: hex(snapshot.ratchetPart) });
  const candidate = accepted(await bob.cipher.evaluate(parent, hex(snapshot.candidate)));
  expect(await epochOf(bob, candidate.group)).toEqual(snapshot.after);
});

const memberText = ({ leaf, signatureKey, credential }: Member): string =>
  `${leaf} ${bytesToHex(signatureKey)} ${bytesToHex(credential)}`;

async function epochOf({ cipher }: Device, group: Group): Promise<FrozenEpoch> {
  return {
    epoch: group.epoch,
    policy: bytesToHex(cipher.policy(group)),
    exporter: bytesToHex(await cipher.exportSecret(group, "frozen", NOTHING, 32)),
    members: cipher.members(group).map(memberText),
  };
}
