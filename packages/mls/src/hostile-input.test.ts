/** [G3] Bytes of a peer never throw, whatever they are: cut at each byte, one bit flipped, or random. */
import { utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { device, groupOf, NOTHING, POLICY } from "./testing/actors.ts";

const provider = nodeCryptoProvider();
const [alice, bob] = [device("alice", provider), device("bob", provider)];
const [alices, bobs] = (await groupOf(alice, bob)) as [
  Awaited<ReturnType<typeof groupOf>>[0],
  Awaited<ReturnType<typeof groupOf>>[0],
];
const { message } = await alice.cipher.seal(alices!, utf8ToBytes("hello"), utf8ToBytes("bound"));
const { commit } = await alice.cipher.commit(alices!, {});
const bundle = await bob.newBundle();
const keyPackage = await alice.newBundle();
const alone = await alice.cipher.createGroup({ groupId: Uint8Array.of(1), keyPackage, policy: POLICY });
const { welcome } = await alice.cipher.commit(alone, { add: [bundle.keyPackage] });
const groupInfo = await alice.cipher.exportGroupInfo(alices!);
const back = await bob.cipher.externalRejoin({ groupInfo, keyPackage: await bob.newBundle(), replacedLeaf: 1 });
const externalCommit = back.ok ? back.value.commit : NOTHING;

const entries = [
  { name: "a message", bytes: message, read: (bytes: Uint8Array) => bob.cipher.open(bobs!, bytes) },
  { name: "a commit", bytes: commit, read: (bytes: Uint8Array) => bob.cipher.open(bobs!, bytes) },
  {
    name: "a key package",
    bytes: bundle.keyPackage,
    read: (bytes: Uint8Array) => alice.cipher.inspectKeyPackage(bytes),
  },
  { name: "a GroupInfo", bytes: groupInfo, read: (bytes: Uint8Array) => bob.cipher.inspectGroupInfo(bytes) },
  { name: "an external commit", bytes: externalCommit, read: (bytes: Uint8Array) => alice.cipher.open(alices!, bytes) },
  { name: "a candidate", bytes: commit, read: (bytes: Uint8Array) => bob.cipher.evaluate(bobs!, bytes) },
  { name: "a Welcome", bytes: welcome ?? NOTHING, read: (bytes: Uint8Array) => bob.cipher.join(bytes, bundle) },
];

describe.each(entries)("[G3] $name", ({ bytes, read }) => {
  test("is accepted as it is", async () => {
    expect(await read(bytes)).toMatchObject({ ok: true });
  });

  test("is refused when cut, and when something follows", async () => {
    const step = Math.max(1, Math.floor(bytes.length / 400));
    for (let length = 0; length < bytes.length; length += length < 200 ? 1 : step) {
      expect(await read(bytes.subarray(0, length))).toMatchObject({ ok: false });
    }
    expect(await read(Uint8Array.of(...bytes, 0))).toMatchObject({ ok: false });
  });

  test("is refused with any bit flipped", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(await read(flipped)).toMatchObject({ ok: false });
      }),
      { numRuns: 300 },
    );
  });

  test("is refused when it is random", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (random) => {
        expect(await read(random)).toMatchObject({ ok: false });
        expect(await read(Uint8Array.of(...bytes.subarray(0, 8), ...random))).toMatchObject({ ok: false });
      }),
      { numRuns: 200 },
    );
  });
});

describe("[V2] a saved group that is damaged", () => {
  const saved = bob.cipher.save(bobs!);
  test("is store-damaged when cut or of another version", () => {
    for (let length = 0; length < saved.ratchetPart.length; length++) {
      const ratchetPart = saved.ratchetPart.subarray(0, length);
      expect(() => bob.cipher.restore({ ...saved, ratchetPart })).toThrow(
        expect.objectContaining({ code: "store-damaged" }),
      );
    }
    for (let length = 0; length < saved.epochPart.length; length += 37) {
      const epochPart = saved.epochPart.subarray(0, length);
      expect(() => bob.cipher.restore({ ...saved, epochPart })).toThrow(
        expect.objectContaining({ code: "store-damaged" }),
      );
    }
    const newer = saved.epochPart.slice();
    newer[1] = 3;
    expect(() => bob.cipher.restore({ ...saved, epochPart: newer })).toThrow(
      expect.objectContaining({ code: "store-damaged" }),
    );
  });

  test("is store-damaged, or another group, with any bit flipped: nothing else is thrown", () => {
    fc.assert(
      fc.property(fc.nat(saved.epochPart.length * 8 - 1), (bit) => {
        const epochPart = saved.epochPart.slice();
        epochPart[bit >> 3] = (epochPart[bit >> 3] as number) ^ (1 << (bit & 7));
        try {
          bob.cipher.restore({ ...saved, epochPart });
        } catch (error) {
          expect(error).toMatchObject({ code: "store-damaged" });
        }
      }),
      { numRuns: 300 },
    );
  });
});
