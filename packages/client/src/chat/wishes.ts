/** Wishes of a chat (spec/group.md, section 8) as they lie in the store, and the answers that the law gives to them. */
import {
  bool,
  bytes,
  bytesToHex,
  hexBytes,
  list,
  nullable,
  struct,
  text,
  uint,
  variants,
  word,
  type Codec,
} from "@xchat/codec";
import {
  accountIdCodec,
  MAX_GROUP_LEAVES,
  MAX_PICTURE_BYTES,
  mayAct,
  nodeHintCodec,
  planCommit,
  prepareOwn,
  readLeaf,
  standing,
  type GroupLeaf,
  type Situation,
  type StateChange,
  type WishedChange,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { ownAccount } from "./authors.ts";
import type { Step } from "./step.ts";

export const MAX_WISHES = 64;

const hash = hexBytes(32);
const link = struct({
  hash,
  seed: hash,
  by: accountIdCodec,
  needsApproval: bool,
  expiresAt: nullable(uint()),
  isRevoked: bool,
});

const stateChangeCodec: Codec<StateChange> = variants({
  info: [0, { name: nullable(text(256)), description: nullable(text(1_000)) }],
  picture: [9, { picture: nullable(struct({ blob: hash, key: hash, size: uint(MAX_PICTURE_BYTES) })) }],
  role: [1, { account: accountIdCodec, role: word("owner", "admin", "member") }],
  permission: [2, { name: word("write", "add", "info", "pin"), holder: word("everyone", "admins", "owner") }],
  timer: [3, { seconds: nullable(uint(0xffff_ffff)) }],
  link: [4, { link }],
  "link-revoked": [5, { hash }],
  "rejoin-seed": [6, { seed: hash, after: uint() }],
  leaving: [7, { isLeaving: bool }],
  accept: [8, { homeNodes: list(nodeHintCodec, { min: 1, max: 3 }) }],
});

const changeCodec: Codec<WishedChange> = variants({
  add: [0, { account: accountIdCodec, keyPackages: list(bytes({ max: 20_000 }), { max: 8 }) }],
  remove: [1, { account: accountIdCodec }],
  "remove-devices": [2, { deviceKeys: list(hash, { max: 8 }) }],
  update: [3, { after: uint() }],
  state: [4, { change: stateChangeCodec }],
});

export interface Wish {
  readonly id: string;
  readonly change: WishedChange;
}

export const wishesCodec: Codec<readonly Wish[]> = list(struct({ id: text(64), change: changeCodec }), {
  max: MAX_WISHES,
});

/** Puts a wish at the end of the list. @throws IntentError with "group-too-large" when it is full. */
export function wish(step: Step, change: WishedChange): void {
  const { wishes } = step.state.shared;
  if (wishes.length >= MAX_WISHES) throw new IntentError("group-too-large");
  const id = bytesToHex(step.core.provider.randomBytes(8));
  step.setShared({ wishes: [...wishes, { id, change }] });
}

/** The word by which the law refuses it now, or null. */
export async function refusalOf(step: Step, change: WishedChange): Promise<string | null> {
  const { side } = step.state;
  if (change.kind === "add" && change.keyPackages.length === 0) {
    const group = standing(side.state, side.leaves);
    if (!mayAct(group, ownAccount(step.core), side.state.permissions.add)) return "addition-not-permitted";
    return side.leaves.length + step.state.shared.wishes.length >= MAX_GROUP_LEAVES ? "too-many-leaves" : null;
  }
  const plan = planCommit(await situationOf(step, [change]), [change]);
  return plan.ok ? null : plan.error.reason;
}

/** One that waits for key packages of somebody holds up nothing. */
export const isWaiting = ({ change }: Wish): boolean => change.kind === "add" && change.keyPackages.length === 0;

/** The present epoch, as wishes are measured against it. */
export async function situationOf(step: Step, wishes: readonly WishedChange[]): Promise<Situation> {
  const { cipher } = step.core;
  const { group, side, log } = step.state;
  const members = cipher.members(group);
  const indices = new Map(members.map(({ leaf, signatureKey }) => [bytesToHex(signatureKey), leaf]));
  const newcomers = new Map<Uint8Array, GroupLeaf | null>();
  for (const change of wishes) {
    for (const keyPackage of change.kind === "add" ? change.keyPackages : []) {
      const member = await cipher.inspectKeyPackage(keyPackage);
      newcomers.set(keyPackage, member.ok ? readLeaf(member.value) : null);
    }
  }
  const { depth } = prepareOwn(log);
  const tip = log.authors.get(log.self)?.tip ?? null;
  return {
    ...side,
    epoch: group.epoch,
    self: side.leaves.find(({ leafKey }) => leafKey === log.self) as GroupLeaf,
    indexOf: (leafKey) => indices.get(leafKey) as number,
    newestOf: (leafKey) => log.authors.get(leafKey)?.tip?.sequence ?? null,
    leafOf: (keyPackage) => newcomers.get(keyPackage) ?? null,
    place: { depth, previous: tip === null ? null : { sequence: tip.sequence, id: tip.id } },
  };
}
