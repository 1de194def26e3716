/** The leaves of a group as its rules see them: whose they are, and what their identity chains say of each other. */
import { bytesToHex } from "@xchat/codec";
import type { Member } from "../group/port.ts";
import type { AccountId } from "../identity/account-id.ts";
import { claimedLeaf } from "../identity/certificate.ts";
import { devicesWhileConflicting, extendsChain, listedDevices } from "../identity/fork.ts";
import type { Hex } from "../log/state.ts";

export interface GroupLeaf {
  readonly account: AccountId;
  readonly deviceKey: Hex;
  readonly leafKey: Hex;
  readonly chain: Uint8Array;
}

/** What two verified chains of one account say. Given as an argument so that a model of them can be tested. */
export interface ChainRules {
  /** May `newcomer` come in beside `present`, a leaf of the same account? Not when that one's chain has removed its device. */
  readonly admits: (present: GroupLeaf, newcomer: GroupLeaf) => boolean;
  /** True when the newcomer's chain no longer lists the device of `old`, and goes on from it. */
  readonly hasReplaced: (old: GroupLeaf, newcomer: GroupLeaf) => boolean;
}

export const identityChains: ChainRules = {
  admits(present, newcomer) {
    const extension = extendsChain(present.chain, newcomer.chain);
    if (extension.ok) return true;
    const { reason } = extension.error;
    if (reason === "conflicting-chains")
      return listsDevice(devicesWhileConflicting(present.chain, newcomer.chain), newcomer);
    // The newcomer has not caught up: its device is in only where the chain that is known here lists it (ID21).
    const isBehind = reason === "chain-rolled-back" || reason === "chain-overruled";
    return isBehind && listsDevice(listedDevices(present.chain), newcomer);
  },
  hasReplaced(old, newcomer) {
    const listed = listedDevices(newcomer.chain);
    return extendsChain(old.chain, newcomer.chain).ok && listed.ok && !listsDevice(listed, old);
  },
};

/** For `GroupRules.mayRejoin`: what GR4 asks beyond the account is judged with the commit. */
export function isSameAccount(credential: Uint8Array, successor: Uint8Array): boolean {
  const [old, newcomer] = [claimedLeaf(credential), claimedLeaf(successor)];
  return old.ok && newcomer.ok && old.value.accountId === newcomer.value.accountId;
}

/**
 * What the member's credential claims; it has been verified by then. `null` for one that cannot be read.
 *
 * Credentials are never changed in place, so what was read once stays true: reading 750 anew for each commit would cost
 * more than the rest of the judgement.
 */
export function readLeaf(member: Member): GroupLeaf | null {
  const leafKey = bytesToHex(member.signatureKey);
  const known = leaves.get(member.credential);
  if (known?.leafKey === leafKey) return known;
  const claimed = claimedLeaf(member.credential);
  if (!claimed.ok) return null;
  const { accountId, deviceKey, chain } = claimed.value;
  const leaf: GroupLeaf = { account: accountId, deviceKey: bytesToHex(deviceKey), leafKey, chain };
  leaves.set(member.credential, leaf);
  return leaf;
}

/** `null` when one of them cannot be read. */
export function readLeaves(members: readonly Member[]): readonly GroupLeaf[] | null {
  const read = members.map(readLeaf).filter((leaf) => leaf !== null);
  return read.length === members.length ? read : null;
}

const leaves = new WeakMap<Uint8Array, GroupLeaf>();

const listsDevice = (listed: ReturnType<typeof listedDevices>, leaf: GroupLeaf): boolean =>
  listed.ok && listed.value.some(({ deviceKey }) => bytesToHex(deviceKey) === leaf.deviceKey);
