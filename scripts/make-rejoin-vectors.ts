/**
 * Writes spec/vectors/rejoin.json. It is frozen: run it only where the format has changed on purpose, and say so in the
 * commit. Byte strings are hex.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  encodeRejoinMessage,
  makeLeafCredential,
  makeLeftBehind,
  makeRejoinAnswer,
  makeRejoinOut,
  makeRejoinRequest,
} from "@xchat/protocol";
import { newPerson, NOW, seededProvider, seedOf } from "../packages/protocol/src/identity/test-actors.ts";

const provider = seededProvider(nodeCryptoProvider(), "rejoin vectors");
const hex = bytesToHex;
const person = await newPerson(provider, "Ada");
const leafKey = await provider.ed25519KeyPair(seedOf(provider, "fresh leaf"));
const conversation = seedOf(provider, "conversation");
const epoch = seedOf(provider, "epoch name");
const credential = await makeLeafCredential(provider, {
  chain: person.chain,
  deviceSeed: person.deviceSeed,
  leafPublicKey: leafKey.publicKey,
  now: NOW,
  lifetimeMs: 90 * 86_400_000,
});
const made = await makeRejoinRequest(provider, { conversation, leafKey, credential, epoch, attempt: 2, now: NOW });
const key = (await provider.xwingKeyPair(made.secretKey)).publicKey;
const signer = await provider.ed25519KeyPair(seedOf(provider, "signer"));
const groupInfo = new Uint8Array(100).fill(7);
const place = {
  wrapKey: seedOf(provider, "wrap"),
  nodes: [
    {
      hint: { address: "wss://node.example/", keyHash: seedOf(provider, "node") },
      seed: seedOf(provider, "mailbox"),
    },
  ],
};
const start = {
  lineDepth: 4,
  tips: [{ author: hex(seedOf(provider, "author")), sequence: 2, id: hex(seedOf(provider, "event")), depth: 5 }],
};
const answer = await makeRejoinAnswer(provider, { hash: made.hash, key }, { groupInfo, place, start, leafKey: signer });
const out = await makeRejoinOut(provider, { hash: made.hash, key }, signer);
if (answer === null || out === null) throw new Error("no answer");
const vectors = {
  description: "A request in a rejoin inbox, both of its answers, and a word to those left behind (spec/rejoin.md)",
  now: NOW,
  account: person.accountId,
  conversation: hex(conversation),
  leafKey: hex(leafKey.publicKey),
  epoch: hex(epoch),
  attempt: 2,
  /** The message in the inbox. */
  request: hex(encodeRejoinMessage({ kind: "request", request: made.request })),
  requestHash: hex(made.hash),
  key: hex(key),
  secretKey: hex(made.secretKey),
  answer: hex(answer),
  /** The same request, answered with: out. */
  out: hex(out),
  /** In the epoch that the request names. */
  leftBehind: hex(await makeLeftBehind(provider, { conversation, epoch }, signer)),
  groupInfo: hex(groupInfo),
  start,
  signer: hex(signer.publicKey),
  wrapKey: hex(place.wrapKey),
  mailboxSeed: hex(seedOf(provider, "mailbox")),
};
const path = join(import.meta.dirname, "../spec/vectors/rejoin.json");
await writeFile(path, `${JSON.stringify(vectors, null, 2)}\n`);
