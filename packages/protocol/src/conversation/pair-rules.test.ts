import { nodeCryptoProvider } from "@xchat/crypto/node";
import { beforeAll, describe, expect, it } from "vitest";
import type { CommitChange, Member } from "../group/port.ts";
import { filled } from "../hostile-input.node.ts";
import { accountIdToBytes } from "../identity/account-id.ts";
import { makeLeafCredential } from "../identity/certificate.ts";
import { createIdentity } from "../identity/chain.ts";
import { judgePairCommit } from "./pair-rules.ts";
import { encodePolicy, pairPolicy, type ConversationPolicy } from "./policy.ts";

const provider = nodeCryptoProvider();
const NOW = 1_700_000_000_000;

interface Person {
  readonly account: Uint8Array;
  /** A leaf of this person's device, with a fresh key each time. */
  readonly leaf: () => Promise<Member>;
}

let nextSeed = 1;
const seed = (): Uint8Array => filled(32, nextSeed++);

async function person(): Promise<Person> {
  const deviceSeed = seed();
  const { chain, accountId } = await createIdentity(provider, { deviceSeed, recoverySeed: seed(), now: NOW });
  let leaf = 0;
  return {
    account: accountIdToBytes(accountId),
    leaf: async () => {
      const { publicKey } = await provider.ed25519KeyPair(seed());
      const credential = await makeLeafCredential(provider, {
        chain,
        deviceSeed,
        leafPublicKey: publicKey,
        now: NOW,
        lifetimeMs: 86_400_000,
      });
      return { leaf: leaf++, credential, signatureKey: publicKey };
    },
  };
}

let requester: Person;
let accepter: Person;
let stranger: Person;
let requesterLeaf: Member;
let accepterLeaf: Member;
let open: ConversationPolicy;
let accepted: ConversationPolicy;

beforeAll(async () => {
  [requester, accepter, stranger] = [await person(), await person(), await person()];
  [requesterLeaf, accepterLeaf] = [await requester.leaf(), await accepter.leaf()];
  const homeNodes = [{ address: "wss://a.example/", keyHash: filled(32) }];
  open = pairPolicy({ requester: requester.account, accepter: accepter.account, homeNodes });
  accepted = { ...open, isAccepted: true };
});

const change = (committer: Member, over: Partial<CommitChange> = {}): CommitChange => ({
  committer,
  added: [],
  removed: [],
  policy: null,
  isExternal: false,
  hasPath: true,
  ...over,
});

const judge = (
  policy: ConversationPolicy,
  over: CommitChange,
  members: readonly Member[] = [requesterLeaf, accepterLeaf],
) => judgePairCommit({ members, policy: encodePolicy(policy) }, over);

const otherNodes = (policy: ConversationPolicy): Uint8Array =>
  encodePolicy({ ...policy, homeNodes: [{ address: "wss://b.example/", keyHash: filled(32, 3) }] });

