/** A device whose store is a disk in memory, which can be closed, opened again, copied, and looked into. */
import type { CryptoProvider } from "@xchat/crypto";
import type { Clock, DirectTransport, NodeConnector, NodeHint, Store, StoreOpener } from "@xchat/client/ports";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { memoryStoreOpener } from "@xchat/store-sqlite/memory";
import { MemoryDisk, MemoryFile } from "@xchat/store-sqlite/memory-disk";
import { systemClock } from "./clock.node.ts";
import { person, type Person } from "./person.ts";

export interface DeviceInput {
  readonly name: string;
  readonly nodes: readonly NodeHint[];
  readonly connector: () => NodeConnector;
  readonly clock?: Clock;
  readonly direct?: DirectTransport | null;
  readonly disk?: MemoryDisk;
  /** What stands between the client and its store. */
  readonly stores?: (own: StoreOpener) => StoreOpener;
}

export class TestDevice {
  readonly #input: DeviceInput;
  readonly #provider: CryptoProvider = nodeCryptoProvider();
  readonly #disk: MemoryDisk;
  #who: Person | null = null;

  constructor(input: DeviceInput) {
    this.#input = input;
    this.#disk = input.disk ?? new MemoryDisk();
  }

  /** While it is open. */
  get who(): Person {
    return this.#who as Person;
  }

  /** `blank`: a device that belongs to nobody yet stays so. */
  async open(how: "blank" | "with-profile" = "with-profile"): Promise<Person> {
    const { name, nodes, connector, direct = null } = this.#input;
    const clock = this.#input.clock ?? systemClock;
    this.#who = await person({
      name,
      nodes,
      clock,
      direct,
      connector: connector(),
      provider: this.#provider,
      stores: this.#stores(),
      withoutProfile: how === "blank",
    });
    return this.#who;
  }

  async close(): Promise<void> {
    const who = this.#who;
    this.#who = null;
    await who?.close();
  }

  async reopen(): Promise<Person> {
    await this.close();
    return this.open();
  }

  /** Of one that was linked to somebody's account. */
  async reopenBlank(): Promise<Person> {
    await this.close();
    return this.open("blank");
  }

  /** Its disk as it is now, in another machine. To be called while it is closed. */
  copy(): TestDevice {
    const disk = new MemoryDisk();
    for (const [name, file] of this.#disk.files) {
      const copied = new MemoryFile();
      copied.write(file.bytes(), 0);
      disk.files.set(name, copied);
    }
    return new TestDevice({ ...this.#input, disk });
  }

  /** Looks into its store, or changes it, while it is closed. */
  async inspect<T>(look: (store: Store) => Promise<T>): Promise<T> {
    const store = await this.#stores().open(null);
    try {
      return await look(store);
    } finally {
      await store.close();
    }
  }

  #stores(): StoreOpener {
    const clock = this.#input.clock ?? systemClock;
    const own = memoryStoreOpener({ disk: this.#disk, provider: this.#provider, now: () => clock.now() });
    return this.#input.stores?.(own) ?? own;
  }
}
