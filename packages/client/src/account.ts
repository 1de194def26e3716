/**
 * An open store and the person whose it is: their profile, their nodes and their backup. Somebody who has just made an
 * identity needs no more than this. A session (`session.ts`) is opened on top of it: with the first thing that they do,
 * or at once where they have been here before.
 *
 * AT1 Nothing goes into a backup before it is known what there is: what a session has loaded, or, at rest, nothing yet.
 */
import { bytesToHex, expectOk } from "@xchat/codec";
import { verifyChain } from "@xchat/protocol";
import { IntentError, type DevicesView, type ProfileView, type Query, type ViewTypes } from "./api.ts";
import type { AccountCore } from "./account-core.ts";
import { AccountBackup } from "./backup/account-backup.ts";
import type { BackupSource } from "./backup/backup-content.ts";
import { Background } from "./base/background.ts";
import { Lane } from "./base/lane.ts";
import { decodeProfile, encodeProfile, PROFILE_DOCUMENT, type Profile } from "./base/profile.ts";
import type { Topics } from "./base/topics.ts";
import type { ClientPorts } from "./client.ts";
import { NodePool } from "./delivery/nodes.ts";
import type { Store } from "./ports.ts";

export interface AccountInput extends Pick<ClientPorts, "provider" | "clock" | "connector"> {
  readonly store: Store;
  readonly topics: Topics;
}

/** Those of which there is one. */
export type SoleView = Exclude<Query["view"], "messages" | "group">;

/** Of somebody who has one device and has done nothing with it. */
const NO_HISTORY: DevicesView["history"] = { take: null, give: [], isOffered: false };
export const NO_DEVICES: DevicesView = { devices: [], isRemoved: false, work: null, history: NO_HISTORY };

export class Account {
  readonly core: AccountCore;
  readonly backup: AccountBackup;
  #profile: Profile;
  #source: () => BackupSource;
  #devices: DevicesView = NO_DEVICES;
  #isClosed = false;

  private constructor({ provider, clock, connector, store, topics }: AccountInput, profile: Profile) {
    this.#profile = profile;
    this.core = {
      provider,
      clock,
      store,
      topics,
      pool: new NodePool({ provider, clock, connector, topics }),
      contacts: new Map(),
      pins: new Map(),
      lane: new Lane(),
      background: new Background(),
      profile: () => this.#profile,
      isClosed: () => this.#isClosed,
    };
    this.#source = () => this.#nothingYet();
    this.backup = new AccountBackup(this.core, () => this.#source());
  }

  static async open(input: AccountInput): Promise<Account> {
    const { store } = input;
    const profile = await store.document(PROFILE_DOCUMENT);
    if (profile === null) throw new IntentError("profile-missing");
    const account = new Account(input, decodeProfile(profile));
    await account.core.pool.load(store);
    return account;
  }

  /** There is nothing but the person: nobody is known, and this device is the only one. */
  async rest(): Promise<void> {
    const { deviceName, chain } = this.#profile;
    const { devices } = expectOk(await verifyChain(this.core.provider, chain), "chain");
    this.#devices = {
      ...NO_DEVICES,
      devices: devices.map(({ deviceKey, addedAt }) => {
        return { id: bytesToHex(deviceKey), name: deviceName, isThis: true, addedAt, isLinked: true };
      }),
    };
    await this.backup.load();
  }

  /** AT1: from now on this is what there is. */
  async backUp(source: () => BackupSource): Promise<void> {
    this.#source = source;
    await this.backup.load();
  }

  /** While it is at rest. */
  view(view: SoleView): ViewTypes[SoleView] {
    if (view === "profile") return this.profileView();
    if (view === "network") return this.core.pool.view();
    if (view === "backup") return this.backup.view();
    if (view === "devices") return this.#devices;
    if (view === "link") return { kind: "none" };
    return view === "recovery" ? null : [];
  }

  profileView(): ProfileView {
    const { name, accountId, deviceName, words, directAllowed, shareReadState } = this.#profile;
    return {
      state: "ready",
      name,
      accountId,
      deviceName,
      hasPassphrase: this.core.store.hasPassphrase(),
      recoveryWords: words,
      settings: { directAllowed, shareReadState },
    };
  }

  async setProfile(part: Partial<Profile>): Promise<void> {
    const profile = { ...this.#profile, ...part };
    await this.core.store.write([{ document: PROFILE_DOCUMENT, value: encodeProfile(profile) }]);
    this.profileWritten(part);
  }

  /** Where it was saved with something else, in one transaction. */
  profileWritten(part: Partial<Profile>): void {
    this.#profile = { ...this.#profile, ...part };
    this.core.topics.mark("profile");
  }

  /** What is under way sees it, and begins nothing more. */
  stop(): void {
    this.#isClosed = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.backup.close();
    await this.core.lane.idle();
    this.core.pool.close();
    await this.core.store.close();
  }

  #nothingYet(): BackupSource {
    const { pool, pins } = this.core;
    return {
      profile: this.#profile,
      ownNodes: pool.own,
      relays: pool.relays.plan,
      contacts: [],
      pins,
      chats: [],
      recovered: [],
    };
  }
}
