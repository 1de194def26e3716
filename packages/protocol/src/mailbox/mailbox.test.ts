import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyValue, concatBytes, encode, expectOk } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { expectHardened, filled } from "../hostile-input.node.ts";
import { decodeAnswer, encodeAnswer, MAILBOX_REFUSALS, type MailboxAnswer } from "./answer.ts";
import { EXPIRY_HOURS, MAILBOX_HOURS, MAX_SUBSCRIBED, MAX_SUBSCRIBED_AT_ONCE } from "./limits.ts";
import { leafHash, merkleTree, rootOfPath, verifyMerklePath } from "./merkle.ts";
import {
  isStatementFor,
  MAX_RECEIPT_BYTES,
  MAX_RECEIPT_LEAVES,
  openReceipt,
  signReceipts,
  type Statement,
} from "./receipt.ts";
import { decodeRequest, encodeRequest, type MailboxRequest } from "./request.ts";
import { contentHash, signedBytes } from "./signature.ts";
import { isStampDay, stampChallenge, strangerSubject } from "./stamp.ts";

const provider: CryptoProvider = nodeCryptoProvider();
const key = filled(32, 1);
const signature = filled(64, 2);
const stamp = { day: 20_000, nonce: filled(8) };

const REQUESTS: readonly MailboxRequest[] = [
  { kind: "deposit", mailbox: key, signature },
  { kind: "commit", mailbox: key, hashes: Array.from({ length: 16 }, (_, i) => filled(32, i)), signature },
  { kind: "fetchSlot", mailbox: key, signature },
  { kind: "subscribe", mailboxes: [{ mailbox: key, after: 0xffff_ffff_ffff, signature }] },
  { kind: "openMailbox", mailbox: key, stamp, signature },
  { kind: "openInbox", inbox: key, expiresHour: 500_000, stamp, signature },
  { kind: "depositInbox", inbox: key, stamp },
  { kind: "putBlob", place: filled(32), owner: key, version: 7, expiresHour: 1, stamp, signature },
  { kind: "putBlob", place: filled(32), owner: key, version: 7, expiresHour: 1, stamp: null, signature },
  { kind: "removeBlob", place: filled(32), owner: key, version: 8, signature },
  { kind: "getBlob", place: filled(32) },
];
const ANSWERS: readonly MailboxAnswer[] = [
  { kind: "receipt", number: 1, receipt: filled(700) },
  { kind: "done", number: 2 },
  ...MAILBOX_REFUSALS.map((reason): MailboxAnswer => ({ kind: "refused", number: 3, reason })),
  { kind: "tryLater", number: 4, afterSeconds: 600 },
  { kind: "none", number: 5 },
  { kind: "slot", number: 6, count: 16, receipt: filled(700) },
  { kind: "slotPart", number: 6 },
  { kind: "blob", number: 7, version: 9 },
  { kind: "envelope", number: 8, index: 63, cursor: 0xffff_ffff_ffff },
  { kind: "caughtUp", number: 8 },
];

describe("requests and answers", () => {
  it.each(REQUESTS)("[MB2] $kind comes back as it was, and fits beside an envelope", (request) => {
    const head = encodeRequest(request);
    expect(expectOk(decodeRequest(head), "request")).toEqual(request);
    expect(head.length).toBeLessThanOrEqual(1_018);
  });

  it.each(ANSWERS)("[MB4] $kind comes back as it was, in the smallest class", (answer) => {
    const head = encodeAnswer(answer);
    expect(expectOk(decodeAnswer(head), "answer")).toEqual(answer);
    expect(head.length).toBeLessThanOrEqual(1_018);
  });

  it("[MB5] the reasons of a refusal are those of the document", () => {
    const document = readFileSync(new URL("../../../../spec/mailbox.md", import.meta.url), "utf8");
    const rule = document.split("\n").find((line) => line.startsWith("- **MB5**")) ?? "";
    expect([...rule.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => reason)).toEqual([...MAILBOX_REFUSALS]);
  });

  it("[MB2] neither can be made to throw", async () => {
    await expectHardened(decodeRequest, REQUESTS.map(encodeRequest));
    await expectHardened(decodeAnswer, ANSWERS.map(encodeAnswer));
  });
});

