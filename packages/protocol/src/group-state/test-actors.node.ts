/** People, leaves and groups for the tests of group state; everything comes from names. */
import { createHash } from "node:crypto";
import { accountIdOfBytes, type AccountId } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";
import { filled } from "../hostile-input.node.ts";
import type { CommitDescription } from "./judge.ts";
import { judgeCommit, type JudgedCommit } from "./judge.ts";
import type { ChainRules, GroupLeaf } from "./leaf.ts";
import { standing, type Standing } from "./roles.ts";
import { encodeGroupState, newGroupState, sortedAccounts, type GroupState } from "./state.ts";

export const hashOf = (text: string): Hex => createHash("sha256").update(text).digest("hex");

const accounts = new Map<string, AccountId>();
export function accountOf(name: string): AccountId {
  const made = accounts.get(name) ?? accountIdOfBytes(createHash("sha256").update(`account ${name}`).digest());
  accounts.set(name, made);
  return made;
}

const leaves = new Map<string, GroupLeaf>();
/** "ada" is the first device of Ada, "ada.laptop" another, "ada.laptop+1" a second leaf of that one. */
export function leafOf(name: string): GroupLeaf {
  const device = name.split("+")[0] as string;
  const made: GroupLeaf = leaves.get(name) ?? {
    account: accountOf(device.split(".")[0] as string),
    deviceKey: hashOf(`device ${device}`),
    leafKey: hashOf(`leaf ${name}`),
    chain: new Uint8Array(0),
  };
  leaves.set(name, made);
  return made;
}

export const leavesOf = (...names: readonly string[]): readonly GroupLeaf[] => names.map(leafOf);

/** Chains in which nobody has removed anything. */
export const quietChains: ChainRules = { admits: () => true, hasReplaced: () => false };

export const HOME = [{ address: "wss://node.example/", keyHash: filled(32, 40) }];

export const groupOf = (owner: string, admins: readonly string[] = [], over: Partial<GroupState> = {}): GroupState => ({
  ...newGroupState({ owner: accountOf(owner), homeNodes: HOME, name: "Choir", rejoinSeed: hashOf("seed") }),
  admins: sortedAccounts(admins.map(accountOf)),
  ...over,
});

export interface World {
  readonly state: GroupState;
  readonly leaves: readonly GroupLeaf[];
}

export const standingOf = ({ state, leaves }: World): Standing => standing(state, leaves);

type Over = Partial<Omit<CommitDescription, "state" | "committer">> & { readonly state?: GroupState | Uint8Array };

/** The judgement of a commit by the leaf of that name. */
export function tried(
  { state, leaves }: World,
  by: string,
  over: Over = {},
  chains: ChainRules = quietChains,
): ReturnType<typeof judgeCommit> {
  const next = over.state;
  return judgeCommit(
    state,
    leaves,
    {
      committer: leafOf(by),
      added: [],
      removed: [],
      isExternal: false,
      ...over,
      state: next === undefined ? null : next instanceof Uint8Array ? next : encodeGroupState(next),
    },
    chains,
  );
}

/** The reason of the refusal, or "ok". */
export const verdict = (...args: Parameters<typeof tried>): string => {
  const judged = tried(...args);
  return judged.ok ? "ok" : judged.error.reason;
};

export function done(...args: Parameters<typeof tried>): JudgedCommit & World {
  const judged = tried(...args);
  if (!judged.ok) throw new Error(`refused: ${judged.error.reason}`);
  return { ...judged.value, state: judged.value.after };
}
