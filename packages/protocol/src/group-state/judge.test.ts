import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  currentState,
  withAdmin,
  withLeaving,
  withLink,
  withLinkRevoked,
  withOwner,
  withRejoinSeed,
} from "./change.ts";
import type { CommitDescription } from "./judge.ts";
import { judgeCommit, type JudgedCommit } from "./judge.ts";
import { isSameValue } from "./judge-state.ts";
import { RANK, rankOf, roleOf, standing } from "./roles.ts";
import { encodeGroupState, MAX_JOIN_LINKS, newDevicesState, OPEN_PERMISSIONS, sortedAccounts } from "./state.ts";
import type { GroupState, JoinLink } from "./state.ts";
import {
  accountOf,
  done,
  groupOf,
  hashOf,
  HOME,
  leafOf,
  leavesOf,
  quietChains,
  standingOf,
  tried,
  verdict,
  type World,
} from "./test-actors.node.ts";

/** Ada owns; Bob and Cy are admins; Dan and Eve are members, Eve with two devices. */
const choir: World = {
  state: groupOf("ada", ["bob", "cy"]),
  leaves: leavesOf("ada", "bob", "cy", "dan", "eve", "eve.laptop"),
};
const changed = (over: Partial<GroupState>): { readonly state: GroupState } => ({ state: { ...choir.state, ...over } });
const remove = (...names: readonly string[]) => ({ removed: leavesOf(...names) });
const add = (...names: readonly string[]) => ({ added: leavesOf(...names) });
const link = (by: string, over: Partial<JoinLink> = {}): JoinLink => ({
  seed: hashOf(`link seed of ${by}`),
  hash: hashOf(`link of ${by}`),
  by: accountOf(by),
  needsApproval: false,
  expiresAt: null,
  isRevoked: false,
  ...over,
});

describe("who commits", () => {
  it("[GR2] who has a leaf, under its own account", () => {
    expect(verdict(choir, "dan")).toBe("ok");
    expect(verdict(choir, "zoe")).toBe("committer-outside");
    const thief = { ...leafOf("dan"), account: accountOf("ada") };
    const commit = { committer: thief, added: [], removed: [], state: null, isExternal: false };
    expect(judgeCommit(choir.state, choir.leaves, commit, quietChains)).toEqual({
      ok: false,
      error: { reason: "committer-outside" },
    });
  });

  it("a pair is not judged by these rules", () => {
    expect(verdict({ ...choir, state: { ...choir.state, kind: "pair" } }, "ada")).toBe("not-a-group");
  });
});

describe("removals", () => {
  it("[GR5] the owner removes anyone, an admin members only, a member nobody else", () => {
    for (const target of ["bob", "dan"]) expect(verdict(choir, "ada", remove(target))).toBe("ok");
    expect(verdict(choir, "bob", remove("dan", "eve", "eve.laptop"))).toBe("ok");
    for (const target of ["ada", "cy"]) expect(verdict(choir, "bob", remove(target))).toBe("removal-without-authority");
    for (const target of ["ada", "bob", "eve"]) {
      expect(verdict(choir, "dan", remove(target))).toBe("removal-without-authority");
    }
    expect(verdict(choir, "bob", remove("dan", "cy"))).toBe("removal-without-authority");
  });

  it("[GR5] everyone removes their own other devices, with the weight of an admin", () => {
    const judged = done(choir, "eve", remove("eve.laptop"));
    expect(judged.authority).toBe(RANK.admin);
    expect(judged.whatHappened).toEqual([
      { kind: "device-removed", account: accountOf("eve"), deviceKey: leafOf("eve.laptop").deviceKey },
    ]);
    expect(verdict(choir, "eve", remove("eve"))).toBe("removes-itself");
    expect(verdict(choir, "ada", remove("zoe"))).toBe("removed-outside");
    expect(verdict(choir, "ada", { removed: [{ ...leafOf("dan"), account: accountOf("eve") }] })).toBe(
      "removed-outside",
    );
  });

  it("[GR5] [GR15] who says that they leave is taken out by anyone", () => {
    const said = done(choir, "cy", { state: withLeaving(standingOf(choir), accountOf("cy"), true) });
    expect(said.whatHappened).toEqual([{ kind: "leaving", account: accountOf("cy"), isLeaving: true }]);
    const gone = done(said, "dan", remove("cy"));
    expect(gone.whatHappened).toEqual([{ kind: "left", account: accountOf("cy") }]);
    expect(gone.authority).toBe(RANK.member);
    expect(verdict(choir, "dan", { state: withLeaving(standingOf(choir), accountOf("cy"), true) })).toBe(
      "leaving-of-another",
    );
    expect(verdict(said, "dan", { state: withLeaving(standingOf(said), accountOf("cy"), false) })).toBe(
      "leaving-of-another",
    );
    expect(verdict(said, "cy", { state: withLeaving(standingOf(said), accountOf("cy"), false) })).toBe("ok");
  });

  it("[GR3] a removal changes nothing of the state", () => {
    expect(verdict(choir, "ada", { ...remove("dan"), ...changed({ name: "Quartet" }) })).toBe("removal-with-policy");
  });
});

