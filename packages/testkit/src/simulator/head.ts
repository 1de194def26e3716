/** Where a device stands in a conversation: the epoch, and a secret that only who is in that very epoch can make. */
import { bytesToHex } from "@xchat/codec";
import { mlsGroupCipher } from "@xchat/mls";
import type { SimDevice } from "./device.ts";
import type { World } from "./world.ts";

export async function headOf(world: World, device: SimDevice, chat: string): Promise<string> {
  const record = await device.store?.get("group", chat);
  if (record === undefined || record === null) return "nowhere";
  const cipher = mlsGroupCipher({ provider: world.plainProvider, rules: NO_RULES });
  const group = cipher.restore(record);
  const secret = await cipher.exportSecret(group, "simulation", new Uint8Array(0), 8);
  return `epoch ${group.epoch} ${bytesToHex(secret)}`;
}

/** Nothing is judged here: it is only looked at. */
const NO_RULES = {
  verifyCredential: async () => true,
  isSuccessor: () => true,
  judgeCommit: () => null,
  now: () => 0,
};
