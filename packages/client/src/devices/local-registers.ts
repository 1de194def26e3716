/**
 * What this device holds of what registers stand for (spec/devices.md, section 8), and what becomes of it when a sibling
 * has set something: contacts, chats, marks, settings, names, nodes, and what writes the backup.
 *
 * The name of a device is a fact on that device, and a register on the others.
 */
import { decode, expectOk, hexToBytes } from "@xchat/codec";
import {
  accountIdOfBytes,
  REGISTERS,
  readRegister,
  writeRegister,
  type SyncOperation,
  type SyncState,
} from "@xchat/protocol";
import type { Profile } from "../base/profile.ts";
import { BackupRegisters, nodeFacts, relayFacts, takeNodes, takeRelays } from "./local-account.ts";
import { chatFacts, markFacts, takeChatRegister, takeMarkRegister } from "./local-chats.ts";
import { contactFacts, takeContact } from "./local-contacts.ts";
import type { LocalHost } from "./local-host.ts";
import type { LocalState } from "./register-mirror.ts";
import type { RegisterId } from "./register-parts.ts";

const SETTINGS = ["directAllowed", "shareReadState"] as const;

export class LocalRegisters implements LocalState {
  readonly #host: LocalHost;
  /** Hex of the key under which this device is listed. */
  readonly #ownDevice: () => string;
  readonly #backup: BackupRegisters;
  readonly #stopWatching: () => void;
  /** They are many, and change seldom. */
  #areMarksDue = true;

  constructor(host: LocalHost, ownDevice: () => string) {
    this.#host = host;
    this.#ownDevice = ownDevice;
    this.#backup = new BackupRegisters(host);
    this.#stopWatching = host.core.topics.watch("marks", () => {
      this.#areMarksDue = true;
    });
  }

  load(): Promise<void> {
    return this.#backup.load();
  }

  close(): void {
    this.#stopWatching();
  }

  /** The account has other words than before. */
  wordsChanged(): Promise<void> {
    return this.#backup.wordsChanged();
  }

  async facts(state: SyncState): Promise<readonly SyncOperation[]> {
    const { core, chats } = this.#host;
    // The chain may have come after the keys.
    await this.#backup.take(state);
    const marks = this.#areMarksDue ? await core.store.all("mark") : [];
    this.#areMarksDue = false;
    return [
      ...profileFacts(core.profile(), this.#ownDevice()),
      ...[...core.contacts.values()].flatMap(contactFacts),
      ...[...chats.values()].flatMap(chatFacts),
      ...marks.flatMap(markFacts),
      ...nodeFacts(this.#host, state),
      ...relayFacts(this.#host, state),
      ...this.#backup.facts(),
    ];
  }

  async take(one: RegisterId, state: SyncState): Promise<void> {
    switch (one.tag) {
      case REGISTERS.profile.tag: {
        const name = readRegister(state, "profile", {})?.name;
        if (name !== undefined && name !== this.#host.core.profile().name) await this.#host.setProfile({ name });
        return;
      }
      case REGISTERS.setting.tag:
        return this.#takeSettings(state);
      case REGISTERS.contact.tag:
      case REGISTERS["contact-name"].tag:
      case REGISTERS["contact-verified"].tag:
      case REGISTERS["contact-blocked"].tag:
      case REGISTERS["contact-direct"].tag: {
        const read = decode(REGISTERS.contact.key, one.key);
        if (read.ok) await takeContact(this.#host, one.tag, accountIdOfBytes(read.value.account), state);
        return;
      }
      case REGISTERS.read.tag:
      case REGISTERS.draft.tag:
        return takeChatRegister(this.#host, one, state);
      case REGISTERS.star.tag:
      case REGISTERS.hidden.tag:
        return takeMarkRegister(this.#host, one, state);
      case REGISTERS.node.tag:
        return takeNodes(this.#host, state);
      case REGISTERS["backup-keys"].tag:
      case REGISTERS["backup-counter"].tag:
        return this.#backup.take(state);
      case REGISTERS["device-name"].tag:
        return this.#takeDeviceName(state);
      default:
    }
  }

  // ---- below

  async #takeSettings(state: SyncState): Promise<void> {
    const part: { -readonly [N in (typeof SETTINGS)[number]]?: boolean } = {};
    for (const name of SETTINGS) {
      const value = readRegister(state, "setting", { name })?.value;
      if (value === "on" || value === "off") part[name] = value === "on";
    }
    await this.#host.setProfile(part);
    await takeRelays(this.#host, state);
  }

  async #takeDeviceName(state: SyncState): Promise<void> {
    const { core } = this.#host;
    const deviceName = readRegister(state, "device-name", deviceKey(this.#ownDevice()))?.name;
    if (deviceName !== undefined && deviceName !== core.profile().deviceName)
      await this.#host.setProfile({ deviceName });
    core.topics.mark("devices");
  }
}

function profileFacts(profile: Profile, ownDevice: string): readonly SyncOperation[] {
  return [
    writeRegister("device-name", deviceKey(ownDevice), { name: profile.deviceName }),
    writeRegister("profile", {}, { name: profile.name, picture: null }),
    ...SETTINGS.map((name) => writeRegister("setting", { name }, { value: profile[name] ? "on" : "off" })),
  ];
}

const deviceKey = (id: string): { readonly deviceKey: Uint8Array } => ({
  deviceKey: expectOk(hexToBytes(id), "device"),
});