describe("commits of a pair", () => {
  it("[CV10] anyone may renew their own leaf, add and remove their own devices", async () => {
    for (const [who, leaf] of [
      [requester, requesterLeaf],
      [accepter, accepterLeaf],
    ] as const) {
      expect(judge(accepted, change(leaf))).toBeNull();
      const second = await who.leaf();
      expect(judge(accepted, change(leaf, { added: [second] }))).toBeNull();
      expect(judge(accepted, change(leaf, { removed: [second] }), [requesterLeaf, accepterLeaf, second])).toBeNull();
    }
  });

  it("[CV10] nobody adds or removes a device of the other, or a stranger", async () => {
    expect(judge(accepted, change(requesterLeaf, { added: [await accepter.leaf()] }))).toBe("adds-another-account");
    expect(judge(accepted, change(requesterLeaf, { added: [await stranger.leaf()] }))).toBe("adds-another-account");
    expect(judge(accepted, change(requesterLeaf, { removed: [accepterLeaf] }))).toBe("removes-another-account");
    expect(judge(accepted, change(accepterLeaf, { removed: [requesterLeaf] }))).toBe("removes-another-account");
  });

  it("[CV10] a stranger changes nothing, even as a member", async () => {
    const leaf = await stranger.leaf();
    expect(judge(accepted, change(leaf), [requesterLeaf, accepterLeaf, leaf])).toBe("committer-outside");
    expect(judge(accepted, change({ ...leaf, credential: filled(4) }))).toBe("credential-unreadable");
    expect(judge(accepted, change(requesterLeaf, { added: [{ ...leaf, credential: filled(4) }] }))).toBe(
      "credential-unreadable",
    );
  });

  it("[CV10] devices of a person are bounded", async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => requester.leaf()));
    expect(judge(accepted, change(requesterLeaf, { added: many.slice(1) }))).toBeNull();
    expect(judge(accepted, change(requesterLeaf, { added: many }))).toBe("too-many-devices");
  });

  it("[CV11] the commit that asks adds the devices of the one who is asked, once", async () => {
    const both = [accepterLeaf, await accepter.leaf()];
    expect(judge(open, change(requesterLeaf, { added: both }), [requesterLeaf])).toBeNull();
    expect(judge(open, change(requesterLeaf, { added: [await accepter.leaf()] }))).toBe("adds-another-account");
    expect(judge(open, change(accepterLeaf, { added: [requesterLeaf] }), [accepterLeaf])).toBe("adds-another-account");
    expect(judge(open, change(requesterLeaf, { added: [await stranger.leaf()] }), [requesterLeaf])).toBe(
      "adds-another-account",
    );
    expect(judge(accepted, change(requesterLeaf, { added: both }), [requesterLeaf])).toBe("adds-another-account");
  });

  it("[CV11] the yes is the accepter's, with home nodes of their choice, and stays", () => {
    expect(judge(open, change(accepterLeaf, { policy: otherNodes(accepted) }))).toBeNull();
    expect(judge(open, change(requesterLeaf, { policy: encodePolicy(accepted) }))).toBe("acceptance-by-requester");
    expect(judge(open, change(requesterLeaf, { policy: otherNodes(open) }))).toBe("not-accepted-yet");
    expect(judge(open, change(accepterLeaf, { policy: otherNodes(open) }))).toBe("not-accepted-yet");
    expect(judge(accepted, change(accepterLeaf, { policy: encodePolicy(open) }))).toBe("acceptance-reversed");
  });

  it("[CV12] after it, either changes home nodes and the timer", () => {
    for (const leaf of [requesterLeaf, accepterLeaf]) {
      expect(judge(accepted, change(leaf, { policy: otherNodes(accepted) }))).toBeNull();
      expect(judge(accepted, change(leaf, { policy: encodePolicy({ ...accepted, disappearAfter: 60 }) }))).toBeNull();
    }
  });

  it("[CV12] who is in it, who asked and what it is stay for good", () => {
    const swapped = pairPolicy({ requester: accepter.account, accepter: requester.account, homeNodes: open.homeNodes });
    const others = pairPolicy({ requester: requester.account, accepter: stranger.account, homeNodes: open.homeNodes });
    const group: ConversationPolicy = { ...accepted, kind: "group", requester: null };
    for (const next of [
      { ...swapped, isAccepted: true },
      { ...others, isAccepted: true },
      group,
      { ...accepted, protocolVersion: 2 },
    ]) {
      expect(judge(accepted, change(requesterLeaf, { policy: encodePolicy(next) }))).toBe("policy-fixed-field");
    }
    expect(judge(accepted, change(requesterLeaf, { policy: filled(3) }))).toBe("policy-malformed");
  });

  it("[CV13] a removal does not change the policy", async () => {
    const second = await requester.leaf();
    const both = change(requesterLeaf, { removed: [second], policy: otherNodes(accepted) });
    expect(judge(accepted, both, [requesterLeaf, accepterLeaf, second])).toBe("removal-with-policy");
  });

  it("[CV14] an external commit replaces exactly the joiner's own leaf", async () => {
    const back = await requester.leaf();
    const external = (over: Partial<CommitChange>) => judge(accepted, change(back, { isExternal: true, ...over }));
    expect(external({ removed: [requesterLeaf] })).toBeNull();
    expect(external({ removed: [requesterLeaf], added: [back] })).toBeNull();
    expect(external({})).toBe("external-not-own-leaf");
    expect(external({ removed: [accepterLeaf] })).toBe("removes-another-account");
    expect(external({ removed: [requesterLeaf, await requester.leaf()] })).toBe("external-not-own-leaf");
    expect(external({ removed: [requesterLeaf], added: [await requester.leaf()] })).toBe("external-not-own-leaf");
    expect(external({ removed: [requesterLeaf], policy: otherNodes(accepted) })).toBe("external-not-own-leaf");
    const outside = await stranger.leaf();
    expect(judge(accepted, change(outside, { isExternal: true, removed: [requesterLeaf] }))).toBe("committer-outside");
  });

  it("a policy that cannot be read, or of another kind, allows nothing", () => {
    expect(judgePairCommit({ members: [], policy: filled(9) }, change(requesterLeaf))).toBe("policy-unreadable");
    expect(judge({ ...accepted, kind: "group", requester: null }, change(requesterLeaf))).toBe("not-a-pair");
  });
});
