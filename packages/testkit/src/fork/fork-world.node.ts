/** People with a device each in one group, three home nodes, and a clock that stands still until it is moved. */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import {
  encodeCommitNote,
  encodeGroupState,
  newGroupState,
  withAdmin,
  readLeaves,
  standing,
  type KeyPackageBundle,
} from "@xchat/protocol";
import { ForkDevice, joined, newAccount, type World } from "./fork-device.node.ts";
import { seeded, type Random } from "./random.ts";
import { SlotNode } from "./slot-node.node.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export class ForkWorld {
  readonly random: Random;
  readonly nodes: SlotNode[] = [];
  readonly devices = new Map<string, ForkDevice>();
  readonly #bundles = new Map<string, KeyPackageBundle>();
  #now = Date.UTC(2026, 10, 1);
  readonly world: World;

  constructor(seed: number) {
    this.random = seeded(seed);
    this.world = {
      provider: nodeCryptoProvider(),
      nodes: this.nodes,
      now: () => this.#now,
      random: () => this.random.next(),
      keyPackageOf: async (who) => {
        const device = await this.#device(who);
        const bundle = await device.newKeyPackage();
        this.#bundles.set(who, bundle);
        return bundle.keyPackage;
      },
      welcome: async (names, welcome) => {
        for (const name of names) {
          await joined(await this.#device(name), welcome, this.#bundles.get(name) as KeyPackageBundle);
        }
      },
    };
  }

  /** The first is the owner, `admins` of the others are admins; all stand in the epoch after the addition. */
  static async of(seed: number, names: readonly string[], admins: readonly string[] = []): Promise<ForkWorld> {
    const made = new ForkWorld(seed);
    const { world } = made;
    for (const name of ["n1", "n2", "n3"]) made.nodes.push(await SlotNode.named(world.provider, name));
    const [first, ...others] = names as [string, ...string[]];
    const owner = await made.#device(first);
    const keyPackage = await owner.newKeyPackage();
    const state = newGroupState({
      owner: owner.account.accountId,
      homeNodes: made.nodes.map(({ hint }) => hint),
      name: "Choir",
      rejoinSeed: "ab".repeat(32),
    });
    const group = await owner.cipher.createGroup({
      groupId: world.provider.sha256(new TextEncoder().encode(`group ${seed}`)),
      keyPackage,
      policy: encodeGroupState(state),
    });
    const add = await Promise.all(others.map(world.keyPackageOf));
    const leaves = readLeaves(owner.cipher.members(group)) ?? [];
    const accounts = await Promise.all(admins.map(async (name) => (await made.#device(name)).account.accountId));
    const withAdmins = accounts.reduce((next, id) => withAdmin(standing(next, leaves), id, true), state);
    const authenticatedData = encodeCommitNote({ place: null, cut: [], unknown: [] });
    const added = await owner.cipher.commit(group, { add, authenticatedData });
    let present = added.group;
    if (admins.length > 0) {
      const all = readLeaves(owner.cipher.members(present)) ?? [];
      const named = await owner.cipher.commit(present, {
        policy: encodeGroupState({
          ...withAdmins,
          admins: withAdmins.admins.filter((id) => all.some(({ account }) => account === id)),
        }),
        authenticatedData,
      });
      for (const name of others) {
        const device = await made.#device(name);
        const at = await device.cipher.join(added.welcome as Uint8Array, made.#bundles.get(name) as KeyPackageBundle);
        if (!at.ok) throw new Error(at.error.reason);
        const on = await device.cipher.open(at.value, named.commit);
        if (!on.ok) throw new Error(on.error.detail ?? on.error.reason);
        await device.begin(on.value.group);
      }
      present = named.group;
    } else await world.welcome(others, added.welcome as Uint8Array);
    await owner.begin(present);
    return made;
  }

  async #device(name: string): Promise<ForkDevice> {
    const known = this.devices.get(name);
    if (known !== undefined) return known;
    const device = new ForkDevice(this.world, await newAccount(this.world, name));
    this.devices.set(name, device);
    return device;
  }

  get(name: string): ForkDevice {
    return this.devices.get(name) as ForkDevice;
  }

  get members(): readonly ForkDevice[] {
    return [...this.devices.values()].filter(({ isMember }) => isMember);
  }

  get outside(): readonly ForkDevice[] {
    return [...this.devices.values()].filter((one) => one.isBegun && one.state.session.standing === "outside");
  }

  /** Moves the clock; whoever is online reads, and hears the others. */
  async pass(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
    for (const device of this.outside.filter(({ isOnline }) => isOnline)) {
      await device.comeBack(this.members.filter((other) => other.isOnline && other.state.knock === null));
    }
    for (const device of this.members) if (device.state.knock !== null && device.isOnline) await device.repeatKnock();
    const online = this.members.filter(({ isOnline }) => isOnline);
    for (const device of this.random.shuffle(online)) if (device.isMember) await device.poll();
    for (const device of this.members.filter(({ isOnline }) => isOnline)) {
      for (const other of this.members) {
        if (other.state.knock === null && other !== device && other.isOnline && device.isMember && other.isMember)
          await device.hear(other);
      }
      await device.act();
    }
  }

  /** Until nothing changes any more, or `rounds` are over. */
  async settle(rounds = 40): Promise<void> {
    for (let i = 0; i < rounds; i++) await this.pass(i < 20 ? 10_000 : 10 * MINUTE);
  }
}
