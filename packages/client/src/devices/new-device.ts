/**
 * A device without a profile that is being linked to somebody's account (spec/devices.md, section 6). It has nodes to meet
 * at and nothing else; the store is made when the account has been granted, and opened to be seen when it is let in.
 *
 * ND1 What was granted and not let in is taken away again, at once or, after a crash, when the store is next opened: its
 *     mark lies in the store from the first transaction to the one that joins.
 */
import { decodeLinkCode, type KeyPackageBundle, type Newcomer } from "@xchat/protocol";
import { IntentError, type IntentInput, type LinkView } from "../api.ts";
import { Background } from "../base/background.ts";
import { checkPassphrase } from "../base/passphrase.ts";
import { checkName, linkedProfile, type NewProfilePorts } from "../base/profile.ts";
import type { Topics } from "../base/topics.ts";
import { newKeyPackage } from "../contact/key-packages.ts";
import { NodePool } from "../delivery/nodes.ts";
import { Readers } from "../delivery/readers.ts";
import type { NodeConnector, Store, StoreChange, StoreOpener } from "../ports.ts";
import type { Session } from "../session.ts";
import { LINKING_DOCUMENT } from "./linking-mark.ts";
import { NewLinkDriver } from "./new-link.ts";

export interface NewDeviceDeps extends NewProfilePorts {
  readonly stores: StoreOpener;
  readonly connector: NodeConnector;
  readonly topics: Topics;
  readonly openSession: (store: Store) => Promise<Session>;
  /** It has been let in. */
  readonly onLinked: (session: Session) => Promise<void>;
}

export class NewDevice {
  readonly #deps: NewDeviceDeps;
  readonly #background = new Background();
  #driver: NewLinkDriver | null = null;
  #pool: NodePool | null = null;
  #session: Session | null = null;
  #keyPackage: KeyPackageBundle | null = null;

  constructor(deps: NewDeviceDeps) {
    this.#deps = deps;
  }

  view(): LinkView {
    return this.#driver?.view() ?? { kind: "none" };
  }

  /** A link is under way, and nothing else may make a profile here. */
  get isBusy(): boolean {
    return this.#driver !== null && !this.#driver.isOver;
  }

  async enter({ text, deviceName, passphrase }: IntentInput<"enterLinkCode">): Promise<void> {
    const code = decodeLinkCode(text);
    if (!code.ok) throw new IntentError(code.error.reason);
    checkPassphrase(passphrase);
    const { provider, clock, connector, topics } = this.#deps;
    const name = deviceName.trim() === "" ? this.#deps.deviceName : checkName(deviceName);
    await this.end();
    await this.end();
    const nodes = code.value.nodes.length > 0 ? code.value.nodes : await this.#deps.defaultNodes();
    const pool = new NodePool({ provider, clock, connector, topics });
    this.#pool = pool;
    const deviceSeed = provider.randomBytes(32);
    const driver = new NewLinkDriver(
      {
        provider,
        clock,
        pool,
        background: this.#background,
        readers: new Readers({ pool, clock, provider, cursors: new Map() }),
        deviceSeed,
        deviceName: name,
        saveIdentity: (chain, person) =>
          this.#saveIdentity({ chain, deviceSeed, ...nameOf(person), deviceName: name, nodes }, passphrase),
        makeKeyPackage: () => this.#makeKeyPackage(),
        join: (newcomer) => this.#join(newcomer),
        linked: () => this.#linked(),
        abandon: () => this.#abandon(),
        onChange: () => topics.mark("link"),
      },
      { ...code.value, nodes },
    );
    this.#driver = driver;
    await driver.open();
    topics.mark("link");
  }

  accept(): Promise<void> {
    if (this.#driver === null) throw new IntentError("link-none");
    return this.#driver.accept();
  }

  /** The first time it says how it ended; the second time that is put away. */
  async end(): Promise<void> {
    const driver = this.#driver;
    if (driver === null) return;
    if (!driver.isOver) return driver.cancel();
    await driver.close();
    this.#pool?.close();
    this.#driver = null;
    this.#deps.topics.mark("link");
  }

  async close(): Promise<void> {
    await this.#driver?.close();
    this.#pool?.close();
    await this.#abandon();
    this.#driver = null;
  }

  // ---- below: what the machine asks for

  async #saveIdentity(profile: Parameters<typeof linkedProfile>[0], passphrase: string | null): Promise<void> {
    const { stores } = this.#deps;
    const store = await stores.create(passphrase);
    const mark: StoreChange = { document: LINKING_DOCUMENT, value: new Uint8Array([1]) };
    await store.write([...linkedProfile(profile), mark]);
    this.#session = await this.#deps.openSession(store);
  }

  async #makeKeyPackage(): Promise<Uint8Array> {
    this.#keyPackage = await newKeyPackage((this.#session as Session).core, false);
    return this.#keyPackage.keyPackage;
  }

  #join(newcomer: Newcomer): Promise<boolean> {
    const { siblings } = this.#session as Session;
    const done: StoreChange = { document: LINKING_DOCUMENT, value: null };
    return siblings.joinSelf(newcomer, this.#keyPackage as KeyPackageBundle, [done]);
  }

  async #linked(): Promise<void> {
    const session = this.#session as Session;
    this.#session = null;
    await this.#deps.onLinked(session);
  }

  async #abandon(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    await session.close();
    await this.#deps.stores.destroy();
  }
}

const nameOf = ({ accountId, name }: { readonly accountId: string; readonly name: string }) => ({ accountId, name });
