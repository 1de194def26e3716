import { nodeCryptoProvider } from "@xchat/crypto/node";
import { bytesToHex, concatBytes, expectOk, utf8ToBytes } from "@xchat/codec";
import { deriveBranch, setupRecipient, setupSender, type CryptoProvider } from "@xchat/crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { expectHardened } from "../hostile-input.node.ts";
import { bitFlips, keyOf, mustExtend, seedOf } from "../identity/test-actors.ts";
import {
  backupPartCount,
  backupReader,
  BACKUP_PART_BYTES,
  openBackup,
  sealBackup,
  type BackupReader,
  type OpenedBackup,
} from "./backup-box.ts";
import { decodeBackupContent, encodeBackupContent, type BackupContent } from "./backup-content.ts";
import {
  backupHalf,
  backupKeys,
  BACKUP_HALVES,
  BACKUP_SLOTS,
  backupOpenSeed,
  backupOwnerSeed,
  backupPlace,
  slotOrder,
} from "./backup-keys.ts";
import { contentOf, conversationOf, newOwner, type Owner } from "./test-actors.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const NODE = seedOf(provider, "node");
let alice: Owner;
let mallory: Owner;
let reader: BackupReader;
let content: BackupContent;
let parts: readonly Uint8Array[];

beforeAll(async () => {
  alice = await newOwner(provider, "alice");
  mallory = await newOwner(provider, "mallory");
  reader = await backupReader(provider, alice.entropy);
  content = contentOf(provider, alice);
  parts = await seal(content);
});

const seal = (value: BackupContent, deviceSeed = alice.deviceSeed, sealKey = reader.sealKey) =>
  sealBackup(provider, sealKey, { content: value, deviceSeed });

async function refusalOf(candidate: readonly Uint8Array[], by = reader): Promise<string | null> {
  const opened = await openBackup(provider, by, candidate);
  return opened.ok ? null : `${opened.error.reason}: ${opened.error.detail}`;
}

const mustOpen = async (candidate: readonly Uint8Array[]): Promise<OpenedBackup> =>
  expectOk(await openBackup(provider, reader, candidate), "backup");

describe("keys and places", () => {
  it("[AB1] [AB2] [AB3] every key and place is its own, and the writing key is not of the words", async () => {
    const root = deriveBranch(provider, alice.entropy, "account-backup");
    const keys = await backupKeys(provider, root);
    expect(keys.sealKey).toEqual(reader.sealKey);
    const places = Array.from({ length: BACKUP_SLOTS }, (_, slot) =>
      Array.from({ length: BACKUP_HALVES }, (__, half) =>
        [0, 1, 15].map((part) => bytesToHex(backupPlace(provider, keys.placeSecret, NODE, { slot, half, part }))),
      ),
    ).flat(2);
    const secrets = [
      root,
      keys.placeSecret,
      backupOpenSeed(provider, root),
      backupOwnerSeed(provider, alice.deviceSeed, NODE),
    ];
    expect(new Set([...places, ...secrets.map(bytesToHex)]).size).toBe(BACKUP_SLOTS * BACKUP_HALVES * 3 + 4);
    expect(backupOwnerSeed(provider, alice.deviceSeed, NODE)).not.toEqual(
      backupOwnerSeed(provider, mallory.deviceSeed, NODE),
    );
    const other = await backupKeys(provider, deriveBranch(provider, mallory.entropy, "account-backup"));
    expect(other.placeSecret).not.toEqual(keys.placeSecret);
    const elsewhere = seedOf(provider, "another node");
    const first = { slot: 0, half: 0, part: 0 };
    expect(places).not.toContain(bytesToHex(backupPlace(provider, keys.placeSecret, elsewhere, first)));
    expect(backupOwnerSeed(provider, alice.deviceSeed, elsewhere)).not.toEqual(secrets.at(-1));
  });

  it("[AB3] halves take turns, and a device tries every slot once", () => {
    expect([backupHalf(1), backupHalf(2), backupHalf(3)]).toEqual([1, 0, 1]);
    const order = slotOrder(provider, alice.deviceKey);
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: BACKUP_SLOTS }, (_, i) => i));
  });
});

