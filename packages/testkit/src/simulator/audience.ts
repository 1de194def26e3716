/**
 * Whom a word is for, by what its author's device has saved when it is written (IN4, IN9): where people have several
 * devices, those that are in the epoch that it stands in and have begun to read, and the first of each of two.
 */
import type { SimDevice } from "./device.ts";
import { devicesIn } from "./head.ts";
import type { Audience } from "./ledger.ts";
import type { World } from "./world.ts";

/** Null in a chat of two with one device each. */
export async function audienceOf(world: World, device: SimDevice, chat: string): Promise<Audience | null> {
  const { groups, household } = world;
  const ids = await devicesIn(world, device, chat);
  const ofPeople = groups.audienceOf(device, chat);
  const counted = new Set([...ids].map((id) => household.nameOf(id)));
  const reading = new Set(world.devices.filter((one) => isReading(world, one, chat)).map(({ name }) => name));
  const out = new Set([...household.out].map(({ name }) => name));
  const founders = world.foundersOf(chat);
  return {
    isOwed: (name) => {
      if (ofPeople === null) return founders.has(name) || (counted.has(name) && reading.has(name));
      return ofPeople.isOwed(name) && counted.has(name) && reading.has(name);
    },
    isHidden: (name) => ofPeople?.isHidden(name) === true || (out.has(name) && !counted.has(name)),
  };
}

function isReading({ chats, groups }: World, device: SimDevice, chat: string): boolean {
  const isThis = ({ id, state }: { readonly id: string; readonly state: string }): boolean =>
    id === chat && state === "active";
  return (chats.get(device) ?? []).some(isThis) || groups.chatsOf(device).some(isThis);
}
