/**
 * Frozen cases of the fork rule (`spec/vectors/fork-rule.json`): facts, and what must be decided. Ids are short here.
 * `XCHAT_WRITE_VECTORS=1` writes them anew, which is a change of the law.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Role } from "../conversation/policy.ts";
import { decide, type Decision } from "./decide.ts";
import type { Candidate, EpochPolicy, ForkFacts, Hex } from "./facts.ts";

const HOME = ["e1", "e2", "e3"];
const ROLES: readonly (readonly [Hex, Role])[] = [
  ["0f", "owner"],
  ["0a", "admin"],
  ["0b", "admin"],
];
const POLICY: EpochPolicy = { homeNodes: HOME, roles: new Map(ROLES) };
/** Accounts: 0f the owner, 0a and 0b admins, 01 and 02 members; leaf keys are the account and a device. */
const account = (author: Hex): Hex => author.slice(0, 2);

interface Short extends Partial<Omit<Candidate, "id" | "parent" | "author">> {
  /** Event number. */
  readonly after?: number;
  /** Nodes that gave it the slot. */
  readonly signed?: readonly Hex[];
}

const commit = (
  id: Hex,
  parent: Hex,
  author: Hex,
  more: Short = {},
): { readonly candidate: Candidate; readonly signed: readonly Hex[] } => {
  const { after, signed = [], ...fields } = more;
  const previous = after === undefined ? null : { sequence: after, id: `${author}${after}` };
  const base = {
    id,
    parent,
    author,
    account: account(author),
    kind: "update",
    isDecree: false,
    previous,
    rank: id,
  } as const;
  return { candidate: { ...base, removes: [], policy: POLICY, ...fields }, signed };
};

const removing = (leaf: Hex): Short => ({
  kind: "removal",
  isDecree: true,
  removes: [{ leaf, account: account(leaf) }],
});

function facts(commits: readonly ReturnType<typeof commit>[], forkedAuthors: readonly Hex[] = []): ForkFacts {
  const receipts = commits.flatMap(({ candidate: { id, parent }, signed }) =>
    signed.map((node) => ({ node, epoch: parent, hash: `ff${id}`, candidate: id })),
  );
  return {
    root: { id: "00", ...POLICY },
    candidates: commits.map(({ candidate }) => candidate),
    receipts,
    forkedAuthors,
  };
}

const SLOTS = { signed: HOME };

