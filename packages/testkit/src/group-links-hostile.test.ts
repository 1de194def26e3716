/** What lies in the inbox of a link, and in the mailboxes of answers, when it was written in bad faith (spec/group-link.md). */
import { anyValue, bytesToHex, decode, expectOk } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { mlsGroupCipher } from "@xchat/mls";
import {
  answerPlace,
  createIdentity,
  decodeGroupLinkCode,
  encodeGroupState,
  encodeIntroduction,
  encodePayload,
  groupCardKeys,
  makeLeafCredential,
  newGroupState,
  openGroupCard,
  sealEnvelopes,
  sealJoinRequest,
  type AccountId,
  type GroupCipher,
  type KeyPackageBundle,
  type OpenedGroupCard,
  type PayloadItem,
} from "@xchat/protocol";
import { describe, expect, test } from "vitest";
import { memoryConnector, present } from "./index.ts";
import { accountId, ask, groupOf, LinkWorld } from "./link-world.ts";
import { madeForEachTest } from "./made-for-each-test.ts";

const newWorld = madeForEachTest(() => new LinkWorld());

describe("a link to a group", () => {
  test("[GL5] [GL9] what strangers and members write in bad faith leads nowhere, and stops nobody", async () => {
    const world = newWorld();
    const { alice, bob, dave, chat } = await world.choir();
    await alice.who.api.call("setRole", { chat, accountId: await accountId(bob), role: "admin" });
    const { code } = await world.makeLink(alice, chat);
    const asking = await world.makeLink(alice, chat, { needsApproval: true });
    const card = await cardOf(world, code);
    // A stranger, who has seen the inbox and not the link.
    for (const size of [8_192, 65_536]) world.node.put(card.inbox.mailbox, provider.randomBytes(size));
    // Somebody with the link brings another's key package.
    const [mallory, zoe] = [await stranger(world), await stranger(world)];
    const borrowed = (await keyPackageOf(world, zoe)).keyPackage;
    const request = await sealJoinRequest(provider, {
      ...mallory,
      inviter: card.accountId,
      requestKey: card.inbox.requestKey,
      secret: card.secret,
      groupId: card.groupId,
      name: "Mallory",
      greeting: "",
      answerSeed: provider.randomBytes(32),
      keyPackage: borrowed,
      now: world.clock.now(),
    });
    if (request.ok) world.node.put(card.inbox.mailbox, request.value);
    world.node.put(card.inbox.mailbox, new Uint8Array(3));
    await world.aWhile();
    expect(await groupOf(alice, chat)).toMatchObject({ members: { length: 3 }, pending: [] });

    // A member answers with a group of their own that has the same id, and with parcels that are none.
    await ask(dave, asking.code);
    await world.untilGroup(bob, chat, ({ joinRequests }) => joinRequests.length === 1);
    await bob.close();
    const [held] = await bob.inspect((store) =>
      store.all("part").then((all) => all.filter(({ kind }) => kind === "join-request")),
    );
    const fields = expectOk(decode(anyValue({ depth: 2, entries: 16 }), held?.value ?? new Uint8Array(0)), "request");
    const [answerSeed, davesPackage] = (fields as readonly Uint8Array[]).slice(6, 8) as [Uint8Array, Uint8Array];
    const fake = await foundGroup(world, mallory, card.groupId, davesPackage);
    const introduction = { version: 1, conversation: chat, leaves: [], start: [], people: [], lineDepth: 0 } as const;
    const { mailboxSeed, wrapKey } = answerPlace(provider, answerSeed, world.node.hint.keyHash);
    const { publicKey } = await provider.ed25519KeyPair(mailboxSeed);
    const whole = encodeIntroduction({ ...introduction, welcome: fake });
    const parcel = { kind: "parcel", id: provider.sha256(whole), part: 0, parts: 1, content: whole } as const;
    const answers: readonly PayloadItem[] = [
      { ...parcel, part: 7, parts: 64 },
      { ...parcel, parts: 0 },
      { ...parcel, content: provider.randomBytes(9_000) },
      { kind: "chain", chain: provider.randomBytes(99) },
      parcel,
    ];
    for (const item of answers) {
      for (const envelope of await sealEnvelopes(provider, wrapKey, encodePayload([item])))
        world.node.put(publicKey, envelope);
    }
    for (const bytes of [new Uint8Array(1), provider.randomBytes(40)]) {
      for (const envelope of await sealEnvelopes(provider, wrapKey, bytes)) world.node.put(publicKey, envelope);
    }
    world.node.put(publicKey, provider.randomBytes(8_192));
    await world.aWhile();
    expect((await present(dave.who.api, { view: "chats" })).map(({ id }) => id)).toEqual([]);
    expect(await present(dave.who.api, { view: "joining" })).toMatchObject([{ group: chat, state: "waiting" }]);

    // And the honest answer is followed all the same.
    const { joinRequests } = await world.untilGroup(alice, chat, (view) => view.joinRequests.length === 1);
    await alice.who.api.call("answerJoinRequest", { chat, id: joinRequests[0]?.id ?? "", accept: true });
    await world.untilIn(dave, chat, 4);
  });
});

