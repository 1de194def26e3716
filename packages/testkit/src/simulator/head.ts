/** Where a device stands in a conversation: the epoch, and a secret that only who is in that very epoch can make. */
import { bytesToHex } from "@xchat/codec";
import type { Group, GroupCipher } from "@xchat/protocol";
import { claimedLeaf } from "@xchat/protocol";
import { mlsGroupCipher } from "@xchat/mls";
import type { SimDevice } from "./device.ts";
import type { World } from "./world.ts";

export async function headOf(world: World, device: SimDevice, chat: string): Promise<string> {
  const found = await groupOf(world, device, chat);
  if (found === null) return "nowhere";
  const { cipher, group } = found;
  const secret = await cipher.exportSecret(group, "simulation", new Uint8Array(0), 8);
  return `epoch ${group.epoch} ${bytesToHex(secret)}`;
}

/** Keys, in the chains of their accounts, of the devices that are in the epoch that this one is in. */
export async function devicesIn(world: World, device: SimDevice, chat: string): Promise<ReadonlySet<string>> {
  const found = await groupOf(world, device, chat);
  if (found === null) return new Set();
  const claims = found.cipher.members(found.group).map(({ credential }) => claimedLeaf(credential));
  return new Set(claims.flatMap((claim) => (claim.ok ? [bytesToHex(claim.value.deviceKey)] : [])));
}

async function groupOf(
  world: World,
  device: SimDevice,
  chat: string,
): Promise<{ readonly cipher: GroupCipher; readonly group: Group } | null> {
  const record = await device.peek(chat);
  if (record === null) return null;
  const cipher = mlsGroupCipher({ provider: world.plainProvider, rules: NO_RULES });
  return { cipher, group: cipher.restore(record) };
}

/** Nothing is judged here: it is only looked at. */
const NO_RULES = {
  verifyCredential: async () => true,
  isSuccessor: () => true,
  judgeCommit: () => null,
  now: () => 0,
};
