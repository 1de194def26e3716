/** Two people who know each other, on a clock that a test moves: real MLS, real stores, nodes in memory. */
import type { ConversationId } from "@xchat/client/api";
import {
  meet,
  memoryConnector,
  memoryNodes,
  TestDevice,
  VirtualClock,
  type DeviceInput,
  type MemoryNode,
} from "./index.ts";

/** When the story of such a world begins. */
export const NOW = 1_795_512_600_000;

type More = Partial<Pick<DeviceInput, "connector" | "stores">>;

export interface Acquainted {
  readonly clock: VirtualClock;
  readonly nodes: readonly MemoryNode[];
  /** The first of them. */
  readonly node: MemoryNode;
  readonly alice: TestDevice;
  readonly bob: TestDevice;
  readonly alicesChat: ConversationId;
  readonly bobsChat: ConversationId;
}

export class PairWorld {
  readonly #open: TestDevice[] = [];
  readonly clock: VirtualClock;
  readonly nodes: readonly MemoryNode[];
  readonly node: MemoryNode;

  constructor({ nodeCount = 1, clock = new VirtualClock(NOW) }: { nodeCount?: number; clock?: VirtualClock } = {}) {
    this.clock = clock;
    this.nodes = memoryNodes(nodeCount);
    this.node = this.nodes[0] as MemoryNode;
  }

  /** At home at all the nodes. It is not open yet. */
  device(name: string, more: More = {}): TestDevice {
    const nodes = this.nodes.map(({ hint }) => hint);
    const connector = (): ReturnType<typeof memoryConnector> => memoryConnector(this.nodes);
    const made = new TestDevice({ name, nodes, connector, clock: this.clock, ...more });
    this.#open.push(made);
    return made;
  }

  async acquainted(bobs: More = {}): Promise<Acquainted> {
    const [alice, bob] = [this.device("Alice"), this.device("Bob", bobs)];
    const chats = await meet(await alice.open(), await bob.open());
    const { clock, nodes, node } = this;
    return { clock, nodes, node, alice, bob, ...chats };
  }

  async close(): Promise<void> {
    for (const device of this.#open.splice(0)) await device.close();
  }
}