describe("additions", () => {
  it("[GR6] people are added by who may", () => {
    expect(done(choir, "dan", add("zoe", "zoe.laptop")).whatHappened).toEqual([
      { kind: "added", account: accountOf("zoe") },
    ]);
    const closed = (who: "admins" | "owner"): World => ({
      ...choir,
      ...changed({ permissions: { ...OPEN_PERMISSIONS, add: who } }),
    });
    expect(verdict(closed("admins"), "dan", add("zoe"))).toBe("addition-not-permitted");
    expect(verdict(closed("admins"), "bob", add("zoe"))).toBe("ok");
    expect(verdict(closed("owner"), "bob", add("zoe"))).toBe("addition-not-permitted");
    expect(verdict(closed("owner"), "ada", add("zoe"))).toBe("ok");
  });

  it("[GR6] devices of somebody who is in are their own business", () => {
    expect(done(choir, "dan", add("dan.laptop")).whatHappened).toMatchObject([{ kind: "device-added" }]);
    expect(verdict(choir, "ada", add("dan.laptop"))).toBe("device-of-another");
  });

  it("[GR7] no device has two leaves, and a leaf key is used once", () => {
    expect(verdict(choir, "eve", add("eve.laptop+1"))).toBe("device-already-in");
    expect(verdict(choir, "eve", { ...add("eve.laptop+1"), ...remove("eve.laptop") })).toBe("ok");
    expect(verdict(choir, "eve", add("eve.phone", "eve.phone+1"))).toBe("device-already-in");
    expect(verdict(choir, "eve", add("eve.laptop"))).toBe("leaf-key-already-in");
    expect(verdict(choir, "eve", add("eve.phone", "eve.phone"))).toBe("leaf-key-already-in");
  });

  it("[GR7] a device that a leaf of the account has removed from the chain stays out", () => {
    const chains = { ...quietChains, admits: () => false };
    expect(verdict(choir, "eve", add("eve.stolen"), chains)).toBe("device-removed");
    // Of somebody who is not in there is nothing to compare with, but between the new leaves themselves.
    expect(verdict(choir, "eve", add("zoe"), chains)).toBe("ok");
    expect(verdict(choir, "eve", add("zoe", "zoe.laptop"), chains)).toBe("device-removed");
  });

  it("[GR8] who is removed does not come back in the same commit", () => {
    expect(verdict(choir, "ada", { ...remove("dan"), ...add("dan.laptop") })).toBe("removed-and-added");
  });

  it("[GR1] [GR8] [GR14] a role ends with the last leaf, and does not come back with the account", () => {
    const without = done(choir, "ada", remove("bob"));
    expect(without.state.admins).toContain(accountOf("bob"));
    expect(roleOf(standingOf(without), accountOf("bob"))).toBeNull();
    expect(verdict(without, "cy", add("bob"))).toBe("listed-from-before");
    expect(verdict(without, "cy", { ...add("bob"), state: { ...without.state, name: "Trio" } })).toBe(
      "role-without-authority",
    );
    expect(verdict(without, "dan", { state: { ...without.state, name: "Trio" } })).toBe("role-without-leaf");
    const purged = done(without, "dan", { state: { ...currentState(standingOf(without)), name: "Trio" } });
    expect(purged.whatHappened).toEqual([
      { kind: "role-ended", account: accountOf("bob") },
      { kind: "name", from: "Choir", to: "Trio" },
    ]);
    const back = done(purged, "cy", add("bob"));
    expect(roleOf(standingOf(back), accountOf("bob"))).toBe("member");
    // By who could give the role anyway, in one go.
    expect(verdict(without, "ada", { ...add("bob"), state: without.state })).toBe("ok");
  });

  it("[GR8] a wish to leave is not carried over to the next stay", () => {
    const said = done(choir, "dan", { state: withLeaving(standingOf(choir), accountOf("dan"), true) });
    const gone = done(said, "bob", remove("dan"));
    expect(verdict(gone, "ada", add("dan"))).toBe("listed-from-before");
    expect(verdict(gone, "ada", { ...add("dan"), state: gone.state })).toBe("leaving-of-another");
    expect(verdict(gone, "ada", { ...add("dan"), state: currentState(standingOf(gone)) })).toBe("ok");
  });

  it("[GR9] devices, people and leaves are bounded", () => {
    const devices = Array.from({ length: 8 }, (_, i) => `dan.d${i}`);
    expect(verdict(choir, "dan", add(...devices.slice(1)))).toBe("ok");
    expect(verdict(choir, "dan", add(...devices))).toBe("too-many-devices");
    const people = Array.from({ length: 1_019 }, (_, i) => `p${i}`);
    expect(verdict(choir, "dan", add(...people))).toBe("ok");
    expect(verdict(choir, "dan", add(...people, "more"))).toBe("too-many-accounts");
    const twos = people.flatMap((name) => [name, `${name}.laptop`, `${name}.phone`]);
    expect(verdict(choir, "dan", add(...twos.slice(0, 2_042)))).toBe("ok");
    expect(verdict(choir, "dan", add(...twos.slice(0, 2_043)))).toBe("too-many-leaves");
  });

  it("[GR6] a self-conversation holds devices of its owner alone", () => {
    const own = {
      state: newDevicesState({ owner: accountOf("ada"), homeNodes: HOME, rejoinSeed: hashOf("s") }),
      leaves: leavesOf("ada"),
    };
    expect(verdict(own, "ada", add("ada.laptop"))).toBe("ok");
    expect(verdict(own, "ada", add("bob"))).toBe("adds-another-account");
  });
});

