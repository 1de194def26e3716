/** Mailboxes, inboxes and blobs of a node, request by request (spec/mailbox.md), and the age of its exchanges (exchange.md, X11). */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { expectOk } from "@xchat/codec";
import { solveStamp, type KeyPair } from "@xchat/crypto";
import {
  contentHash,
  dayOf,
  encodeRequest,
  hourOf,
  openReceipt,
  stampChallenge,
  type MailboxAnswer,
  type Stamp,
  type StampPurpose,
  type Statement,
} from "@xchat/protocol";
import { jsonLog, startNode, type RunningNode } from "../../apps/node/src/index.ts";
import { learnNode, newEnvelope, newKey, provider, RawExchange, type KnownNode } from "./raw-node-client.ts";

const CHEAP = { memoryKiB: 64, passes: 1, bits: 4 };
/** Of the node, ahead of the machine's by `ahead`. */
const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
let folder: string;
let node: RunningNode;
let known: KnownNode;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xchat-node-"));
  node = await startNode({
    port: 0,
    host: "127.0.0.1",
    publicUrl: null,
    appFolder: null,
    dataFolder: folder,
    clock,
    limits: { requestsPerExchange: 20, idleSeconds: 100_000 },
    storeLimits: { inboxEnvelopes: 1 },
    stampPrices: { mailbox: CHEAP, inbox: CHEAP, envelope: CHEAP, blob: CHEAP },
    log: jsonLog(() => {}, Date.now),
  });
  known = await learnNode(node.socketAddress);
});
afterAll(async () => {
  await node.stop();
  await rm(folder, { recursive: true, force: true });
});