const provider = nodeCryptoProvider();

interface Stranger {
  readonly accountId: AccountId;
  readonly chain: Uint8Array;
  readonly deviceSeed: Uint8Array;
}

async function stranger({ clock }: LinkWorld): Promise<Stranger> {
  const deviceSeed = provider.randomBytes(32);
  const made = await createIdentity(provider, { recoverySeed: provider.randomBytes(32), deviceSeed, now: clock.now() });
  return { ...made, deviceSeed };
}

/** That of somebody who keeps no rules. */
const cipherOf = ({ clock }: LinkWorld): GroupCipher =>
  mlsGroupCipher({
    provider,
    rules: {
      verifyCredential: async () => true,
      isSuccessor: () => true,
      judgeCommit: () => null,
      now: () => clock.now(),
    },
  });

async function keyPackageOf(world: LinkWorld, { chain, deviceSeed }: Stranger): Promise<KeyPackageBundle> {
  const cipher = cipherOf(world);
  const leafKey = await cipher.newLeafKey();
  const credential = await makeLeafCredential(provider, {
    chain,
    deviceSeed,
    leafPublicKey: leafKey.publicKey,
    now: world.clock.now(),
    lifetimeMs: 86_400_000,
  });
  return cipher.newKeyPackage({ credential, leafKey, lifetimeSeconds: 86_400, isLastResort: false });
}

/** A Welcome to a group of this id, with its founder and the owner of the key package alone. */
async function foundGroup(world: LinkWorld, by: Stranger, groupId: Uint8Array, added: Uint8Array): Promise<Uint8Array> {
  const cipher = cipherOf(world);
  const rejoinSeed = bytesToHex(provider.randomBytes(32));
  const state = newGroupState({ owner: by.accountId, homeNodes: [world.node.hint], name: "Choir", rejoinSeed });
  const keyPackage = await keyPackageOf(world, by);
  const alone = await cipher.createGroup({ groupId, keyPackage, policy: encodeGroupState(state) });
  const { welcome } = await cipher.commit(alone, { add: [added] });
  return welcome as Uint8Array;
}

async function cardOf(world: LinkWorld, text: string): Promise<OpenedGroupCard & { readonly secret: Uint8Array }> {
  const code = expectOk(decodeGroupLinkCode(text), "code");
  const { place } = groupCardKeys(provider, code.secret);
  const found = await memoryConnector(world.nodes).access(world.node.hint).getBlob({ place });
  const blob = found.ok && found.value !== null ? found.value.blob : new Uint8Array(0);
  return { ...expectOk(await openGroupCard(provider, code, blob, world.clock.now()), "card"), secret: code.secret };
}
