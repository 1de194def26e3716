/**
 * Key packages and Welcomes among the person's devices (spec/devices.md, DV33): what each hands to its siblings so that
 * they can bring it into the conversations that they are in.
 *
 * SU1 The private part of a key package is saved before the package is handed over.
 * SU2 A Welcome is taken for a conversation that this device is not in, by a package that was made for that one or for the
 *     stock of whoever gives it.
 * SU3 A key package is judged when it is used: one that has outlived itself, or is of another leaf than its giver's, is not.
 */
import { bytesToHex, concatBytes, equalBytes, expectOk, hexToBytes } from "@xchat/codec";
import {
  decodeDeviceIntroduction,
  decodeNewcomerPackage,
  DEVICE_SUPPLY_BODY_KIND,
  encodePackages,
  encodeUnopened,
  encodeWanted,
  encodeWelcomeParts,
  readLeaf,
  type DeviceSupply,
  type Group,
  type DeviceIntroduction,
} from "@xchat/protocol";
import { newKeyPackage } from "../contact/key-packages.ts";
import type { KeyPackageRecord, PartRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { SyncBody } from "./register-sync.ts";
import { isLastResortOfStock, isOfStock, type SiblingStock } from "./sibling-stock.ts";

/** A key package of a sibling for one conversation. */
const PACKAGE_PART = "sibling-package";
const KEY_PACKAGE_OWNER = "sibling/";
const LIFETIME = 90 * 86_400_000;

export type WelcomePart = Extract<DeviceSupply, { kind: "welcome" }>;

export interface JoinedByWelcome {
  readonly group: Group;
  readonly introduction: DeviceIntroduction;
  /** What was said there since this device was linked (DV37). */
  readonly said: Uint8Array;
  /** Its keys are those of other conversations too. */
  readonly isLastResort: boolean;
  /** To be saved with the conversation. */
  readonly changes: readonly StoreChange[];
}

export interface SupplyDeps {
  readonly core: SessionCore;
  /** Id of the conversation of the own devices. */
  readonly self: string;
  readonly stock: SiblingStock;
}

export class Supply {
  readonly #core: SessionCore;
  readonly #self: string;
  readonly #stock: SiblingStock;
  /** By device and conversation. */
  readonly #packages = new Map<string, Uint8Array>();
  /** Parts of Welcomes that have begun to come, by digest. */
  readonly #parts = new Map<string, Map<number, Uint8Array>>();

  constructor({ core, self, stock }: SupplyDeps) {
    this.#core = core;
    this.#self = self;
    this.#stock = stock;
  }

  load(parts: readonly PartRecord[]): void {
    for (const { id, kind, value } of parts) if (kind === PACKAGE_PART) this.#packages.set(id, value);
  }

  hasPackage(device: string, conversation: string): boolean {
    return this.#packages.has(this.#partId(device, conversation));
  }

  /** DV33: of two for one conversation the later counts. */
  async keep(device: string, packages: Extract<DeviceSupply, { kind: "packages" }>["packages"]): Promise<void> {
    await this.#core.store.write(
      packages.map(({ conversation, keyPackage }) => this.#keepFor(device, bytesToHex(conversation), keyPackage)),
    );
  }

  /** One for this conversation and no other (SK2): what was given for it, or something of the stock. Null for none. */
  async setApart(device: string, conversation: string): Promise<Uint8Array | null> {
    const held = this.#packages.get(this.#partId(device, conversation));
    if (held !== undefined) {
      if (await this.#isUsable(device, held)) return held;
      await this.#core.store.write([this.spent(device, conversation)]);
    }
    for (let next = this.#stock.next(device); next !== null; next = this.#stock.next(device)) {
      const { keyPackage, isLastResort, change } = next;
      await this.#core.store.write([change, this.#keepFor(device, conversation, keyPackage)]);
      if (await this.#isUsable(device, keyPackage)) return keyPackage;
      await this.#core.store.write([this.spent(device, conversation)]);
      if (isLastResort) await this.#stock.dropLastResort(device);
    }
    return null;
  }

  /** It is used once: to be saved with what it was used for. */
  spent(device: string, conversation: string): StoreChange {
    return this.#drop(this.#partId(device, conversation));
  }

  /** What devices have given that are not listed any more. */
  async forget(isListed: (device: string) => boolean): Promise<void> {
    const gone = [...this.#packages.keys()].filter((id) => !isListed(id.split("/").at(-2) as string));
    if (gone.length > 0) await this.#core.store.write(gone.map((id) => this.#drop(id)));
  }

  /** SU1. Bodies that hand a fresh package for each of these conversations over. */
  async make(conversations: readonly string[]): Promise<readonly SyncBody[]> {
    const made: { readonly conversation: Uint8Array; readonly keyPackage: Uint8Array }[] = [];
    const changes: StoreChange[] = [];
    for (const conversation of conversations) {
      const bundle = await newKeyPackage(this.#core, false);
      const now = this.#core.clock.now();
      const record: KeyPackageRecord = {
        id: bytesToHex(this.#core.provider.sha256(bundle.keyPackage)),
        invitationId: KEY_PACKAGE_OWNER + conversation,
        keyPackage: bundle.keyPackage,
        privatePart: bundle.privatePart,
        createdAt: now,
        expiresAt: now + LIFETIME,
      };
      changes.push({ put: "keyPackage", record });
      made.push({ conversation: toBytes(conversation), keyPackage: bundle.keyPackage });
    }
    await this.#core.store.write(changes);
    return encodePackages(made).map(body);
  }

  want(device: string, conversations: readonly string[]): readonly SyncBody[] {
    return encodeWanted(toBytes(device), conversations.map(toBytes)).map(body);
  }

  /** `newcomer`: its package; the digest names it. */
  welcome(
    device: string,
    conversation: string,
    newcomer: Uint8Array,
  ): { readonly bodies: readonly SyncBody[]; readonly digest: Uint8Array } {
    const digest = this.#core.provider.sha256(newcomer);
    const to = { deviceKey: toBytes(device), conversation: toBytes(conversation), digest };
    return { bodies: encodeWelcomeParts({ ...to, newcomer }).map(body), digest };
  }

  /** DV38: it is in none of the packages here; a fresh one comes along. */
  async unopened({ conversation, digest }: WelcomePart): Promise<readonly SyncBody[]> {
    const fresh = await this.make([bytesToHex(conversation)]);
    return [...fresh, body(encodeUnopened(conversation, digest))];
  }

  /** What the parts that have come make together; null until all are here. */
  collect({ digest, index, count, part }: WelcomePart): Uint8Array | null {
    const key = bytesToHex(digest);
    const parts = (this.#parts.get(key) ?? new Map<number, Uint8Array>()).set(index, part);
    this.#parts.set(key, parts);
    if (parts.size < count) return null;
    this.#parts.delete(key);
    return concatBytes(...Array.from({ length: count }, (_, i) => parts.get(i) ?? new Uint8Array(0)));
  }

  /** Null where it is not sound; "unopened" where it is for no key package that is here. */
  async join({ digest, conversation }: WelcomePart, whole: Uint8Array): Promise<JoinedByWelcome | "unopened" | null> {
    if (!equalBytes(this.#core.provider.sha256(whole), digest)) return null;
    return this.#open(bytesToHex(conversation), whole);
  }

  /** SU2. */
  async #open(conversation: string, whole: Uint8Array): Promise<JoinedByWelcome | "unopened" | null> {
    const newcomer = decodeNewcomerPackage(whole);
    const introduction = newcomer.ok ? decodeDeviceIntroduction(newcomer.value.introduction) : newcomer;
    if (!newcomer.ok || !introduction.ok) return null;
    const { store, cipher } = this.#core;
    const all = await store.all("keyPackage");
    const own = all.filter(({ invitationId }) => invitationId === KEY_PACKAGE_OWNER + conversation);
    for (const keyPackage of [...own, ...all.filter(isOfStock)]) {
      const joined = await cipher.join(newcomer.value.welcome, keyPackage);
      if (!joined.ok && joined.error.reason === "not-for-this-key-package") continue;
      if (!joined.ok || bytesToHex(joined.value.groupId) !== conversation) return null;
      const changes = own.map(({ id }): StoreChange => ({ delete: "keyPackage", key: id }));
      return {
        group: joined.value,
        introduction: introduction.value,
        said: newcomer.value.said,
        isLastResort: isLastResortOfStock(keyPackage),
        changes: isOfStock(keyPackage) ? [...changes, ...this.#stock.used(keyPackage)] : changes,
      };
    }
    return "unopened";
  }

  /** SU3. */
  async #isUsable(device: string, keyPackage: Uint8Array): Promise<boolean> {
    const member = await this.#core.cipher.inspectKeyPackage(keyPackage);
    const leaf = member.ok ? readLeaf(member.value) : null;
    return leaf !== null && leaf.deviceKey === device && leaf.account === this.#core.profile().accountId;
  }

  #drop(id: string): StoreChange {
    this.#packages.delete(id);
    return { delete: "part", key: id };
  }

  #keepFor(device: string, conversation: string, keyPackage: Uint8Array): StoreChange {
    const id = this.#partId(device, conversation);
    this.#packages.set(id, keyPackage);
    const createdAt = this.#core.clock.now();
    return {
      put: "part",
      record: { id, conversationId: this.#self, kind: PACKAGE_PART, value: keyPackage, createdAt },
    };
  }

  #partId(device: string, conversation: string): string {
    return `${this.#self}/${PACKAGE_PART}/${device}/${conversation}`;
  }
}

const toBytes = (hex: string): Uint8Array => expectOk(hexToBytes(hex), "id");
const body = (content: Uint8Array): SyncBody => ({ kind: DEVICE_SUPPLY_BODY_KIND, content });