describe("external commits", () => {
  const external = (over: Partial<CommitDescription> = {}, by = "dan+1", chains = quietChains) => {
    const { state, ...rest } = { removed: leavesOf("dan"), ...over };
    return verdict(choir, by, { ...rest, ...(state == null ? {} : { state }), isExternal: true }, chains);
  };

  it("[GR4] take the place of the own leaf and do nothing else", () => {
    expect(external()).toBe("ok");
    expect(external({ added: leavesOf("dan+1") })).toBe("ok");
    expect(external({ removed: [] })).toBe("external-not-own-leaf");
    expect(external({ removed: leavesOf("eve") })).toBe("external-not-own-leaf");
    expect(external({ removed: leavesOf("dan", "bob") })).toBe("external-not-own-leaf");
    expect(external({ added: leavesOf("zoe") })).toBe("external-not-own-leaf");
    expect(external({ state: encodeGroupState({ ...choir.state, name: "Mine" }) })).toBe("external-not-own-leaf");
    expect(external({}, "zoe")).toBe("committer-outside");
    expect(external({ removed: leavesOf("dan.old") })).toBe("removed-outside");
    expect(external({}, "dan")).toBe("leaf-key-already-in");
  });

  it("[GR4] of another device only where the chain says that it replaced the old one", () => {
    expect(external({}, "dan.new")).toBe("external-not-own-leaf");
    const recovered = { ...quietChains, hasReplaced: () => true };
    expect(external({}, "dan.new", recovered)).toBe("ok");
    expect(external({ removed: leavesOf("eve") }, "eve.laptop+1", recovered)).toBe("device-already-in");
    expect(external({}, "dan.new", { ...recovered, admits: () => false })).toBe("device-removed");
  });

  it("[GR1] [GR4] keep the role of the account, and say what happened", () => {
    const judged = done(choir, "bob+1", { isExternal: true, removed: leavesOf("bob") });
    expect(roleOf(standingOf(judged), accountOf("bob"))).toBe("admin");
    expect(judged.authority).toBe(RANK.member);
    expect(judged.whatHappened).toEqual([
      {
        kind: "rejoined",
        account: accountOf("bob"),
        deviceKey: leafOf("bob").deviceKey,
        replaced: leafOf("bob").deviceKey,
      },
    ]);
  });
});

