/**
 * Key packages that the person's devices keep in stock with each other (spec/devices.md, DV39), so that whoever makes a
 * conversation, or comes into one, puts the others in while they are away.
 *
 * SK1 The private parts are saved in the transaction of the event that hands their key packages over.
 * SK2 A key package leaves the stock in the write that sets it apart for one conversation: a crash uses none in two.
 * SK3 What was given or taken under another leaf of the self-conversation is void, and nothing is used before that
 *     conversation has been read: one of the two stores may be an older copy, which has used what it still shows.
 */
import { bytes, bytesToHex, decode, encode, expectOk, hexToBytes, list, nullable, struct, uint } from "@xchat/codec";
import {
  DEVICE_SUPPLY_BODY_KIND,
  encodeStock,
  type DeviceSupply,
  type Hex,
  type KeyPackageBundle,
  type StockFacts,
} from "@xchat/protocol";
import type { ChatDevices } from "../chat/chat-devices.ts";
import { newKeyPackage } from "../contact/key-packages.ts";
import type { KeyPackageRecord, PartRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";

/** What a sibling has given to this device. */
const SHELF = "sibling-shelf";
/** What this device has given to a sibling, and since when the two are siblings. */
const GIVEN = "sibling-given";
const ONE_TIME_OWNER = "sibling-stock/";
const LAST_RESORT_OWNER = "sibling-last/";

const STOCK = 6;
/** With so many left, a new stock is given. */
const LOW = STOCK / 2;
const MAX_SHELF = 32;
const RENEWAL = 30 * 86_400_000;
const LIFETIME = 90 * 86_400_000;

const keyPackage = bytes({ max: 24_576 });
const key = bytes({ length: 32 });
const shelfCodec = struct({
  ownLeaf: key,
  oneTime: list(keyPackage, { max: MAX_SHELF }),
  lastResort: nullable(keyPackage),
});
const givenCodec = struct({ since: uint(), ownLeaf: key, theirLeaf: key });

interface Shelf {
  readonly ownLeaf: Hex;
  readonly oneTime: readonly Uint8Array[];
  readonly lastResort: Uint8Array | null;
}

interface Given {
  readonly since: number;
  readonly at: number;
  readonly ownLeaf: Hex;
  readonly theirLeaf: Hex;
}

/** An own key package of which the private part is here. */
type Own = Pick<KeyPackageRecord, "id" | "invitationId" | "createdAt" | "expiresAt">;

export interface FromStock {
  readonly keyPackage: Uint8Array;
  readonly isLastResort: boolean;
  /** To be saved with what it is set apart for (SK2). */
  readonly change: StoreChange;
}

export interface StockDeps {
  readonly core: SessionCore;
  /** Id of the self-conversation. */
  readonly self: string;
  readonly devices: ChatDevices;
  isListed(device: Hex): boolean;
}

export class SiblingStock {
  readonly #deps: StockDeps;
  readonly #shelves = new Map<Hex, Shelf>();
  readonly #given = new Map<Hex, Given>();
  readonly #own = new Map<string, Own>();

  constructor(deps: StockDeps) {
    this.#deps = deps;
  }

  /** `parts`: of the self-conversation. */
  async load(parts: readonly PartRecord[]): Promise<void> {
    for (const { id, kind, value, createdAt } of parts) {
      const device = id.split("/").at(-1) as Hex;
      if (kind === SHELF) {
        const { ownLeaf, ...rest } = expectOk(decode(shelfCodec, value), "shelf");
        this.#shelves.set(device, { ownLeaf: bytesToHex(ownLeaf), ...rest });
      }
      if (kind === GIVEN) {
        const { since, ownLeaf, theirLeaf } = expectOk(decode(givenCodec, value), "given");
        const leaves = { ownLeaf: bytesToHex(ownLeaf), theirLeaf: bytesToHex(theirLeaf) };
        this.#given.set(device, { since, at: createdAt, ...leaves });
      }
    }
    for (const record of await this.#deps.core.store.all("keyPackage")) {
      if (isOfStock(record)) this.#keepOwn(record);
    }
  }

  /** From when on what is said is a device's own by right (DV37); null while nothing is known of it. */
  since(device: Hex): number | null {
    return this.#given.get(device)?.since ?? null;
  }

  // ---- what siblings have given

  facts(): ReadonlyMap<Hex, StockFacts> {
    return new Map(
      [...this.#shelves]
        .filter(([, shelf]) => this.#isOpen(shelf))
        .map(([device, { oneTime, lastResort }]) => [
          device,
          { oneTime: oneTime.length, hasLastResort: lastResort !== null },
        ]),
    );
  }

  /** Saved with `done`: taken twice it would bring back what was used in between. */
  async take(
    device: Hex,
    { isAnew, oneTime, lastResort }: Extract<DeviceSupply, { kind: "stock" }>,
    done: readonly StoreChange[],
  ): Promise<void> {
    const ownLeaf = this.#deps.devices.leaf;
    const held = this.#shelves.get(device);
    const before = isAnew || held?.ownLeaf !== ownLeaf ? null : held;
    const shelf: Shelf = {
      ownLeaf,
      oneTime: [...(before?.oneTime ?? []), ...oneTime].slice(0, MAX_SHELF),
      lastResort: lastResort ?? before?.lastResort ?? null,
    };
    await this.#deps.core.store.write([this.#shelfChange(device, shelf), ...done]);
  }

  /** Null where nothing of it is left. */
  next(device: Hex): FromStock | null {
    const shelf = this.#shelves.get(device);
    if (shelf === undefined || !this.#isOpen(shelf)) return null;
    const [first, ...oneTime] = shelf.oneTime;
    if (first !== undefined) {
      return { keyPackage: first, isLastResort: false, change: this.#shelfChange(device, { ...shelf, oneTime }) };
    }
    const { lastResort } = shelf;
    if (lastResort === null) return null;
    return { keyPackage: lastResort, isLastResort: true, change: this.#shelfChange(device, shelf) };
  }

  /** It has outlived itself, or is not of that device. */
  async dropLastResort(device: Hex): Promise<void> {
    const shelf = this.#shelves.get(device);
    if (shelf === undefined) return;
    await this.#deps.core.store.write([this.#shelfChange(device, { ...shelf, lastResort: null })]);
  }

  // ---- what this device gives

  /** The private part has opened a Welcome. The changes are to be saved with what came of it. */
  used({ id, invitationId }: KeyPackageRecord): readonly StoreChange[] {
    if (isLastResort(invitationId)) return [];
    this.#own.delete(id);
    return [{ delete: "keyPackage", key: id }];
  }

  /** To each sibling that lacks it. */
  async give(): Promise<void> {
    const { devices } = this.#deps;
    await this.#forget();
    // A device that is out, or whose store is an older copy, has nothing to give.
    if (!devices.isUpToDate) return;
    for (const device of devices.own) {
      const theirLeaf = devices.leafOf(device);
      if (theirLeaf === null || theirLeaf === devices.leaf || !this.#deps.isListed(device)) continue;
      if (this.#isDue(device, theirLeaf)) await this.#giveTo(device, theirLeaf);
    }
  }

  // ---- below

  /** SK3. */
  #isOpen({ ownLeaf }: Shelf): boolean {
    const { devices } = this.#deps;
    return devices.isUpToDate && ownLeaf === devices.leaf;
  }

  #isDue(device: Hex, theirLeaf: Hex): boolean {
    const given = this.#given.get(device);
    const now = this.#deps.core.clock.now();
    if (given === undefined || given.theirLeaf !== theirLeaf || given.ownLeaf !== this.#deps.devices.leaf) return true;
    if (given.at > now || now >= given.at + RENEWAL) return true;
    const left = [...this.#own.values()].filter(
      ({ invitationId, createdAt }) => invitationId === ONE_TIME_OWNER + device && createdAt >= given.at,
    );
    return left.length <= LOW;
  }

  async #giveTo(device: Hex, theirLeaf: Hex): Promise<void> {
    const { core, devices } = this.#deps;
    const now = core.clock.now();
    const since = this.#given.get(device)?.since ?? devices.epochBegan;
    const oneTime: KeyPackageBundle[] = [];
    for (let i = 0; i < STOCK; i++) oneTime.push(await newKeyPackage(core, false));
    const lastResort = await newKeyPackage(core, true);
    const given = { since, at: now, ownLeaf: devices.leaf, theirLeaf };
    const records = [
      ...oneTime.map((bundle) => this.#toRecord(bundle, ONE_TIME_OWNER + device, now)),
      this.#toRecord(lastResort, LAST_RESORT_OWNER + device, now),
    ];
    const contents = encodeStock(toBytes(device), {
      oneTime: oneTime.map((bundle) => bundle.keyPackage),
      lastResort: lastResort.keyPackage,
    });
    await devices.append(
      contents.map((content) => ({ kind: DEVICE_SUPPLY_BODY_KIND, content })),
      () => [
        ...records.map((record): StoreChange => ({ put: "keyPackage", record })),
        this.#givenChange(device, given),
        ...this.#expired(now),
      ],
    );
    this.#given.set(device, given);
    for (const record of records) this.#keepOwn(record);
  }

  #expired(now: number): readonly StoreChange[] {
    const gone = [...this.#own.values()].filter(({ expiresAt }) => expiresAt < now);
    for (const { id } of gone) this.#own.delete(id);
    return gone.map(({ id }): StoreChange => ({ delete: "keyPackage", key: id }));
  }

  /** What was for, or of, devices that are not listed any more. */
  async #forget(): Promise<void> {
    const isGone = (device: Hex): boolean => !this.#deps.isListed(device);
    const own = [...this.#own.values()].filter(({ invitationId }) => isGone(invitationId.split("/").at(-1) as Hex));
    const shelves = [...this.#shelves.keys()].filter(isGone);
    const given = [...this.#given.keys()].filter(isGone);
    if (own.length + shelves.length + given.length === 0) return;
    for (const { id } of own) this.#own.delete(id);
    for (const device of shelves) this.#shelves.delete(device);
    for (const device of given) this.#given.delete(device);
    await this.#deps.core.store.write([
      ...own.map(({ id }): StoreChange => ({ delete: "keyPackage", key: id })),
      ...shelves.map((device): StoreChange => ({ delete: "part", key: this.#partId(SHELF, device) })),
      ...given.map((device): StoreChange => ({ delete: "part", key: this.#partId(GIVEN, device) })),
    ]);
  }

  #keepOwn({ id, invitationId, createdAt, expiresAt }: KeyPackageRecord): void {
    this.#own.set(id, { id, invitationId, createdAt, expiresAt });
  }

  #toRecord(bundle: KeyPackageBundle, invitationId: string, now: number): KeyPackageRecord {
    const id = bytesToHex(this.#deps.core.provider.sha256(bundle.keyPackage));
    const { keyPackage: made, privatePart } = bundle;
    return { id, invitationId, keyPackage: made, privatePart, createdAt: now, expiresAt: now + LIFETIME };
  }

  /** In memory at once: nobody takes the same one while this is being saved. */
  #shelfChange(device: Hex, shelf: Shelf): StoreChange {
    this.#shelves.set(device, shelf);
    const value = encode(shelfCodec, { ...shelf, ownLeaf: toBytes(shelf.ownLeaf) });
    return this.#part(SHELF, device, value, this.#deps.core.clock.now());
  }

  #givenChange(device: Hex, { since, at, ownLeaf, theirLeaf }: Given): StoreChange {
    const value = encode(givenCodec, { since, ownLeaf: toBytes(ownLeaf), theirLeaf: toBytes(theirLeaf) });
    return this.#part(GIVEN, device, value, at);
  }

  #part(kind: string, device: Hex, value: Uint8Array, createdAt: number): StoreChange {
    const record = { id: this.#partId(kind, device), conversationId: this.#deps.self, kind, value, createdAt };
    return { put: "part", record };
  }

  #partId(kind: string, device: Hex): string {
    return `${this.#deps.self}/${kind}/${device}`;
  }
}

const isLastResort = (owner: string): boolean => owner.startsWith(LAST_RESORT_OWNER);

/** Made for the stock of a sibling. */
export const isOfStock = ({ invitationId }: Pick<KeyPackageRecord, "invitationId">): boolean =>
  invitationId.startsWith(ONE_TIME_OWNER) || isLastResort(invitationId);

export const isLastResortOfStock = ({ invitationId }: Pick<KeyPackageRecord, "invitationId">): boolean =>
  isLastResort(invitationId);

const toBytes = (hex: Hex): Uint8Array => expectOk(hexToBytes(hex), "key");
