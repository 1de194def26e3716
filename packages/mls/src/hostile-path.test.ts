/** Commits of a member who means harm to the keys of the tree: everything is signed and agrees, but the keys lie. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import type { Group } from "@xchat/protocol";
import { expect, test } from "vitest";
import { asMlsGroup } from "./mls-group.ts";
import { accepted, device, groupOf, NOTHING, opened, type Device } from "./testing/actors.ts";

const provider = nodeCryptoProvider();

/** Mallory's public keys are what `lie` makes of them, from the given call on. */
async function withMallory() {
  const liar: { lie: ((pair: KeyPair, call: number) => Uint8Array) | null; calls: number } = { lie: null, calls: 0 };
  const lyingProvider: CryptoProvider = {
    ...provider,
    xwingKeyPair: (seed) => {
      const pair = provider.xwingKeyPair(seed) as KeyPair;
      return liar.lie === null ? pair : { ...pair, publicKey: liar.lie(pair, liar.calls++) };
    },
  };
  const [mallory, bob, carol, dave] = [
    device("mallory", lyingProvider),
    ...["bob", "carol", "dave"].map((name) => device(name, provider)),
  ] as [Device, Device, Device, Device];
  const [mallorys, bobs, carols, daves] = (await groupOf(mallory, bob, carol, dave)) as [Group, Group, Group, Group];
  return { liar, mallory, bob, carol, dave, mallorys, bobs, carols, daves };
}

const newPublicKey = (): Uint8Array => (provider.xwingKeyPair(provider.randomBytes(32)) as KeyPair).publicKey;

test("an honest path is accepted: what is refused below is refused for its keys", async () => {
  const { mallory, bob, mallorys, bobs, liar } = await withMallory();
  liar.lie = ({ publicKey }) => publicKey;
  await opened(bob, bobs, (await mallory.cipher.commit(mallorys, {})).commit, "commit");
  expect(liar.calls).toBeGreaterThan(2);
});

test("[GE6] keys that its secrets do not give would leave the others with keys to which nobody seals", async () => {
  const { liar, mallory, bob, carol, mallorys, bobs, carols } = await withMallory();
  liar.lie = newPublicKey;
  const { commit } = await mallory.cipher.commit(mallorys, {});
  for (const [one, group] of [
    [bob, bobs],
    [carol, carols],
  ] as const) {
    expect(await one.cipher.open(group, commit)).toMatchObject({ error: { reason: "not-authentic" } });
  }
});

test("[GE6] the same in a Welcome's path secret", async () => {
  const { liar, mallory, mallorys, daves } = await withMallory();
  const erin = device("erin", provider);
  const bundle = await erin.newBundle();
  liar.lie = newPublicKey;
  const made = await mallory.cipher.commit(mallorys, { add: [bundle.keyPackage], removeLeaves: [daves.ownLeaf] });
  expect(await erin.cipher.join(made.welcome ?? NOTHING, bundle)).toMatchObject({ error: { reason: "not-authentic" } });
  liar.lie = null;
  const honest = await mallory.cipher.commit(mallorys, { add: [bundle.keyPackage], removeLeaves: [daves.ownLeaf] });
  accepted(await erin.cipher.join(honest.welcome ?? NOTHING, bundle));
});

test("[GE4] [GE6] a key of somebody else's leaf, or one key twice, would let nobody join afterwards", async () => {
  const { liar, mallory, carol, bob, mallorys, bobs, carols } = await withMallory();
  const bobsNode = asMlsGroup(bobs).fixed.state.ratchetTree[bobs.ownLeaf * 2];
  if (bobsNode?.nodeType !== "leaf") throw new Error("no leaf");
  const once = newPublicKey();
  for (const lie of [() => bobsNode.leaf.hpkePublicKey, () => once]) {
    // The first call makes the leaf's own key.
    liar.calls = 0;
    liar.lie = ({ publicKey }, call) => (call === 0 ? publicKey : lie());
    const { commit } = await mallory.cipher.commit(mallorys, {});
    for (const [one, group] of [
      [bob, bobs],
      [carol, carols],
    ] as const) {
      const refused = await one.cipher.open(group, commit);
      expect(refused).toMatchObject({
        error: { reason: "malformed", detail: expect.stringMatching(/UpdatePath may not/) },
      });
    }
  }
});
