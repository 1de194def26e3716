/** Machines that stop at any instant, with the loss of writes that were never synced. */
import type { Clock } from "@xchat/client/ports";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { FaultDisk } from "@xchat/store-sqlite/fault";
import { memoryStoreOpener } from "@xchat/store-sqlite/memory";
import {
  memoryConnector,
  person,
  SealedKeys,
  systemClock,
  type Lifeline,
  type MemoryNode,
  type Person,
} from "./index.ts";

/** A person's machine, whose power can go at any operation of its disk. */
export class Machine {
  readonly name: string;
  readonly keys = new SealedKeys();
  readonly disk = new FaultDisk();
  readonly #nodes: readonly MemoryNode[];
  readonly #clock: Clock;
  readonly #isBlank: boolean;
  #lifeline: Lifeline = { isCut: false };
  who!: Person;

  /** `isBlank`: it belongs to nobody until it is linked. */
  constructor(name: string, nodes: readonly MemoryNode[], clock: Clock = systemClock, isBlank = false) {
    this.name = name;
    this.#nodes = nodes;
    this.#clock = clock;
    this.#isBlank = isBlank;
  }

  async start(): Promise<void> {
    const provider = this.keys.watch(nodeCryptoProvider());
    this.#lifeline = { isCut: false };
    this.who = await person({
      name: this.name,
      nodes: this.#nodes.map(({ hint }) => hint),
      connector: memoryConnector(this.#nodes, this.#lifeline),
      provider,
      clock: this.#clock,
      withoutProfile: this.#isBlank,
      stores: memoryStoreOpener({ disk: this.disk, provider, now: () => this.#clock.now() }),
    });
  }

  /** The power goes at the n-th operation of the disk from now on, whatever it is. */
  failAfter(operations: number): void {
    this.disk.fault = { kind: "crash", at: this.disk.operations + operations };
  }

  /** The machine is off from here on; then it is switched on again. */
  async restart(random: () => number): Promise<void> {
    this.#lifeline.isCut = true;
    this.disk.isDown = true;
    await this.who.close().catch(() => undefined);
    this.disk.restart(random);
    await this.start();
  }
}