const CASES: Record<string, ForkFacts> = {
  "[FR11] nothing but order: the least rank": facts([commit("21", "00", "0101"), commit("11", "00", "0201")]),
  "[FR11] one rank, the least id": facts([
    commit("21", "00", "0101", { rank: "05", after: 1 }),
    commit("22", "00", "0101", { rank: "05", after: 1 }),
  ]),
  "[FR9] the one with a certificate": facts([
    commit("11", "00", "0101"),
    commit("21", "00", "0201", { signed: ["e1", "e2"] }),
  ]),
  "[FR9] receipts that are no certificate say nothing": facts([
    commit("11", "00", "0101"),
    commit("21", "00", "0201", { signed: ["e1"] }),
  ]),
  "[FR3] a node that is none of the epoch's": facts([
    commit("11", "00", "0101"),
    commit("21", "00", "0201", { signed: ["e1", "e9"] }),
  ]),
  "[FR6] [FR9] two certificates: the one with an innocent node more": facts([
    commit("11", "00", "0a01", { kind: "policy", signed: ["e2", "e3"] }),
    commit("21", "00", "0201", SLOTS),
  ]),
  "[FR10] a change of policy before an update": facts([
    commit("11", "00", "0101"),
    commit("21", "00", "0a01", { kind: "policy" }),
  ]),
  "[FR10] further on in the branch as well": facts([
    commit("11", "00", "0101"),
    commit("21", "00", "0201"),
    commit("31", "21", "0a01", { kind: "policy" }),
  ]),
  "[FR10] never by length": facts([
    commit("11", "00", "0101"),
    commit("21", "00", "0201"),
    commit("31", "21", "0201", { after: 1 }),
    commit("41", "31", "0201", { after: 2 }),
  ]),
  "[FR8] a removal by the owner, against a certificate": facts([
    commit("21", "00", "0f01", removing("0a01")),
    commit("11", "00", "0a01", SLOTS),
  ]),
  "[FR8] and from further on in the branch, against an accomplice": facts([
    commit("21", "00", "0201"),
    commit("31", "21", "0f01", removing("0a01")),
    commit("11", "00", "0101", SLOTS),
    commit("12", "11", "0a01", { ...removing("0201"), signed: HOME }),
  ]),
  "[FR8] between equals it does not count": facts([
    commit("11", "00", "0a01", removing("0101")),
    commit("21", "00", "0b01", SLOTS),
  ]),
  "[FR8] leaving is no decree": facts([
    commit("11", "00", "0f01", { kind: "removal", removes: [{ leaf: "0f02", account: "0f" }] }),
    commit("21", "00", "0101", SLOTS),
  ]),
  "[FR7] who rose in the branch has the level of who raised them": facts([
    commit("21", "00", "0f01", {
      kind: "policy",
      policy: {
        homeNodes: HOME,
        roles: new Map([
          ["0f", "admin"],
          ["0a", "admin"],
          ["01", "owner"],
        ]),
      },
    }),
    commit("31", "21", "0101", removing("0a01")),
    commit("11", "00", "0a01", SLOTS),
  ]),
  "[FR7] and no more than that": facts([
    commit("11", "00", "0a01", { kind: "policy", policy: { homeNodes: HOME, roles: new Map([["01", "owner"]]) } }),
    commit("12", "11", "0101", removing("0f01")),
    commit("21", "00", "0b01", SLOTS),
  ]),
  "[FR7] an external commit has no level": facts([
    commit("11", "00", "0a01", SLOTS),
    commit("12", "11", "0f09", { kind: "external", removes: [{ leaf: "0f02", account: "0f" }], signed: HOME }),
    commit("21", "00", "0f01", removing("0a01")),
  ]),
  "[FR5] who went back has no force": facts([
    commit("21", "00", "0101", SLOTS),
    commit("31", "21", "0a01", { after: 1, signed: HOME }),
    commit("11", "00", "0a01", { ...removing("0101"), after: 4 }),
  ]),
  "[FR5] a fork of one's own chain takes the force of a decree": facts(
    [commit("11", "00", "0f01", removing("0a01")), commit("21", "00", "0a01", SLOTS)],
    ["0f01"],
  ),
  "[FR5] and not the protection of the branch": facts([
    commit("21", "00", "0f01", { kind: "policy", signed: HOME, after: 1 }),
    commit("22", "00", "0f01", { kind: "update", after: 1 }),
    commit("11", "00", "0a01", removing("0101")),
  ]),
  "[FR3] what hangs in the air is not there": facts([
    commit("11", "00", "0101"),
    commit("31", "21", "0f01", removing("0101")),
  ]),
};

const policyOut = ({ homeNodes, roles }: EpochPolicy): unknown => ({ homeNodes, roles: Object.fromEntries(roles) });
const factsOut = ({ root, candidates, ...rest }: ForkFacts): unknown => ({
  root: { id: root.id, ...(policyOut(root) as object) },
  candidates: candidates.map((one) => ({ ...one, policy: policyOut(one.policy) })),
  ...rest,
});
const decisionOut = ({ path, verdicts, evidence }: Decision): unknown => ({
  path,
  rules: verdicts.map(({ by }) => by),
  evidence: evidence.map(({ kind }) => kind),
});

const made = Object.entries(CASES).map(([name, one]) => ({
  name,
  facts: factsOut(one),
  decision: decisionOut(decide(one)),
}));
const path = new URL("../../../../spec/vectors/fork-rule.json", import.meta.url);
if (process.env["XCHAT_WRITE_VECTORS"] === "1") writeFileSync(path, `${JSON.stringify(made, null, 1)}\n`);

describe("frozen cases of the fork rule", () => {
  expect(existsSync(path), `${path.pathname} is missing`).toBe(true);
  const frozen = JSON.parse(readFileSync(path, "utf8")) as {
    readonly name: string;
    readonly decision: { path: readonly Hex[] };
  }[];
  it("are all there", () => expect(frozen.map(({ name }) => name)).toEqual(Object.keys(CASES)));
  for (const [i, { name }] of made.entries()) it(name, () => expect(made[i]).toEqual(frozen[i]));
});
