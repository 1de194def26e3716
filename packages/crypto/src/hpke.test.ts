import { Aes256Gcm, CipherSuite, HkdfSha512 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openFrom, sealTo, setupRecipient, setupSender } from "./hpke.ts";
import { nodeCryptoProvider } from "./provider.node.ts";

const provider = nodeCryptoProvider();
const peer = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha512(), aead: new Aes256Gcm() });
const info = new TextEncoder().encode("a purpose");
const aad = new TextEncoder().encode("bound");
const exportLabel = new TextEncoder().encode("answer");
const buffer = (bytes: Uint8Array): ArrayBuffer => bytes.slice().buffer as ArrayBuffer;
const newKeys = () => provider.xwingKeyPair(provider.randomBytes(32));

describe("interoperability with @hpke/core", () => {
  test("we seal three messages, it opens them in order and exports the same secret", async () => {
    const keys = await newKeys();
    const sender = (await setupSender(provider, keys.publicKey, info))!;
    const recipientKey = await peer.kem.importKey("raw", buffer(keys.secretKey), false);
    const recipient = await peer.createRecipientContext({ recipientKey, enc: buffer(sender.enc), info: buffer(info) });
    for (const length of [0, 1, 8192]) {
      const plaintext = provider.randomBytes(length);
      const sealed = await sender.context.seal(aad, plaintext);
      expect(new Uint8Array(await recipient.open(buffer(sealed), buffer(aad)))).toEqual(plaintext);
    }
    expect(sender.context.exportSecret(exportLabel, 80)).toEqual(
      new Uint8Array(await recipient.export(buffer(exportLabel), 80)),
    );
  });

  test("it seals 300 messages, we open them in order and export the same secret", async () => {
    const keys = await newKeys();
    const recipientPublicKey = await peer.kem.importKey("raw", buffer(keys.publicKey), true);
    const sender = await peer.createSenderContext({ recipientPublicKey, info: buffer(info) });
    const recipient = (await setupRecipient(provider, keys.secretKey, new Uint8Array(sender.enc), info))!;
    // More than 256, so that the nonce's second byte moves.
    for (let i = 0; i < 300; i++) {
      const plaintext = provider.randomBytes(i);
      const sealed = new Uint8Array(await sender.seal(buffer(plaintext), buffer(aad)));
      expect(await recipient.open(aad, sealed)).toEqual(plaintext);
    }
    expect(recipient.exportSecret(exportLabel, 32)).toEqual(
      new Uint8Array(await sender.export(buffer(exportLabel), 32)),
    );
  });
});

test("[H2] a message that does not open uses up no sequence number", async () => {
  const keys = await newKeys();
  const sender = (await setupSender(provider, keys.publicKey, info))!;
  const recipient = (await setupRecipient(provider, keys.secretKey, sender.enc, info))!;
  const first = await sender.context.seal(aad, Uint8Array.of(1));
  const second = await sender.context.seal(aad, Uint8Array.of(2));
  expect(await recipient.open(aad, second)).toBeNull();
  expect(await recipient.open(aad, first)).toEqual(Uint8Array.of(1));
  expect(await recipient.open(aad, second)).toEqual(Uint8Array.of(2));
  expect(await recipient.open(aad, second)).toBeNull();
});

test("two seals at once take two nonces", async () => {
  const keys = await newKeys();
  const sender = (await setupSender(provider, keys.publicKey, info))!;
  const [a, b] = await Promise.all([sender.context.seal(aad, aad), sender.context.seal(aad, aad)]);
  expect(a).not.toEqual(b);
});

describe("one message", () => {
  test("opens with the same key, info and bound data only", async () => {
    const keys = await newKeys();
    const sealed = (await sealTo(provider, keys.publicKey, info, aad, Uint8Array.of(7)))!;
    expect(await openFrom(provider, keys.secretKey, info, aad, sealed)).toEqual(Uint8Array.of(7));
    expect(await openFrom(provider, keys.secretKey, aad, aad, sealed)).toBeNull();
    expect(await openFrom(provider, keys.secretKey, info, info, sealed)).toBeNull();
    expect(await openFrom(provider, provider.randomBytes(32), info, aad, sealed)).toBeNull();
  });

  test("is refused when shortened anywhere or flipped in any bit", async () => {
    const keys = await newKeys();
    const sealed = (await sealTo(provider, keys.publicKey, info, aad, new Uint8Array(4)))!;
    for (let length = 0; length < sealed.length; length++) {
      expect(await openFrom(provider, keys.secretKey, info, aad, sealed.subarray(0, length))).toBeNull();
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
        const flipped = sealed.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        // RFC 7748: the top bit of a u-coordinate is ignored, but the combiner hashes it as it was sent.
        expect(await openFrom(provider, keys.secretKey, info, aad, flipped)).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  test("to a malformed key is refused", async () => {
    expect(await sealTo(provider, new Uint8Array(1216).fill(255), info, aad, aad)).toBeNull();
    expect(await sealTo(provider, new Uint8Array(32), info, aad, aad)).toBeNull();
  });
});