const opened: RawExchange[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
async function exchange(): Promise<RawExchange> {
  const made = await RawExchange.connect(node.socketAddress, known);
  opened.push(made);
  return made;
}

const today = (): number => dayOf(Date.now());
const UNPAID: Stamp = { day: 1, nonce: new Uint8Array(8) };
const pay = async (purpose: StampPurpose, subject: Uint8Array): Promise<Stamp> => ({
  day: today(),
  nonce: await solveStamp(provider, stampChallenge(purpose, known.nodeId, subject, today()), CHEAP),
});
const refusal = (answer: MailboxAnswer): string => (answer.kind === "refused" ? answer.reason : answer.kind);

async function statementOf(answer: MailboxAnswer): Promise<Statement> {
  if (answer.kind !== "receipt") throw new Error(`no receipt: ${refusal(answer)}`);
  return expectOk(await openReceipt(provider, known.descriptor.identityKey, answer.receipt), "receipt");
}

async function openInbox(at: RawExchange, key: KeyPair, stamp: Stamp, hours = 24): Promise<MailboxAnswer> {
  const expiresHour = hourOf(Date.now()) + hours;
  const signature = await at.sign(key, "openInbox", contentHash.openInbox(provider, expiresHour, stamp));
  return at.ask({ kind: "openInbox", inbox: key.publicKey, expiresHour, stamp, signature });
}

async function putBlob(
  at: RawExchange,
  owner: KeyPair,
  input: {
    readonly place: Uint8Array;
    readonly version: number;
    readonly blob: Uint8Array;
    readonly stamp: Stamp | null;
  },
): Promise<MailboxAnswer> {
  const { place, version, blob, stamp } = input;
  const expiresHour = hourOf(Date.now()) + 100;
  const signature = await at.sign(
    owner,
    "putBlob",
    contentHash.putBlob(provider, { place, version, expiresHour }, blob),
  );
  return at.ask({ kind: "putBlob", place, owner: owner.publicKey, version, expiresHour, stamp, signature }, blob);
}

it("[MB1] what was sent at once is done in its order, whatever takes longer to judge or is refused", async () => {
  const client = await exchange();
  const key = await newKey();
  const stamp = await pay("mailbox", key.publicKey);
  const opening = await client.sign(key, "openMailbox", contentHash.openMailbox(provider, stamp));
  await client.send(encodeRequest({ kind: "openMailbox", mailbox: key.publicKey, stamp, signature: opening }));
  const sent = [newEnvelope(65_536), newEnvelope(), newEnvelope(65_536), newEnvelope()];
  for (const envelope of sent) {
    // Refused at once, while the stamp before it is still checked.
    await client.send(encodeRequest({ kind: "depositInbox", inbox: key.publicKey, stamp }), newEnvelope(1));
    const signature = await client.sign(key, "deposit", contentHash.deposit(provider, envelope));
    await client.send(encodeRequest({ kind: "deposit", mailbox: key.publicKey, signature }), envelope);
  }
  const kinds: string[] = [];
  for (let i = 0; i < 9; i++) {
    const { head } = await client.answer();
    kinds[head.number] = refusal(head);
  }
  const pair = ["wrong-size", "receipt"];
  expect(kinds).toEqual(["done", ...pair, ...pair, ...pair, ...pair]);
  const reader = await exchange();
  await reader.subscribe(key);
  for (const envelope of sent) expect((await reader.answer()).body).toEqual(envelope);
});

it("[MB10] a stamp is looked at last: what is refused anyway is refused before", async () => {
  const client = await exchange();
  const [key, other] = [await newKey(), await newKey()];
  expect(refusal(await openInbox(client, { ...other, publicKey: key.publicKey }, UNPAID))).toBe("signature-invalid");
  expect(refusal(await openInbox(client, key, UNPAID, 5_000))).toBe("expires-too-late");
  expect(refusal(await openInbox(client, key, UNPAID))).toBe("stamp-invalid");
  const toInbox = async (envelope: Uint8Array, stamp = UNPAID): Promise<string> =>
    refusal(await client.ask({ kind: "depositInbox", inbox: key.publicKey, stamp }, envelope));
  expect(await toInbox(newEnvelope(3))).toBe("wrong-size");
  expect(await toInbox(newEnvelope())).toBe("inbox-unknown");
  expect(refusal(await openInbox(client, key, await pay("inbox", key.publicKey)))).toBe("done");
  const envelope = newEnvelope();
  expect(await toInbox(envelope)).toBe("stamp-invalid");
  const hash = provider.sha256(envelope);
  const subject = provider.sha256(Buffer.concat([key.publicKey, hash]));
  expect(await toInbox(envelope, await pay("envelope", subject))).toBe("receipt");
  expect(await toInbox(newEnvelope())).toBe("inbox-full");
  const [place, blob] = [provider.randomBytes(32), newEnvelope(100)];
  expect(refusal(await putBlob(client, key, { place, version: 1, blob, stamp: null }))).toBe("stamp-needed");
  expect(refusal(await putBlob(client, key, { place, version: 1, blob, stamp: UNPAID }))).toBe("stamp-invalid");
  expect(refusal(await putBlob(client, key, { place, version: 1, blob, stamp: await pay("blob", place) }))).toBe(
    "done",
  );
  expect(refusal(await putBlob(client, other, { place, version: 2, blob, stamp: UNPAID }))).toBe("place-taken");
});

it("[MB13] [MB14] [MB16] the same again has the same statement, also days later; of its arrival the hour is known", async () => {
  const client = await exchange();
  const key = await newKey();
  expect(refusal(await client.openMailbox(key))).toBe("done");
  // [MB15] Opening again is done.
  expect(refusal(await client.openMailbox(key))).toBe("done");
  const [envelope, part] = [newEnvelope(), newEnvelope()];
  const hashes = [provider.sha256(part)];
  const commit = async (): Promise<MailboxAnswer> => {
    const signature = await client.sign(key, "commit", contentHash.commit(provider, hashes));
    return client.ask({ kind: "commit", mailbox: key.publicKey, hashes, signature }, part);
  };
  const hour = hourOf(clock.now());
  const first = [await statementOf(await client.deposit(key, envelope)), await statementOf(await commit())];
  const [said, ofCommit] = first as [Statement, Statement];
  expect(said).toMatchObject({ kind: "envelope", mailbox: key.publicKey, hash: provider.sha256(envelope) });
  expect(ofCommit).toMatchObject({ kind: "commit", hash: provider.sha256(Buffer.concat(hashes)) });
  for (const { hour: at, expiresHour } of first) {
    expect(at - hour === 0 || at - hour === 1).toBe(true);
    expect(expiresHour - at).toBe(336);
  }
  clock.ahead = 70 * 60_000;
  expect(await statementOf(await client.deposit(key, envelope))).toEqual(said);
  expect(await statementOf(await commit())).toEqual(ofCommit);
  clock.ahead = 0;
  // Read twice, by two: there still, once each.
  for (let i = 0; i < 2; i++) {
    const reader = await exchange();
    await reader.subscribe(key);
    expect([(await reader.answer()).body, (await reader.answer()).body]).toEqual([envelope, part]);
    expect((await reader.answer()).head.kind).toBe("caughtUp");
  }
});

it("[MB15] [MB23] a mailbox that is not open takes nothing, and may be waited for", async () => {
  const [writer, reader] = [await exchange(), await exchange()];
  const key = await newKey();
  await reader.subscribe(key);
  expect((await reader.answer()).head.kind).toBe("caughtUp");
  const envelope = newEnvelope();
  expect(refusal(await writer.deposit(key, envelope))).toBe("mailbox-unknown");
  await writer.openMailbox(key);
  expect(refusal(await writer.deposit(key, envelope))).toBe("receipt");
  const { head, body } = await reader.answer();
  expect(body).toEqual(envelope);
  // [MB17] Behind 65,536 for each hour since 1970.
  expect(head).toMatchObject({ kind: "envelope", number: 0, index: 0 });
  expect((head as { cursor: number }).cursor).toBeGreaterThan(65_536 * (hourOf(Date.now()) - 1));
});

it("[MB22] an inbox is read with its key, and with no other", async () => {
  const client = await exchange();
  const [inbox, thief] = [await newKey(), await newKey()];
  expect(refusal(await openInbox(client, inbox, await pay("inbox", inbox.publicKey)))).toBe("done");
  const envelope = newEnvelope();
  const stamp = await pay("envelope", provider.sha256(Buffer.concat([inbox.publicKey, provider.sha256(envelope)])));
  expect(refusal(await client.ask({ kind: "depositInbox", inbox: inbox.publicKey, stamp }, envelope))).toBe("receipt");
  await client.subscribe({ ...thief, publicKey: inbox.publicKey });
  expect(refusal((await client.answer()).head)).toBe("signature-invalid");
  await client.subscribe(inbox);
  expect((await client.answer()).body).toEqual(envelope);
});

it("[MB23] an exchange follows 256 mailboxes, and not one more", async () => {
  const client = await exchange();
  const key = await newKey();
  const subscribe = async (count: number): Promise<string> => {
    const signature = await client.sign(key, "subscribe", contentHash.subscribe(provider, 0));
    const mailboxes = Array.from({ length: count }, () => ({ mailbox: key.publicKey, after: 0, signature }));
    await client.send(encodeRequest({ kind: "subscribe", mailboxes }));
    return refusal((await client.answer()).head);
  };
  expect([await subscribe(64), await subscribe(64), await subscribe(64), await subscribe(63)]).toEqual(
    Array<string>(4).fill("caughtUp"),
  );
  expect(await subscribe(2)).toBe("too-many-mailboxes");
  expect(await subscribe(1)).toBe("caughtUp");
  expect(await subscribe(1)).toBe("too-many-mailboxes");
});

it("[MB27] [MB28] [MB29] versions of a blob grow, its place outlives it, and whoever knows the place reads it", async () => {
  const client = await exchange();
  const [owner, place] = [await newKey(), provider.randomBytes(32)];
  const [first, second] = [newEnvelope(1), newEnvelope(65_536)];
  const put = async (version: number, blob: Uint8Array, stamp: Stamp | null = null): Promise<string> =>
    refusal(await putBlob(client, owner, { place, version, blob, stamp }));
  const stranger = await exchange();
  const read = async (): Promise<{ head: MailboxAnswer; body: Uint8Array }> => {
    await stranger.send(encodeRequest({ kind: "getBlob", place }));
    return stranger.answer();
  };
  expect((await read()).head.kind).toBe("none");
  expect(await put(5, first, await pay("blob", place))).toBe("done");
  expect(await put(5, first)).toBe("done");
  expect([await put(5, second), await put(4, second)]).toEqual(["version-old", "version-old"]);
  expect(await put(6, second)).toBe("done");
  expect(await read()).toMatchObject({ head: { kind: "blob", version: 6 }, body: second });
  const remove = async (version: number): Promise<string> => {
    const signature = await client.sign(owner, "removeBlob", contentHash.removeBlob(provider, place, version));
    return refusal(await client.ask({ kind: "removeBlob", place, owner: owner.publicKey, version, signature }));
  };
  expect([await remove(6), await remove(7)]).toEqual(["version-old", "done"]);
  expect((await read()).head.kind).toBe("none");
  const other = await newKey();
  const stamp = await pay("blob", place);
  expect(refusal(await putBlob(client, other, { place, version: 8, blob: first, stamp }))).toBe("place-taken");
  expect([await put(7, first), await put(8, first)]).toEqual(["version-old", "done"]);
});

it("[MB18] a mailbox has 64 MiB, and the node says so", () => {
  expect(known.descriptor.limits).toMatchObject({
    mailboxBytes: 64 * 2 ** 20,
    expiryHours: 336,
    exchangeSeconds: 4_200,
  });
});

it("[X11] an exchange is over at the request behind the last one that it may have, malformed ones counted", async () => {
  const client = await exchange();
  for (let i = 0; i < 10; i++) await client.send(provider.randomBytes(40));
  for (let i = 0; i < 10; i++) expect(refusal((await client.answer()).head)).toBe("malformed");
  const place = provider.randomBytes(32);
  for (let i = 0; i < 10; i++) expect(refusal(await client.ask({ kind: "getBlob", place }))).toBe("none");
  await client.send(encodeRequest({ kind: "getBlob", place }));
  expect(await client.reset()).toBe("exchange-over");
});

it("[X11] an exchange is over after 5 minutes without a request or a subscription, and after 70 in any case", async () => {
  const [idle, follower] = [await exchange(), await exchange()];
  expect(refusal(await idle.ask({ kind: "getBlob", place: provider.randomBytes(32) }))).toBe("none");
  const key = await newKey();
  await follower.subscribe(key);
  expect((await follower.answer()).head.kind).toBe("caughtUp");
  clock.ahead = 301_000;
  expect(await idle.reset()).toBe("exchange-over");
  const writer = await exchange();
  await writer.openMailbox(key);
  const envelope = newEnvelope();
  expect(refusal(await writer.deposit(key, envelope))).toBe("receipt");
  expect((await follower.answer()).body).toEqual(envelope);
  clock.ahead = 4_201_000;
  expect(await follower.reset()).toBe("exchange-over");
  clock.ahead = 0;
});