describe("changes of the state", () => {
  it("[GR11] what the group is stays", () => {
    expect(verdict(choir, "ada", changed({ protocolVersion: 2 }))).toBe("policy-fixed-field");
    expect(verdict(choir, "ada", changed({ kind: "devices", admins: [] }))).toBe("policy-fixed-field");
    expect(verdict(choir, "ada", { state: Uint8Array.of(1, 2, 3) })).toBe("policy-malformed");
    expect(verdict({ ...choir, state: { ...choir.state, version: 3 as never } }, "ada", changed({}))).toBe(
      "policy-version-back",
    );
  });

  it("[GR12] the owner passes the group on, and nobody takes it", () => {
    const judged = done(choir, "ada", { state: withOwner(standingOf(choir), accountOf("dan")) });
    expect(judged.whatHappened).toEqual([
      { kind: "role", account: accountOf("ada"), from: "owner", to: "admin" },
      { kind: "role", account: accountOf("dan"), from: "member", to: "owner" },
    ]);
    for (const by of ["bob", "dan"]) {
      expect(verdict(choir, by, { state: withOwner(standingOf(choir), accountOf(by)) })).toBe("owner-not-yours");
      expect(verdict(choir, by, changed({ owner: null }))).toBe("owner-not-yours");
    }
    expect(verdict(choir, "ada", changed({ owner: null }))).toBe("owner-not-yours");
    expect(verdict(choir, "ada", { state: withOwner(standingOf(choir), accountOf("zoe")) })).toBe("role-without-leaf");
  });

  it("[GR12] an owner who left leaves no owner behind, and comes back as a member", () => {
    const said = done(choir, "ada", { state: withLeaving(standingOf(choir), accountOf("ada"), true) });
    const gone = done(said, "dan", remove("ada"));
    expect(verdict(gone, "bob", { state: withOwner(standingOf(gone), accountOf("bob")) })).toBe("owner-not-yours");
    const purged = done(gone, "dan", { state: currentState(standingOf(gone)) });
    expect(purged.state.owner).toBeNull();
    expect(verdict(purged, "bob", { state: { ...purged.state, owner: accountOf("bob"), admins: [] } })).toBe(
      "owner-not-yours",
    );
    expect(verdict(gone, "bob", { ...add("ada"), state: { ...gone.state, leaving: [] } })).toBe("owner-not-yours");
    expect(roleOf(standingOf(done(purged, "bob", add("ada"))), accountOf("ada"))).toBe("member");
    expect(verdict(purged, "bob", remove("dan"))).toBe("ok");
    expect(verdict(purged, "bob", remove("cy"))).toBe("removal-without-authority");
  });

  it("[GR13] the owner makes and unmakes admins; an admin may step down", () => {
    expect(done(choir, "ada", { state: withAdmin(standingOf(choir), accountOf("dan"), true) }).whatHappened).toEqual([
      { kind: "role", account: accountOf("dan"), from: "member", to: "admin" },
    ]);
    expect(verdict(choir, "ada", { state: withAdmin(standingOf(choir), accountOf("bob"), false) })).toBe("ok");
    expect(verdict(choir, "bob", { state: withAdmin(standingOf(choir), accountOf("bob"), false) })).toBe("ok");
    for (const [by, whom, is] of [
      ["bob", "cy", false],
      ["bob", "dan", true],
      ["dan", "dan", true],
      ["dan", "bob", false],
    ] as const) {
      expect(verdict(choir, by, { state: withAdmin(standingOf(choir), accountOf(whom), is) })).toBe(
        "role-without-authority",
      );
    }
  });

  it("[GR14] nobody is put on a list who is not in the group", () => {
    expect(verdict(choir, "ada", { state: withAdmin(standingOf(choir), accountOf("zoe"), true) })).toBe(
      "role-without-leaf",
    );
    expect(verdict(choir, "dan", { state: withLeaving(standingOf(choir), accountOf("zoe"), true) })).toBe(
      "role-without-leaf",
    );
  });

  it("[GR16] name, description and picture follow the permission", () => {
    const picture = { blob: hashOf("p"), key: hashOf("k"), size: 9 };
    for (const over of [{ name: "Quartet" }, { description: "Four" }, { picture }]) {
      expect(verdict(choir, "dan", changed(over))).toBe("ok");
      const closed: World = { ...choir, ...changed({ permissions: { ...OPEN_PERMISSIONS, info: "admins" } }) };
      expect(verdict(closed, "dan", { state: { ...closed.state, ...over } })).toBe("info-not-permitted");
      expect(verdict(closed, "bob", { state: { ...closed.state, ...over } })).toBe("ok");
    }
  });

  it("[GR17] links are made in one's own name by who may add, and only ever revoked", () => {
    const made = done(choir, "dan", { state: withLink(standingOf(choir), link("dan")) });
    expect(made.whatHappened).toEqual([
      { kind: "link-made", hash: link("dan").hash, needsApproval: false, expiresAt: null },
    ]);
    expect(verdict(choir, "eve", { state: withLink(standingOf(choir), link("dan")) })).toBe("link-not-permitted");
    expect(verdict(choir, "dan", { state: withLink(standingOf(choir), link("dan", { isRevoked: true })) })).toBe(
      "link-not-permitted",
    );
    const closed: World = { ...choir, ...changed({ permissions: { ...OPEN_PERMISSIONS, add: "admins" } }) };
    expect(verdict(closed, "dan", { state: withLink(standingOf(closed), link("dan")) })).toBe("link-not-permitted");

    const revoked = { state: withLinkRevoked(standingOf(made), link("dan").hash) };
    expect(verdict(made, "eve", revoked)).toBe("link-not-permitted");
    expect(verdict(made, "bob", revoked)).toBe("ok");
    const over = done(made, "dan", revoked);
    expect(over.whatHappened).toEqual([{ kind: "link-revoked", hash: link("dan").hash }]);
    expect(verdict(over, "dan", { state: made.state })).toBe("link-fixed-field");
    expect(verdict(made, "dan", { state: { ...made.state, links: [link("dan", { expiresAt: 5 })] } })).toBe(
      "link-fixed-field",
    );
    expect(verdict(made, "eve", { state: { ...made.state, links: [] } })).toBe("link-not-permitted");
    expect(verdict(made, "ada", { state: { ...made.state, links: [] } })).toBe("ok");
  });

  it("[GR17] revoked links give way to new ones", () => {
    const links = Array.from({ length: MAX_JOIN_LINKS }, (_, i) => link("dan", { hash: hashOf(`${i}`) }));
    const sorted = links.toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
    const full: World = { ...choir, ...changed({ links: sorted }) };
    const some = { ...full, state: withLinkRevoked(standingOf(full), hashOf("3")) };
    const next = withLink(standingOf(some), link("dan"));
    expect(next.links).toHaveLength(MAX_JOIN_LINKS);
    expect(verdict(some, "dan", { state: next })).toBe("ok");
  });

  it("[GR18] the rest is for admins", () => {
    const overs: readonly Partial<GroupState>[] = [
      { disappearAfter: 60 },
      { permissions: { ...OPEN_PERMISSIONS, write: "admins" } },
      { homeNodes: [...HOME, { address: "wss://b.example/", keyHash: new Uint8Array(32) }] },
      { capabilities: ["calls"] },
      { extensions: new Map([["later", 1]]) },
      { rejoin: withRejoinSeed(standingOf(choir), hashOf("next")).rejoin },
    ];
    for (const over of overs) {
      expect(verdict(choir, "dan", changed(over))).toBe("admins-only");
      expect(done(choir, "bob", changed(over)).whatHappened).toHaveLength(1);
    }
    expect(done(choir, "bob", changed({ extensions: new Map([["later", 1]]) })).whatHappened).toEqual([
      { kind: "extension", key: "later" },
    ]);
  });
});

