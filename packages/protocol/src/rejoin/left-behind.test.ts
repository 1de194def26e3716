import { nodeCryptoProvider } from "@xchat/crypto/node";
import { expect, test } from "vitest";
import { expectHardened } from "../hostile-input.node.ts";
import { seededProvider, seedOf } from "../identity/test-actors.ts";
import { isLeftBehind, makeLeftBehind, openLeftBehind } from "./left-behind.ts";

const provider = seededProvider(nodeCryptoProvider(), "left behind");
const where = { conversation: seedOf(provider, "conversation"), epoch: seedOf(provider, "epoch") };
const leaf = await provider.ed25519KeyPair(seedOf(provider, "leaf"));
const word = await makeLeftBehind(provider, where, leaf);
const there = { ...where, isMember: () => true };

const reasonOf = async (bytesOfPeer: Uint8Array, around: object = {}): Promise<string> => {
  const opened = await openLeftBehind(provider, bytesOfPeer, { ...there, ...around });
  return opened.ok ? "ok" : opened.error.reason;
};

test("[RJ15] it says which leaf stands there no more, for one epoch of one conversation", async () => {
  expect(await openLeftBehind(provider, word, there)).toEqual({ ok: true, value: leaf.publicKey });
  expect(isLeftBehind(word)).toBe(true);
  expect(await reasonOf(word, { epoch: seedOf(provider, "another") })).toBe("left-behind-elsewhere");
  expect(await reasonOf(word, { conversation: seedOf(provider, "another") })).toBe("left-behind-signature-invalid");
});

test("[RJ15] nobody says it for a leaf that is not there, or not theirs; and for strangers no signature is looked at", async () => {
  let verified = 0;
  const watched: typeof provider = Object.assign(Object.create(provider) as typeof provider, {
    ed25519Verify: (...args: Parameters<typeof provider.ed25519Verify>) => {
      verified++;
      return provider.ed25519Verify(...args);
    },
  });
  const stranger = await openLeftBehind(watched, word, { ...where, isMember: () => false });
  expect(stranger).toEqual({ ok: false, error: { reason: "left-behind-elsewhere" } });
  expect(verified).toBe(0);
  const mallory = await provider.ed25519KeyPair(seedOf(provider, "mallory"));
  const forged = await makeLeftBehind(provider, where, { ...mallory, publicKey: leaf.publicKey });
  expect(await reasonOf(forged)).toBe("left-behind-signature-invalid");
});

test("[RJ15] hostile bytes are refused, and no MLS message is taken for one", async () => {
  await expectHardened((bytesOfPeer) => openLeftBehind(provider, bytesOfPeer, there), [word]);
  expect(isLeftBehind(Uint8Array.of(0, 1, 0, 2, ...word))).toBe(false);
});
