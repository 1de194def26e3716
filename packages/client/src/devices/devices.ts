/**
 * The devices of the person, as an open session knows them: the list, linking one more, naming and removing them.
 *
 * DE1 Whoever links or removes a device gives the passphrase where one is set: somebody who finds this device open for a
 *     minute must not gain one that reads for ever, nor cut the person off (spec/devices.md, section 11).
 */
import { bytesToHex, hexToBytes } from "@xchat/codec";
import { IntentError, type DevicesView, type LinkView } from "../api.ts";
import { checkName } from "../base/profile.ts";
import type { SessionCore } from "../session-core.ts";
import { ExistingLinkDriver } from "./existing-link.ts";
import type { Siblings } from "./siblings.ts";

const MAX_LINK_NODES = 3;

export class Devices {
  readonly #core: SessionCore;
  readonly #siblings: Siblings;
  #link: ExistingLinkDriver | null = null;

  constructor(core: SessionCore, siblings: Siblings) {
    this.#core = core;
    this.#siblings = siblings;
  }

  linkView(): LinkView {
    return this.#link?.view() ?? { kind: "none" };
  }

  view(): DevicesView {
    const { chain, shared, work: driver } = this.#siblings;
    const own = chain.ownDevice;
    const linked = shared?.chat.devices.own ?? [own];
    const { isRemoved } = this.#siblings;
    const work = isRemoved ? null : driver.progress();
    return {
      devices: chain.identity.devices.map(({ deviceKey, addedAt }) => {
        const id = bytesToHex(deviceKey);
        return { id, name: this.#siblings.nameOf(id), isThis: id === own, addedAt, isLinked: linked.includes(id) };
      }),
      isRemoved,
      history: this.#siblings.history.view(),
      work:
        work === null
          ? null
          : { ...work, failing: work.failing.map(({ conversation, reason }) => ({ chat: conversation, reason })) },
    };
  }

  async startLink(passphrase: string | null): Promise<void> {
    await this.#checkPerson(passphrase);
    await this.endLink();
    const core = this.#core;
    const { provider, clock, pool, readers, background } = core;
    this.#link = await ExistingLinkDriver.start({
      provider,
      clock,
      pool,
      readers,
      background,
      account: () => core.profile(),
      nodes: pool.own.slice(0, MAX_LINK_NODES),
      saveChain: (before, longer) => this.#siblings.chain.replace(before, longer),
      welcomeDevice: (deviceKey, keyPackage) => this.#siblings.welcome(deviceKey, keyPackage),
      linked: ({ deviceKey, deviceName }) => this.#siblings.linked(deviceKey, deviceName),
      onChange: () => core.topics.mark("link"),
    });
    core.topics.mark("link");
  }

  /** @throws IntentError when no link asks for them. */
  link(): ExistingLinkDriver {
    if (this.#link === null) throw new IntentError("link-none");
    return this.#link;
  }

  async endLink(): Promise<void> {
    const link = this.#link;
    if (link === null) return;
    // The first time it says how it ended; the second time that is put away.
    if (!link.isOver) return link.cancel();
    await link.close();
    this.#link = null;
    this.#core.topics.mark("link");
  }

  async rename(id: string, name: string): Promise<void> {
    this.#keyOf(id);
    await this.#siblings.nameDevice(id, checkName(name));
  }

  async remove(id: string, passphrase: string | null): Promise<void> {
    const deviceKey = this.#keyOf(id);
    await this.#checkPerson(passphrase);
    await this.#siblings.chain.removeDevice(deviceKey);
  }

  /** The account's chain is another than before. */
  chainChanged(): void {
    if (this.#link !== null && !this.#link.isOver) this.#link.chainChanged();
    this.#core.topics.mark("devices");
  }

  async close(): Promise<void> {
    await this.#link?.close();
    this.#link = null;
  }

  // ---- below

  #keyOf(id: string): Uint8Array {
    const key = hexToBytes(id);
    if (!key.ok) throw new IntentError("device-missing");
    return key.value;
  }

  /** DE1. */
  async #checkPerson(passphrase: string | null): Promise<void> {
    const { store } = this.#core;
    if (!store.hasPassphrase()) return;
    if (passphrase === null) throw new IntentError("wrong-passphrase");
    await store.setPassphrase(passphrase, passphrase);
  }
}