describe("account backup", () => {
  it("[AB5] brings back all that was put into it", async () => {
    expect(await mustOpen(parts)).toMatchObject({ ...content, deviceKey: alice.deviceKey });
    const everything = contentOf(provider, alice, { contacts: 40, conversations: 30 });
    const [contact, ...contacts] = everything.contacts;
    const odd = {
      ...everything,
      contacts: [{ ...contact!, petname: null, pin: null, isBlocked: true, direct: "denied" as const }, ...contacts],
      conversations: [
        {
          ...conversationOf(provider, 1, "pair"),
          rejoin: null,
          nodes: [],
          read: null,
          mutedUntil: 5,
          isArchived: true,
        },
      ],
    };
    expect(await mustOpen(await seal(odd))).toMatchObject(odd);
  });

  it("[AB8] one of five sizes, whatever is in it", async () => {
    const counts = [0, 400, 900, 2_000, 4_000];
    const lengths: number[] = [];
    for (const contacts of counts) {
      const made = await seal(contentOf(provider, alice, { contacts, conversations: contacts }));
      expect(new Set(made.map((part) => part.length))).toEqual(new Set([BACKUP_PART_BYTES]));
      expect(await backupPartCount(provider, reader.openSeed, made[0] as Uint8Array)).toBe(made.length);
      expect((await mustOpen(made)).contacts.length).toBe(contacts);
      lengths.push(made.length);
    }
    expect(lengths).toEqual([1, 2, 4, 8, 16]);
    const tooLarge = contentOf(provider, alice, { contacts: 4_096, conversations: 4_096 });
    const settings = Array.from({ length: 256 }, (_, n) => ({ name: `${n}`, value: "x".repeat(4_000) }));
    await expect(seal({ ...tooLarge, settings })).rejects.toMatchObject({ code: "backup-too-large" });
  });

  it("[AB12] 500 contacts and 200 conversations", () => {
    const encoded = encodeBackupContent(contentOf(provider, alice, { contacts: 500, conversations: 200 })).length;
    // The figure in the spec; it moves only with the format.
    expect(encoded).toBe(76_796);
  });

  it("[AB1] other words open nothing", async () => {
    const theirs = await backupReader(provider, mallory.entropy);
    expect(await refusalOf(parts, theirs)).toBe("backup-unopenable: box");
    expect(await backupPartCount(provider, theirs.openSeed, parts[0] as Uint8Array)).toBeNull();
  });

  it("[AB6] a device that was removed, or was never there, makes no backup", async () => {
    expect(await refusalOf(await seal(content, mallory.deviceSeed))).toBe("backup-forged: signer-not-listed");
    const laptop = await keyOf(provider, "laptop");
    const by = alice.deviceKey;
    const two = await mustExtend(
      provider,
      alice.chain,
      { kind: "add-device", by, deviceKey: laptop },
      "alice phone",
      "laptop",
    );
    const one = await mustExtend(provider, two, { kind: "remove-device", by, deviceKey: laptop }, "alice phone");
    const laptopSeed = seedOf(provider, "laptop");
    expect(await refusalOf(await seal({ ...content, chain: two }, laptopSeed))).toBeNull();
    expect(await refusalOf(await seal({ ...content, chain: one }, laptopSeed))).toBe(
      "backup-forged: signer-not-listed",
    );
  });

  it("[AB6] a stolen device cannot slip in an account of its own", async () => {
    const theirs = await seal({ ...content, chain: mallory.chain }, mallory.deviceSeed);
    expect(await refusalOf(theirs)).toBe("backup-of-other-words: recovery-key");
  });

  it("[AB6] a backup cannot be sealed anew for other words", async () => {
    // Mallory's words open it; what is inside is signed for Mallory's key, and moved to Alice's by hand.
    const theirReader = await backupReader(provider, mallory.entropy);
    const sealed = await seal(content, alice.deviceSeed, theirReader.sealKey);
    const { recipientPlain } = await plainOf(sealed, theirReader);
    const moved = await boxOf(recipientPlain, reader.sealKey);
    expect(await refusalOf(moved)).toBe("backup-forged: signature");
  });

  it("[AB7] parts of two backups, of another order, or too few do not open", async () => {
    const large = contentOf(provider, alice, { contacts: 400, conversations: 400 });
    const [a0, a1] = (await seal(large)) as [Uint8Array, Uint8Array];
    const [b0, b1] = (await seal({ ...large, counter: 8 })) as [Uint8Array, Uint8Array];
    expect(await refusalOf([a0, a1])).toBeNull();
    for (const mixed of [[a0, b1], [b0, a1], [a1, a0], [a0], [a0, a1, b1], []]) {
      expect(await refusalOf(mixed)).toBe("backup-unopenable: box");
    }
  });

  it("[AB8] every changed bit, other size and other padding is refused", async () => {
    const [part] = parts as [Uint8Array];
    for (const flipped of bitFlips(part, 60)) expect(await refusalOf([flipped])).toBe("backup-unopenable: box");
    for (const size of [0, 8_192, 65_535, 65_537])
      expect(await refusalOf([new Uint8Array(size)])).toBe("backup-unopenable: box");
    const { recipientPlain } = await plainOf(parts, reader);
    const dirty = recipientPlain.slice();
    dirty[dirty.length - 1] = 1;
    expect(await refusalOf(await boxOf(dirty, reader.sealKey))).toBe("backup-malformed: padding");
    const long = recipientPlain.slice();
    new DataView(long.buffer).setUint32(1, 0xffff_ffff);
    expect(await refusalOf(await boxOf(long, reader.sealKey))).toBe("backup-malformed: padding");
    const many = recipientPlain.slice();
    many[0] = 3;
    expect(await refusalOf(await boxOf(many, reader.sealKey))).toBe("backup-unopenable: box");
    const length = new DataView(recipientPlain.buffer).getUint32(1);
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.nat(7), async (at, bit) => {
        const flipped = recipientPlain.slice();
        flipped[5 + at] = (flipped[5 + at] as number) ^ (1 << bit);
        expect(await refusalOf(await boxOf(flipped, reader.sealKey))).not.toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it("the content survives truncation, flipped bits and random bytes, and names no node that it does not bring", async () => {
    const small = contentOf(provider, alice, { contacts: 1, conversations: 1 });
    await expectHardened(decodeBackupContent, [encodeBackupContent({ ...small, nodes: small.nodes.slice(0, 7) })]);
    const unknown = encodeBackupContent({ ...small, nodes: small.nodes.slice(0, 6) });
    expect(decodeBackupContent(unknown)).toMatchObject({ error: { reason: "unknown-node" } });
    const tooMany = encodeBackupContent({ ...small, ownNodes: 11 });
    expect(decodeBackupContent(tooMany)).toMatchObject({ error: { reason: "unknown-node" } });
    expect(() => encodeBackupContent({ ...small, name: "" })).toThrow(RangeError);
  });
});

// ---- what whoever has the words can take apart, and whoever has the key can put together

async function plainOf(sealed: readonly Uint8Array[], { openSeed }: BackupReader) {
  const first = sealed[0] as Uint8Array;
  const recipient = await setupRecipient(
    provider,
    openSeed,
    first.subarray(0, 1_120),
    utf8ToBytes("xchat account backup 1"),
  );
  const plain = await recipient?.open(Uint8Array.of(0), first.subarray(1_120));
  if (plain === null || plain === undefined) throw new Error("test backup");
  return { recipientPlain: new Uint8Array(plain) };
}

async function boxOf(plain: Uint8Array, sealKey: Uint8Array): Promise<readonly Uint8Array[]> {
  const sender = await setupSender(provider, sealKey, utf8ToBytes("xchat account backup 1"));
  if (sender === null) throw new Error("test backup");
  return [concatBytes(sender.enc, await sender.context.seal(Uint8Array.of(0), plain))];
}
