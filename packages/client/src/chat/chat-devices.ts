/** What a chat has to do with the devices of its person: their leaves in it, and what they tell each other there. */
import type { SyncBody, SyncStamp } from "../devices/register-sync.ts";
import type { ConversationRecord, EventRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { appendBody } from "./events.ts";
import { orderOf } from "./message-view.ts";
import { commitError, mayCommit, ownDevices } from "./own-devices.ts";
import { sealOrQueue } from "./sealing.ts";
import type { ChatState, Step } from "./step.ts";

export interface ChatDevicesDeps {
  readonly state: () => ChatState;
  readonly step: <T>(work: (step: Step) => Promise<T>) => Promise<T>;
  /** Another place has been read up to. */
  readonly onRead: () => Promise<void>;
}

export class ChatDevices {
  readonly #core: SessionCore;
  readonly #deps: ChatDevicesDeps;
  /** Who waits for an own commit, by its entry in the outbox. */
  readonly #waiting = new Map<string, (isWon: boolean) => void>();

  constructor(core: SessionCore, deps: ChatDevicesDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  /** The conversation that this person's devices share. */
  get isOfDevices(): boolean {
    return this.#deps.state().side.state.kind === "devices";
  }

  /** Device keys of this account that have a leaf. */
  get own(): readonly string[] {
    return ownDevices(this.#deps.state(), this.#core.profile().accountId);
  }

  /** Of a leaf that is in it. */
  ofLeaf(leafKey: string): string | null {
    return this.#deps.state().side.leaves.find((leaf) => leaf.leafKey === leafKey)?.deviceKey ?? null;
  }

  get mayCommit(): boolean {
    return mayCommit(this.#deps.state());
  }

  /** Resolves when the epoch has begun in which it is so. @throws Error with code "busy" or "commit-lost". */
  async change(make: (step: Step) => Promise<string>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const begun = this.#deps.step(async (step) => {
        if (!mayCommit(step.state)) throw commitError("busy");
        const outboxId = await make(step);
        const settle = (isWon: boolean): void => (isWon ? resolve() : reject(commitError("commit-lost")));
        step.after.push(() => this.#waiting.set(outboxId, settle));
      });
      begun.catch(reject);
    });
  }

  /** An own commit has won or lost, or somebody else's has been applied. */
  committed(outboxId: string, isWon: boolean): void {
    this.#waiting.get(outboxId)?.(isWon);
    this.#waiting.delete(outboxId);
    this.#core.siblings.groupChanged(this.#deps.state().record.id);
  }

  /** The account's chain is another one: it is told here. */
  async tellChain(): Promise<void> {
    if (this.#deps.state().record.state === "active") await this.#deps.step(async () => undefined);
  }

  /** Own events of the devices' conversation, saved with what `fold` makes of their stamps. */
  async append(
    bodies: readonly SyncBody[],
    fold: (stamps: readonly SyncStamp[]) => readonly StoreChange[],
  ): Promise<void> {
    await this.#deps.step(async (step) => {
      const events: EventRecord[] = [];
      for (const { kind, content } of bodies) events.push(await appendBody(step, kind, content));
      step.changes.push(...fold(events.map(({ author, depth }) => ({ author, depth }))));
      for (const event of events) await sealOrQueue(step, event);
    });
  }

  /** What another device of this person has set. A place in the chat only moves on. */
  async take({ draft, readDepth, readId }: Partial<ConversationRecord>): Promise<void> {
    await this.#deps.step(async (step) => {
      const { record } = step.state;
      if (draft !== undefined && draft !== record.draft) step.setRecord({ draft });
      if (readDepth === undefined || readId === undefined) return;
      if (orderOf({ depth: readDepth, id: readId }) > orderOf({ depth: record.readDepth, id: record.readId })) {
        step.setRecord({ readDepth, readId });
      }
    });
    await this.#deps.onRead();
  }
}
