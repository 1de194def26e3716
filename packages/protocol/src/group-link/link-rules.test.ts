/** Who may be let in by a link, and what a newcomer takes for an answer. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { describe, expect, it } from "vitest";
import {
  accountOf,
  groupOf,
  hashOf,
  leafOf,
  leavesOf,
  standingOf,
  type World,
} from "../group-state/test-actors.node.ts";
import type { GroupState, JoinLink } from "../group-state/state.ts";
import { planCommit, type Situation } from "../group-state/wish.ts";
import { DAY } from "../first-contact/test-actors.ts";
import { groupLinkKeys } from "./link-keys.ts";
import { judgeJoin, judgeJoined, liveLinks, mayLetIn, staleLinks, type JoinQuestion } from "./link-rules.ts";

const provider = nodeCryptoProvider();
const NOW = 1_795_512_600_000;

const link = (by: string, over: Partial<JoinLink> = {}): JoinLink => {
  const seed = hashOf(`link seed of ${by}`);
  const { hash } = groupLinkKeys(provider, seed);
  return { seed, hash, by: accountOf(by), needsApproval: false, expiresAt: null, isRevoked: false, ...over };
};

/** Ada owns, Bob is an admin, Dan is a member. */
const choir = (...links: readonly JoinLink[]): World => ({
  state: groupOf("ada", ["bob"], { links }),
  leaves: leavesOf("ada", "bob", "dan"),
});
const open = link("dan");
const question: JoinQuestion = { link: open.hash, account: accountOf("zoe"), createdAt: NOW, isBlocked: false };
const judged = (world: World, by: string, over: Partial<JoinQuestion> = {}, now = NOW): string | null =>
  judgeJoin(provider, standingOf(world), accountOf(by), { ...question, ...over }, now);
const permitted = (world: World, add: GroupState["permissions"]["add"]): World => ({
  ...world,
  state: { ...world.state, permissions: { ...world.state.permissions, add } },
});

describe("who is let in by a link", () => {
  it("[GL7] whoever asks by one that is in the state, in force, and made by a member", () => {
    expect(judged(choir(open), "dan")).toBeNull();
    expect(judged(choir(open), "bob")).toBeNull();
    expect(judged(choir(), "dan")).toBe("link-not-in-force");
    expect(judged(choir(link("dan", { isRevoked: true })), "dan")).toBe("link-not-in-force");
    expect(judged(choir(link("dan", { expiresAt: NOW })), "dan")).toBe("link-not-in-force");
    expect(judged(choir(link("dan", { expiresAt: NOW + 1 })), "dan")).toBeNull();
    const gone = link("eve");
    expect(judged(choir(gone), "dan", { link: gone.hash })).toBe("link-not-in-force");
  });

  it("[GL3] not by one whose hash is another than that of its seed", () => {
    const forged = link("dan", { hash: hashOf("of somebody else's link") });
    expect(judged(choir(forged), "dan", { link: forged.hash })).toBe("link-not-in-force");
    expect(liveLinks(provider, standingOf(choir(forged)), NOW)).toEqual([]);
  });

  it("[GL7] by who may add, and where a yes is asked for, by admins and the owner", () => {
    const closed = permitted(choir(open), "admins");
    expect([judged(closed, "dan"), judged(closed, "bob")]).toEqual(["not-yours-to-answer", null]);
    const asking = link("dan", { needsApproval: true });
    expect(
      ["ada", "bob", "dan", "zoe"].map((name) => mayLetIn(standingOf(choir(asking)), accountOf(name), asking)),
    ).toEqual([true, true, false, false]);
    const owners = permitted(choir(asking), "owner");
    expect(mayLetIn(standingOf(owners), accountOf("bob"), asking)).toBe(false);
  });

  it("[GL7] nobody who is in, nobody who is blocked, and nobody who may not look for the answer any more", () => {
    expect(judged(choir(open), "bob", { account: accountOf("dan") })).toBe("already-in");
    expect(judged(choir(open), "bob", { isBlocked: true })).toBe("blocked");
    expect(judged(choir(open), "bob", {}, NOW + 13 * DAY)).toBeNull();
    expect(judged(choir(open), "bob", {}, NOW + 13 * DAY + 1)).toBe("too-old");
  });
});

describe("links that are over", () => {
  it("[GR28] are marked by who may: the maker, or an admin", () => {
    const ended = link("dan", { expiresAt: NOW });
    const orphan = link("eve");
    const world = standingOf(choir(ended, orphan, link("bob"), link("ada", { isRevoked: true, expiresAt: NOW })));
    const stale = (name: string, now = NOW) => staleLinks(world, accountOf(name), now).map(({ by }) => by);
    expect(stale("bob")).toEqual([accountOf("dan"), accountOf("eve")]);
    expect(stale("dan")).toEqual([accountOf("dan")]);
    expect(stale("dan", NOW - 1)).toEqual([]);
    expect(stale("zoe")).toEqual([]);
  });

  it("[GR28] make room; where none is, another is not wished for", () => {
    const many = Array.from({ length: 16 }, (_, i) => link(`dan${i}`, { by: accountOf("dan") }));
    const sorted = many.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
    const situation = ({ state, leaves }: World): Situation => ({
      state,
      leaves,
      epoch: 3,
      self: leafOf("dan"),
      indexOf: () => 0,
      newestOf: () => null,
      leafOf: () => null,
      place: { depth: 1, previous: null },
    });
    const wish = { kind: "state", change: { kind: "link", link: link("dan") } } as const;
    expect(planCommit(situation(choir(...sorted)), [wish])).toEqual({ ok: false, error: { reason: "too-many-links" } });
    const [first, ...rest] = sorted as [JoinLink, ...JoinLink[]];
    const plan = planCommit(situation(choir({ ...first, isRevoked: true }, ...rest)), [wish]);
    expect(plan.ok && plan.value?.judged.after.links.length).toBe(16);
  });
});

describe("what a newcomer takes for an answer", () => {
  const group = hashOf("choir");
  const state = groupOf("ada");
  const joined = { group, state, leaves: leavesOf("ada", "bob", "zoe") };
  const asked = { group, by: accountOf("bob"), self: accountOf("zoe"), leafKey: leafOf("zoe").leafKey };

  it("[GL9] the group of the card, with a leaf of their own and the maker of the link", () => {
    expect(judgeJoined(asked, joined)).toBeNull();
    expect(judgeJoined(asked, { ...joined, group: hashOf("another") })).toBe("another-group");
    expect(judgeJoined(asked, { ...joined, state: { ...state, kind: "pair" } })).toBe("not-a-group");
    expect(judgeJoined(asked, { ...joined, leaves: leavesOf("ada", "bob") })).toBe("own-leaf-missing");
    expect(judgeJoined({ ...asked, leafKey: hashOf("x") }, joined)).toBe("own-leaf-missing");
    expect(judgeJoined(asked, { ...joined, leaves: leavesOf("ada", "zoe") })).toBe("maker-missing");
  });
});