// ---- over random groups and commits

const NAMES = ["ada", "bob", "cy", "dan", "eve"] as const;
const name = fc.constantFrom(...NAMES);
const device = fc.tuple(name, fc.constantFrom("", ".laptop")).map(([who, which]) => who + which);
const subset = fc.subarray([...NAMES]);

const worlds: fc.Arbitrary<World> = fc
  .record({ owner: fc.option(name), admins: subset, leaving: subset, leaves: fc.subarray([...NAMES].flatMap(two)) })
  .map(({ owner, admins, leaving, leaves }) => ({
    state: groupOf("ada", [], {
      owner: owner === null ? null : accountOf(owner),
      admins: sortedAccounts(admins.filter((one) => one !== owner).map(accountOf)),
      leaving: sortedAccounts(leaving.map(accountOf)),
    }),
    leaves: leavesOf(...leaves),
  }));

function two(who: string): readonly string[] {
  return [who, `${who}.laptop`];
}

type Edit = (group: ReturnType<typeof standingOf>, who: string) => GroupState;
const EDITS: readonly Edit[] = [
  (group, who) => withAdmin(group, accountOf(who), true),
  (group, who) => withAdmin(group, accountOf(who), false),
  (group, who) => withOwner(group, accountOf(who)),
  (group, who) => withLeaving(group, accountOf(who), true),
  (group, who) => withLeaving(group, accountOf(who), false),
  (group) => ({ ...currentState(group), name: "Other" }),
  (group) => group.state,
  (_group, who) =>
    groupOf(
      who,
      ["ada", "bob"].filter((one) => one !== who),
    ),
];

