/** What a simulated device saves on: the quick store of mass runs, or the real one on a disk that loses power. */
import type { Clock, GroupRecord, Store, StoreOpener } from "@xchat/client/ports";
import type { CryptoProvider } from "@xchat/crypto";
import { FaultDisk } from "@xchat/store-sqlite/fault";
import { memoryStoreOpener } from "@xchat/store-sqlite/memory";
import type { Random } from "./random.ts";
import { memoryOpener, MemoryPlace } from "./store/memory-store.ts";

export interface DiskInput {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly synced: (call: () => void) => void;
}

export interface SimDisk {
  opener(input: DiskInput): StoreOpener;
  /** The power goes: what was not safe is lost, in part or whole. */
  crash(random: Random, store: Store | null): Promise<void>;
  /** As a copy of the disk, taken now, has it. */
  image(): SimDisk;
  /** The group of a conversation as the open store has it, without making anything safe that is not. */
  peek(conversation: string, store: Store | null): Promise<GroupRecord | null>;
}

export class QuickDisk implements SimDisk {
  readonly #place: MemoryPlace;

  constructor(place = new MemoryPlace()) {
    this.#place = place;
  }

  opener({ synced }: DiskInput): StoreOpener {
    return memoryOpener({ place: this.#place, synced });
  }

  async crash(random: Random): Promise<void> {
    this.#place.crash((count) => random.between(0, count));
  }

  image(): SimDisk {
    return new QuickDisk(this.#place.image());
  }

  async peek(conversation: string): Promise<GroupRecord | null> {
    return this.#place.tables?.table("group").get(conversation) ?? null;
  }
}

/** The real engine, with torn and lost writes. */
export class RealDisk implements SimDisk {
  readonly #disk: FaultDisk;

  constructor(disk = new FaultDisk()) {
    this.#disk = disk;
  }

  opener({ provider, clock }: DiskInput): StoreOpener {
    return memoryStoreOpener({ disk: this.#disk, provider, now: () => clock.now() });
  }

  async crash(random: Random, store: Store | null): Promise<void> {
    this.#disk.isDown = true;
    await store?.close().catch(() => undefined);
    this.#disk.restart(random.next);
  }

  image(): SimDisk {
    const image = new FaultDisk();
    for (const [name, bytes] of this.#disk.contents()) {
      const file = image.open(name, true);
      file?.write(bytes, 0);
      file?.sync();
    }
    return new RealDisk(image);
  }

  async peek(conversation: string, store: Store | null): Promise<GroupRecord | null> {
    return (await store?.get("group", conversation)) ?? null;
  }
}
