/**
 * What a world knows of the devices of its people: which of them belong to somebody's account, which were to be removed,
 * who has a link under way, and which leaves a device has in a conversation.
 *
 * A person changes the list of their devices on one that shows the newest list, and only one thing at a time: two lists
 * that part wait for the 24 words (ID12), and nobody types those here.
 */
import type { DevicesView, LinkView } from "@xchat/client/api";
import type { SimDevice } from "./device.ts";

/** After which nobody goes on with a link: its code has expired, and both have given up (spec/devices.md, section 5). */
const LINK_LIFE = 20 * 60_000;

export interface Linking {
  readonly existing: SimDevice;
  readonly fresh: SimDevice;
  readonly since: number;
}

export class Household {
  readonly #now: () => number;
  readonly #views = new Map<SimDevice, DevicesView>();
  readonly #links = new Map<SimDevice, LinkView>();
  /** By the key of a device in its account's chain. */
  readonly #byId = new Map<string, SimDevice>();
  readonly #blank = new Set<SimDevice>();
  readonly #out = new Set<SimDevice>();
  /** By the device on which it was asked for. */
  readonly #removing = new Map<SimDevice, readonly string[]>();
  readonly #linking = new Map<string, Linking>();
  /** By person: where they changed the list last. None for whoever has always had one device. */
  readonly #lastBy = new Map<string, SimDevice>();
  /** People who have removed a device: their invitations before that are void (DV30). */
  readonly #removers = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  // ---- what happens

  /** A machine that belongs to nobody yet. */
  isNew(device: SimDevice): void {
    this.#blank.add(device);
  }

  showsProfile(device: SimDevice, isThere: boolean): void {
    if (isThere) this.#blank.delete(device);
    else if (device.isSpare) this.#blank.add(device);
  }

  shows(device: SimDevice, view: DevicesView): void {
    this.#views.set(device, view);
    const own = view.devices.find(({ isThis }) => isThis);
    if (own !== undefined) this.#byId.set(own.id, device);
    for (const id of this.#removing.get(device) ?? []) {
      const removed = this.#byId.get(id);
      if (removed !== undefined && !view.devices.some((one) => one.id === id)) this.#out.add(removed);
    }
  }

  showsLink(device: SimDevice, view: LinkView): void {
    this.#links.set(device, view);
  }

  begins(existing: SimDevice, fresh: SimDevice): void {
    this.#linking.set(existing.person, { existing, fresh, since: this.#now() });
    this.#lastBy.set(existing.person, existing);
  }

  /** The story of a link is over; the device shows what has come of it. */
  ends(person: string): void {
    this.#linking.delete(person);
  }

  /** On this device its person takes that one off the list: it is off when this one shows that, since power may fail. */
  isRemoved(by: SimDevice, id: string): void {
    this.#removing.set(by, [...(this.#removing.get(by) ?? []), id]);
    this.#removers.add(by.person);
    this.#lastBy.set(by.person, by);
  }

  // ---- what there is

  viewOf(device: SimDevice): DevicesView | null {
    return this.#views.get(device) ?? null;
  }

  linkOf(device: SimDevice): LinkView {
    return this.#links.get(device) ?? { kind: "none" };
  }

  isBlank(device: SimDevice): boolean {
    return this.#blank.has(device);
  }

  /** It was taken off the list, whether or not it knows. */
  isOut(device: SimDevice): boolean {
    return this.#out.has(device);
  }

  /** It belongs to somebody, and they have not taken it off their list. */
  isIn(device: SimDevice): boolean {
    return !this.#blank.has(device) && !this.#out.has(device);
  }

  isOutByName(name: string): boolean {
    return [...this.#out].some((device) => device.name === name);
  }

  get out(): ReadonlySet<SimDevice> {
    return this.#out;
  }

  hasRemoved(person: string): boolean {
    return this.#removers.has(person);
  }

  /** Listed, and no machine says that it is this one. */
  isStray(id: string): boolean {
    const device = this.#byId.get(id);
    return device === undefined || this.#blank.has(device);
  }

  nameOf(id: string): string {
    return this.#byId.get(id)?.name ?? `a device ${id.slice(0, 6)}`;
  }

  linkingOf(person: string): Linking | null {
    const linking = this.#linking.get(person);
    return linking === undefined || this.#now() - linking.since > LINK_LIFE ? null : linking;
  }

  /** On this device its person may change the list now. */
  mayChange(device: SimDevice): boolean {
    const last = this.#lastBy.get(device.person) ?? device;
    if (device.api === null || !this.isIn(device) || this.linkingOf(device.person) !== null) return false;
    return device === last || (last.api !== null && sameList(this.#idsOf(last), this.#idsOf(device)));
  }

  #idsOf(device: SimDevice): readonly string[] {
    return (this.#views.get(device)?.devices ?? []).map(({ id }) => id);
  }
}

const sameList = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join() === b.toSorted().join();
