/** Where a session begins: with a group that was made, joined by a Welcome, or come back to from outside. */
import { expectOk } from "@xchat/codec";
import {
  decodeGroupState,
  epochRanks,
  readLeaves,
  standing,
  startFork,
  type ForkSession,
  type Group,
  type Hex,
} from "@xchat/protocol";
import { deriveEpochPlace } from "./groups.ts";
import type { ForkRoot, ForkState, Knock } from "./state.ts";
import { forkMember } from "./weigh.ts";
import { ForkWork, type ForkDeps } from "./work.ts";

export interface ForkBeginning {
  readonly conversation: Hex;
  /** `carryOver` of the session before, for a device that comes back. */
  readonly carried?: Pick<ForkSession, "undone" | "intents">;
  readonly knock?: Knock | null;
}

/**
 * A work whose changes are those of the beginning. The root is named as its members name it (`EpochPlace.name`): which commit
 * led there a newcomer does not know. Of a session before nothing stays but its proofs.
 */
export async function beginFork(
  deps: ForkDeps,
  group: Group,
  { conversation, carried, knock = null }: ForkBeginning,
): Promise<ForkWork> {
  const members = deps.cipher.members(group);
  const own = members.find(({ leaf }) => leaf === group.ownLeaf);
  if (own === undefined) throw new TypeError("a group without this device");
  const { leaf: self, account } = forkMember(own);
  const root = await rootOf(deps, group);
  const session = startFork(self, { id: root.id, homeNodes: root.homeNodes, roles: root.roles }, carried);
  const state: ForkState = {
    conversation,
    ownAccount: account,
    session,
    root,
    commits: new Map(),
    receipts: new Map(),
    allowed: [],
    knock,
  };
  const work = new ForkWork(deps, state, group, null);
  await work.take({ kind: "tick" });
  return work;
}

async function rootOf(deps: ForkDeps, group: Group): Promise<ForkRoot> {
  const { cipher } = deps;
  const members = cipher.members(group);
  const state = expectOk(decodeGroupState(cipher.policy(group)), "state of a group");
  const leaves = readLeaves(members);
  if (leaves === null) throw new TypeError("a leaf without an account");
  const place = await deriveEpochPlace(deps, group, state.homeNodes);
  return { id: place.name, place, ...epochRanks(standing(state, leaves)), members: members.map(forkMember) };
}
