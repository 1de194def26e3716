/**
 * Writes spec/vectors/mls-xwing-external.json: a member loses its state and rejoins by an external commit, as another member
 * receives it and as the one who rejoins sees it. They are frozen: run it only where the format has changed on purpose, and
 * say so in the commit.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex, expectOk, utf8ToBytes } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { Group } from "@xchat/protocol";
import { device, NOTHING, START, type Device } from "../packages/mls/src/testing/actors.ts";
import type { FrozenEpoch, FrozenExternalStory, FrozenStep } from "../packages/mls/src/testing/frozen-story.ts";

const provider = nodeCryptoProvider();
const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => device(name, provider)) as [Device, Device, Device];
const bobsBundle = await bob.newBundle();
const carolsBundle = await carol.newBundle();
const alone = await alice.cipher.createGroup({
  groupId: utf8ToBytes("frozen group"),
  keyPackage: await alice.newBundle(),
  policy: utf8ToBytes("frozen policy"),
});
const invited = await alice.cipher.commit(alone, { add: [bobsBundle.keyPackage, carolsBundle.keyPackage] });
let bobs = expectOk(await bob.cipher.join(invited.welcome ?? NOTHING, bobsBundle), "join");
const joined = await epochOf(bob, bobs);
const steps: FrozenStep[] = [];

// A path first, so that the tree has a node above the leaves.
const update = await alice.cipher.commit(invited.group, {});
await receives(update.commit);
const groupInfo = await alice.cipher.exportGroupInfo(update.group);
const preview = expectOk(await carol.cipher.inspectGroupInfo(groupInfo), "GroupInfo");
const newBundle = await carol.newBundle();
const rejoined = expectOk(
  await carol.cipher.externalRejoin({
    groupInfo,
    keyPackage: newBundle,
    replacedLeaf: 2,
    authenticatedData: utf8ToBytes("bound to it"),
  }),
  "rejoin",
);
await receives(rejoined.commit);
const said = await carol.cipher.seal(rejoined.group, utf8ToBytes("back again"), NOTHING);
await receives(said.message);
const own = await carol.cipher.commit(said.group, {});
await receives(own.commit);

const saved = bob.cipher.save(bobs);
const carolsSaved = carol.cipher.save(said.group);
const snapshot = bob.cipher.save(bob.cipher.snapshot(bobs));
const next = await carol.cipher.commit(own.group, {});
const story: FrozenExternalStory = {
  description:
    "MLS_256_XWING_AES256GCM_SHA512_Ed25519 (83): an external commit that replaces the committer's own leaf.",
  now: START,
  keyPackage: bytesToHex(bobsBundle.keyPackage),
  privatePart: bytesToHex(bobsBundle.privatePart),
  welcome: bytesToHex(invited.welcome ?? NOTHING),
  joined,
  steps,
  saved: { epochPart: bytesToHex(saved.epochPart), ratchetPart: bytesToHex(saved.ratchetPart) },
  rejoin: {
    groupInfo: bytesToHex(groupInfo),
    epoch: preview.epoch,
    signer: preview.signer.leaf,
    members: membersOf(preview.members),
    replacedLeaf: 2,
    ownLeaf: rejoined.group.ownLeaf,
    after: await epochOf(carol, rejoined.group),
    saved: { epochPart: bytesToHex(carolsSaved.epochPart), ratchetPart: bytesToHex(carolsSaved.ratchetPart) },
  },
  snapshot: {
    ratchetPart: bytesToHex(snapshot.ratchetPart),
    candidate: bytesToHex(next.commit),
    after: await epochOf(carol, next.group),
  },
};
const file = join(import.meta.dirname, "../spec/vectors/mls-xwing-external.json");
await writeFile(file, `${JSON.stringify(story, null, 1)}\n`);

async function receives(message: Uint8Array): Promise<void> {
  const opened = expectOk(await bob.cipher.open(bobs, message), "open");
  bobs = opened.group;
  const hex = bytesToHex(message);
  if (opened.kind === "commit") {
    const committer = opened.change.committer.leaf;
    steps.push({ message: hex, opens: "commit", committer, after: await epochOf(bob, bobs) });
    return;
  }
  const { sender, epoch, plaintext, authenticatedData } = opened;
  steps.push({
    message: hex,
    opens: "application",
    sender: sender.leaf,
    epoch,
    plaintext: bytesToHex(plaintext),
    authenticatedData: bytesToHex(authenticatedData),
  });
}

async function epochOf({ cipher }: Device, group: Group): Promise<FrozenEpoch> {
  return {
    epoch: group.epoch,
    policy: bytesToHex(cipher.policy(group)),
    exporter: bytesToHex(await cipher.exportSecret(group, "frozen", NOTHING, 32)),
    members: membersOf(cipher.members(group)),
  };
}

function membersOf(members: ReturnType<typeof alice.cipher.members>): readonly string[] {
  return members.map(
    ({ leaf, signatureKey, credential }) => `${leaf} ${bytesToHex(signatureKey)} ${bytesToHex(credential)}`,
  );
}
