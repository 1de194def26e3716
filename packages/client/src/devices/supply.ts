/**
 * Key packages and Welcomes among the person's devices (spec/devices.md, DV33): what each hands to its siblings so that
 * they can bring it into the conversations that they are in.
 *
 * SU1 The private part of a key package is saved before the package is handed over.
 * SU2 A Welcome is taken for a conversation that this device has made a package for and is not in, and for no other.
 */
import { bytesToHex, concatBytes, equalBytes, expectOk, hexToBytes } from "@xchat/codec";
import {
  decodeDeviceIntroduction,
  decodeNewcomer,
  DEVICE_SUPPLY_BODY_KIND,
  encodePackages,
  encodeWanted,
  encodeWelcomeParts,
  type DeviceSupply,
  type Group,
  type DeviceIntroduction,
} from "@xchat/protocol";
import { newKeyPackage } from "../contact/key-packages.ts";
import type { KeyPackageRecord, PartRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { SyncBody } from "./register-sync.ts";

/** A key package of a sibling for one conversation. */
const PACKAGE_PART = "sibling-package";
const KEY_PACKAGE_OWNER = "sibling/";
const LIFETIME = 90 * 86_400_000;

export type WelcomePart = Extract<DeviceSupply, { kind: "welcome" }>;

export interface JoinedByWelcome {
  readonly group: Group;
  readonly introduction: DeviceIntroduction;
  /** To be saved with the conversation. */
  readonly changes: readonly StoreChange[];
}

export class Supply {
  readonly #core: SessionCore;
  readonly #self: string;
  /** By device and conversation. */
  readonly #packages = new Map<string, Uint8Array>();
  /** Parts of Welcomes that have begun to come, by digest. */
  readonly #parts = new Map<string, Map<number, Uint8Array>>();

  constructor(core: SessionCore, self: string) {
    this.#core = core;
    this.#self = self;
  }

  load(parts: readonly PartRecord[]): void {
    for (const { id, kind, value } of parts) if (kind === PACKAGE_PART) this.#packages.set(id, value);
  }

  packageOf(device: string, conversation: string): Uint8Array | undefined {
    return this.#packages.get(this.#partId(device, conversation));
  }

  /** DV33: of two for one conversation the later counts. */
  async keep(device: string, packages: Extract<DeviceSupply, { kind: "packages" }>["packages"]): Promise<void> {
    const changes = packages.map(({ conversation, keyPackage }): StoreChange => {
      const id = this.#partId(device, bytesToHex(conversation));
      this.#packages.set(id, keyPackage);
      const now = this.#core.clock.now();
      return {
        put: "part",
        record: { id, conversationId: this.#self, kind: PACKAGE_PART, value: keyPackage, createdAt: now },
      };
    });
    await this.#core.store.write(changes);
  }

  /** It is used once. */
  async spend(device: string, conversation: string): Promise<void> {
    const id = this.#partId(device, conversation);
    this.#packages.delete(id);
    await this.#core.store.write([{ delete: "part", key: id }]);
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

  welcome(device: string, conversation: string, newcomer: Uint8Array): readonly SyncBody[] {
    const digest = this.#core.provider.sha256(newcomer);
    const to = { deviceKey: toBytes(device), conversation: toBytes(conversation), digest };
    return encodeWelcomeParts({ ...to, newcomer }).map(body);
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

  /** Null where it is not sound, or not for this device (SU2). */
  async join({ digest, conversation }: WelcomePart, whole: Uint8Array): Promise<JoinedByWelcome | null> {
    if (!equalBytes(this.#core.provider.sha256(whole), digest)) return null;
    return this.#open(bytesToHex(conversation), whole);
  }

  async #open(conversation: string, whole: Uint8Array): Promise<JoinedByWelcome | null> {
    const newcomer = decodeNewcomer(whole);
    const introduction = newcomer.ok ? decodeDeviceIntroduction(newcomer.value.introduction) : newcomer;
    if (!newcomer.ok || !introduction.ok) return null;
    const { store, cipher } = this.#core;
    const own = (await store.all("keyPackage")).filter(
      ({ invitationId }) => invitationId === KEY_PACKAGE_OWNER + conversation,
    );
    for (const keyPackage of own) {
      const joined = await cipher.join(newcomer.value.welcome, keyPackage);
      if (!joined.ok || bytesToHex(joined.value.groupId) !== conversation) continue;
      const changes = own.map(({ id }): StoreChange => ({ delete: "keyPackage", key: id }));
      return { group: joined.value, introduction: introduction.value, changes };
    }
    return null;
  }

  #partId(device: string, conversation: string): string {
    return `${this.#self}/${PACKAGE_PART}/${device}/${conversation}`;
  }
}

const toBytes = (hex: string): Uint8Array => expectOk(hexToBytes(hex), "id");
const body = (content: Uint8Array): SyncBody => ({ kind: DEVICE_SUPPLY_BODY_KIND, content });