/** A group, and a commit that has a fair chance of being allowed: by somebody in it, with one or two changes. */
const scenes = worlds
  .filter(({ leaves }) => leaves.length > 1)
  .chain((world) => {
    const keys = world.leaves.map(({ leafKey }) => leafKey);
    const here = [...NAMES].flatMap(two).filter((one) => keys.includes(leafOf(one).leafKey));
    const shape = fc.constantFrom("remove", "add", "state", "add and state", "remove and add", "external", "all");
    return fc
      .record({
        by: fc.oneof({ arbitrary: fc.constantFrom(...here), weight: 9 }, device),
        removed: fc.subarray(here, { minLength: 1, maxLength: 2 }),
        added: fc.subarray(
          [...NAMES].flatMap(two).map((one) => `${one}+1`),
          { minLength: 1, maxLength: 2 },
        ),
        edit: fc.constantFrom(...EDITS),
        who: name,
        shape,
      })
      .map(({ by, removed, added, edit, who, shape: kind }) => {
        const has = (part: string): boolean => kind === "all" || kind.includes(part);
        const isExternal = kind === "external";
        return {
          world,
          by: isExternal ? `${by}+2` : by,
          over: {
            removed: leavesOf(...(isExternal ? [by] : has("remove") ? removed : [])),
            added: leavesOf(...(has("add") ? added : [])),
            isExternal,
            ...(has("state") ? { state: edit(standingOf(world), who) } : {}),
          },
        };
      });
  });

type Scene = typeof scenes extends fc.Arbitrary<infer T> ? T : never;
const attempt = ({ world, by, over }: Scene) => tried(world, by, over);

