import { expect, test } from "vitest";
import { nodeCryptoProvider } from "./provider.node.ts";
import { openSecretBox, SECRET_BOX_OVERHEAD, sealSecretBox } from "./secret-box.ts";

const provider = nodeCryptoProvider();
const key = provider.randomBytes(32);
const aad = Uint8Array.of(1);

test("a box opens under its key and bound data only", async () => {
  for (const length of [0, 1, 1000]) {
    const plaintext = provider.randomBytes(length);
    const box = await sealSecretBox(provider, key, aad, plaintext);
    expect(box.length).toBe(length + SECRET_BOX_OVERHEAD);
    expect(await openSecretBox(provider, key, aad, box)).toEqual(plaintext);
    expect(await openSecretBox(provider, provider.randomBytes(32), aad, box)).toBeNull();
    expect(await openSecretBox(provider, key, Uint8Array.of(2), box)).toBeNull();
  }
});

test("two boxes of one plaintext differ", async () => {
  expect(await sealSecretBox(provider, key, aad, aad)).not.toEqual(await sealSecretBox(provider, key, aad, aad));
});

test("a box is refused when shortened anywhere or flipped in any bit", async () => {
  const box = await sealSecretBox(provider, key, aad, Uint8Array.of(1, 2, 3));
  for (let length = 0; length < box.length; length++) {
    expect(await openSecretBox(provider, key, aad, box.subarray(0, length))).toBeNull();
  }
  for (let bit = 0; bit < box.length * 8; bit++) {
    const flipped = box.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(await openSecretBox(provider, key, aad, flipped)).toBeNull();
  }
});
