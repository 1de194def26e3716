/** Replays spec/vectors/mls-xwing.json on each provider: what this version reads, every later one must read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import { domCryptoProvider } from "@xchat/crypto/dom";
import { nobleCryptoProvider } from "@xchat/crypto/noble";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group } from "@xchat/protocol";
import { expect, test } from "vitest";
import { accepted, device, NOTHING, restarted, type Device } from "./testing/actors.ts";
import type { FrozenEpoch, FrozenStory } from "./testing/frozen-story.ts";

const file = join(import.meta.dirname, "../../../spec/vectors/mls-xwing.json");
const story = JSON.parse(readFileSync(file, "utf8")) as FrozenStory;
const hex = (text: string): Uint8Array => expectOk(hexToBytes(text), "hex");
const providers = [nodeCryptoProvider(), nobleCryptoProvider(), await domCryptoProvider()];

test.each(providers)("the frozen conversation is received as it was: $name", async (provider) => {
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

test("[V2] the group that was saved then comes back", async () => {
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

async function epochOf({ cipher }: Device, group: Group): Promise<FrozenEpoch> {
  return {
    epoch: group.epoch,
    policy: bytesToHex(cipher.policy(group)),
    exporter: bytesToHex(await cipher.exportSecret(group, "frozen", NOTHING, 32)),
    members: cipher
      .members(group)
      .map(({ leaf, signatureKey, credential }) => `${leaf} ${bytesToHex(signatureKey)} ${bytesToHex(credential)}`),
  };
}