describe("signatures", () => {
  const place = { nodeId: filled(32, 10), exchangeId: filled(32, 11), number: 5 };
  const content = contentHash.deposit(provider, filled(8_192));

  it("[MB6] cover the node, the exchange, the number, the operation, the key and the content", () => {
    const bytes = signedBytes(place, "deposit", key, content);
    const others = [
      signedBytes({ ...place, nodeId: filled(32, 12) }, "deposit", key, content),
      signedBytes({ ...place, exchangeId: filled(32, 12) }, "deposit", key, content),
      signedBytes({ ...place, number: 6 }, "deposit", key, content),
      signedBytes(place, "fetchSlot", key, content),
      signedBytes(place, "deposit", filled(32, 12), content),
      signedBytes(place, "deposit", key, contentHash.deposit(provider, filled(8_192, 1))),
    ];
    for (const other of others) expect(other).not.toEqual(bytes);
  });

  it("[MB7] content tells every field of a request apart", () => {
    const blob = { place: key, version: 1, expiresHour: 2 };
    const hashes = [
      contentHash.commit(provider, [filled(32)]),
      contentHash.commit(provider, [filled(32), filled(32)]),
      contentHash.subscribe(provider, 1),
      contentHash.subscribe(provider, 2),
      contentHash.openMailbox(provider, stamp),
      contentHash.openMailbox(provider, { ...stamp, day: 1 }),
      contentHash.openInbox(provider, 1, stamp),
      contentHash.openInbox(provider, 2, stamp),
      contentHash.putBlob(provider, blob, filled(5)),
      contentHash.putBlob(provider, { ...blob, version: 2 }, filled(5)),
      contentHash.putBlob(provider, { ...blob, expiresHour: 3 }, filled(5)),
      contentHash.putBlob(provider, { ...blob, place: filled(32, 9) }, filled(5)),
      contentHash.putBlob(provider, blob, filled(6)),
      contentHash.removeBlob(provider, key, 1),
      contentHash.removeBlob(provider, key, 2),
    ].map((hash) => hash.join());
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe("numbers", () => {
  it("[MB13] a commit is known by the hash of the hashes of its envelopes, joined", () => {
    const hashes = [filled(32, 1), filled(32, 2), filled(32, 3)];
    expect(contentHash.commit(provider, hashes)).toEqual(provider.sha256(concatBytes(...hashes)));
  });

  it("[MB15] [MB16] [MB23] limits are those of the document", () => {
    expect({ EXPIRY_HOURS, MAILBOX_HOURS, MAX_SUBSCRIBED_AT_ONCE, MAX_SUBSCRIBED }).toEqual({
      EXPIRY_HOURS: 336,
      MAILBOX_HOURS: 90 * 24,
      MAX_SUBSCRIBED_AT_ONCE: 64,
      MAX_SUBSCRIBED: 256,
    });
  });

  it("[MB23] a subscribe request names 1 to 64 mailboxes", () => {
    const named = (count: number): Uint8Array =>
      encode(anyValue({ depth: 1, entries: 1 }), [3, Array.from({ length: count }, () => [key, 0, signature])]);
    expect([0, 1, 64, 65].map((count) => decodeRequest(named(count)).ok)).toEqual([false, true, true, false]);
  });
});

describe("stamps", () => {
  it("[MB8] are for one purpose, node, subject and day", () => {
    const challenges = [
      stampChallenge("mailbox", key, key, 1),
      stampChallenge("inbox", key, key, 1),
      stampChallenge("mailbox", filled(32, 3), key, 1),
      stampChallenge("mailbox", key, filled(32, 3), 1),
      stampChallenge("mailbox", key, key, 2),
      stampChallenge("envelope", key, strangerSubject(provider, key, filled(32)), 1),
      stampChallenge("envelope", key, strangerSubject(provider, key, filled(32, 1)), 1),
    ].map((challenge) => challenge.join());
    expect(new Set(challenges).size).toBe(challenges.length);
  });

  it("[MB9] hold for the day before, the day and the day after", () => {
    expect([8, 9, 10, 11, 12].map((day) => isStampDay(day, 10))).toEqual([false, true, true, true, false]);
  });
});

/** The recursive definition of RFC 6962, section 2.1, beside the one in use. */
function referenceRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leafHash(provider.sha256, leaves[0] as Uint8Array);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return provider.sha256(
    concatBytes(Uint8Array.of(1), referenceRoot(leaves.slice(0, split)), referenceRoot(leaves.slice(split))),
  );
}

const leavesOf = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, i) => filled(1 + (i % 50), i));

describe("Merkle trees", () => {
  it("[MB12] have the roots of RFC 6962, and a path for every leaf that leads there", () => {
    for (let count = 1; count <= 40; count++) {
      const leaves = leavesOf(count);
      const tree = merkleTree(provider.sha256, leaves);
      expect(tree.root).toEqual(referenceRoot(leaves));
      leaves.forEach((data, index) => {
        const path = tree.path(index);
        expect(verifyMerklePath(provider.sha256, { data, index, size: count, path, root: tree.root })).toBe(true);
      });
    }
  });

  it("[MB12] no leaf passes in another place, with another path, or as a node", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), fc.nat(), (count, at, to, change) => {
        const leaves = leavesOf(count);
        const tree = merkleTree(provider.sha256, leaves);
        const index = at % count;
        const data = leaves[index] as Uint8Array;
        const path = tree.path(index);
        const root = tree.root;
        const moved = (index + 1 + (to % (count - 1))) % count;
        expect(verifyMerklePath(provider.sha256, { data, index: moved, size: count, path, root })).toBe(false);
        const shorter = path.slice(0, -1);
        expect(verifyMerklePath(provider.sha256, { data, index, size: count, path: shorter, root })).toBe(false);
        const longer = [...path, filled(32)];
        expect(verifyMerklePath(provider.sha256, { data, index, size: count, path: longer, root })).toBe(false);
        const bent = path.map((sibling, i) => (i === change % path.length ? filled(32, 99) : sibling));
        expect(verifyMerklePath(provider.sha256, { data, index, size: count, path: bent, root })).toBe(false);
        expect(rootOfPath(provider.sha256, { data, index: count, size: count, path })).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});

describe("receipts", async () => {
  const identity = await provider.ed25519KeyPair(filled(32, 5));
  const nodeId = provider.sha256(identity.publicKey);
  const statement = (i: number): Statement => ({
    nodeId,
    mailbox: filled(32, i),
    hash: provider.sha256(filled(4, i)),
    kind: "envelope",
    hour: 500_000,
    expiresHour: 500_336,
  });
  const reasonOf = async (receipt: Uint8Array, by = identity.publicKey): Promise<string> => {
    const opened = await openReceipt(provider, by, receipt);
    return opened.ok ? "accepted" : opened.error.reason;
  };

  it.each([1, 2, 7, 512])("[MB11] one signature covers %i statements", async (count) => {
    const statements = Array.from({ length: count }, (_, i) => statement(i));
    const receipts = await signReceipts(provider, identity, nodeId, statements);
    const roots = new Set<string>();
    for (const [i, receipt] of receipts.entries()) {
      expect(receipt.length).toBeLessThanOrEqual(MAX_RECEIPT_BYTES);
      expect(expectOk(await openReceipt(provider, identity.publicKey, receipt, roots), "receipt")).toEqual(
        statements[i],
      );
    }
    expect(roots.size).toBe(1);
  });

  it("[MB12] the largest batch still fits the smallest class of answers", async () => {
    const statements = Array.from({ length: MAX_RECEIPT_LEAVES }, (_, i) => statement(i));
    const receipts = await signReceipts(provider, identity, nodeId, statements);
    const receipt = receipts[MAX_RECEIPT_LEAVES - 1] as Uint8Array;
    expect(encodeAnswer({ kind: "receipt", number: 0xffff_ffff, receipt }).length).toBeLessThanOrEqual(1_018);
    expect(await reasonOf(receipt)).toBe("accepted");
  });

  it("[MB12] are refused from another key, of another node, or changed anywhere", async () => {
    const [receipt, other] = await signReceipts(provider, identity, nodeId, [statement(1), statement(2)]);
    const stranger = await provider.ed25519KeyPair(filled(32, 6));
    expect(await reasonOf(receipt as Uint8Array, stranger.publicKey)).toBe("signature-invalid");
    const foreign = await signReceipts(provider, identity, nodeId, [{ ...statement(1), nodeId: filled(32) }]);
    expect(await reasonOf(foreign[0] as Uint8Array)).toBe("signature-invalid");
    for (let at = 0; at < (receipt as Uint8Array).length; at++) {
      const changed = (receipt as Uint8Array).slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(await reasonOf(changed), `byte ${at}`).not.toBe("accepted");
    }
    expect(receipt).not.toEqual(other);
    await expectHardened((bytes) => openReceipt(provider, identity.publicKey, bytes), [receipt as Uint8Array]);
  });

  it("[MB12] speak of one mailbox, hash and kind", () => {
    const said = statement(1);
    expect(isStatementFor(said, said)).toBe(true);
    expect(isStatementFor(said, { ...said, kind: "commit" })).toBe(false);
    expect(isStatementFor(said, { ...said, mailbox: filled(32, 9) })).toBe(false);
    expect(isStatementFor(said, { ...said, hash: filled(32, 9) })).toBe(false);
  });
});