/** Calls back for every commit that was allowed; there are to be many of them, or nothing would be tried. */
function forAllowed(check: (scene: Scene, judged: JudgedCommit) => void): void {
  let allowed = 0;
  fc.assert(
    fc.property(scenes, (scene) => {
      const judged = attempt(scene);
      if (!judged.ok) return;
      allowed++;
      check(scene, judged.value);
    }),
    RUNS,
  );
  expect(allowed).toBeGreaterThan(RUNS.numRuns / 10);
}

const RUNS = { numRuns: 1_500 };

describe("whatever a group and a commit look like", () => {
  it("[GR5] two people can never remove each other, unless one says that they leave", () => {
    fc.assert(
      fc.property(worlds, name, name, (world, one, other) => {
        if (one === other) return;
        const isLeaving = [one, other].some((who) => world.state.leaving.includes(accountOf(who)));
        const removes = (by: string, whom: string): boolean =>
          two(by).some((a) => two(whom).some((b) => tried(world, a, remove(b)).ok));
        expect(!isLeaving && removes(one, other) && removes(other, one)).toBe(false);
      }),
      RUNS,
    );
  });

  it("[GR5] [GR13] nobody loses a leaf or a rank to an equal or an inferior", () => {
    forAllowed(({ world }, { by, after, leaves }) => {
      const [old, next] = [standingOf(world), standing(after, leaves)];
      for (const who of NAMES.map(accountOf)) {
        const mayLose = who === by || old.state.leaving.includes(who) || rankOf(old, by) > rankOf(old, who);
        const count = (all: typeof leaves): number => all.filter(({ account }) => account === who).length;
        if (rankOf(next, who) < rankOf(old, who) || count(leaves) < count(world.leaves)) expect(mayLose).toBe(true);
      }
    });
  });

  it("[GR12] [GR13] nobody rises but by the owner's will, and there is never a second owner", () => {
    forAllowed(({ world }, { by, after, leaves }) => {
      const [old, next] = [standingOf(world), standing(after, leaves)];
      for (const who of NAMES.map(accountOf)) {
        const hasRisen = rankOf(next, who) > Math.max(rankOf(old, who), RANK.member);
        if (hasRisen) expect(rankOf(old, by)).toBe(RANK.owner);
      }
      expect(NAMES.filter((who) => rankOf(next, accountOf(who)) === RANK.owner).length).toBeLessThanOrEqual(1);
    });
  });

  it("[GR6] [GR7] nobody gets another device but by themselves, and no device two leaves", () => {
    forAllowed(({ world }, { by, leaves }) => {
      const before = new Set(world.leaves.map(({ leafKey }) => leafKey));
      for (const leaf of leaves.filter(({ leafKey }) => !before.has(leafKey))) {
        if (world.leaves.some(({ account }) => account === leaf.account)) expect(leaf.account).toBe(by);
      }
      const devices = leaves.map(({ deviceKey }) => deviceKey);
      expect(new Set(devices).size).toBe(devices.length);
    });
  });

  it("[GR3] [GR14] no commit takes out and changes the state, and none leaves a role without a leaf", () => {
    forAllowed(({ over }, { after, leaves }) => {
      expect(over.removed.length > 0 && over.state !== undefined).toBe(false);
      if (over.state !== undefined) expect(currentState(standing(after, leaves))).toEqual(after);
    });
  });

  it("[GR20] what happened is told whenever anything did", () => {
    forAllowed(({ world, over }, { after, leaves, whatHappened }) => {
      const isMoved = leaves.some(({ leafKey }, i) => leafKey !== world.leaves[i]?.leafKey);
      // That a wish to leave went with who had it needs no line of its own.
      const left = world.state.leaving.filter((who) => leaves.some(({ account }) => account === who));
      const isChanged = over.state !== undefined && !isSameValue({ ...world.state, leaving: left }, after);
      expect(whatHappened.length > 0).toBe(isMoved || leaves.length !== world.leaves.length || isChanged);
    });
  });
});
