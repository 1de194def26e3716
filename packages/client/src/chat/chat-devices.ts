/** What a chat has to do with the devices of its person: their leaves in it, and what they tell each other there. */
import type { EventAuthor, PayloadItem, SignedEvent } from "@xchat/protocol";
import type { SyncBody, SyncStamp } from "../devices/register-sync.ts";
import type { ConversationRecord, EventRecord, MarkRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { authorOfLeaf } from "./authors.ts";
import { mark } from "./content-actions.ts";
import { startTimers } from "./content-expiry.ts";
import { appendBody } from "./events.ts";
import { takeHistory, takePastAuthors, type PastAuthor } from "./history.ts";
import { orderOf } from "./message-view.ts";
import { wantDevices } from "./commits.ts";
import { commitError, mayCommit, ownDevices, type DeviceChange } from "./own-devices.ts";
import { isSettled, sealOrQueue } from "./sealing.ts";
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
  /** Who waits for a commit, by the name of the intent. */
  readonly #waiting = new Map<string, { readonly change: DeviceChange; readonly settle: (isWon: boolean) => void }>();

  constructor(core: SessionCore, deps: ChatDevicesDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  /** The conversation that this person's devices share. */
  get isOfDevices(): boolean {
    return this.#deps.state().side.state.kind === "devices";
  }

  get epoch(): number {
    return this.#deps.state().group.epoch;
  }

  /** Device keys of this account that have a leaf. */
  get own(): readonly string[] {
    return ownDevices(this.#deps.state(), this.#core.profile().accountId);
  }

  /** Of this device. */
  get leaf(): string {
    return this.#deps.state().log.self;
  }

  /** What lies at the nodes has been read, and nothing in it says that this store is an older copy of itself. */
  get isUpToDate(): boolean {
    const { isFresh, fork } = this.#deps.state();
    return !isFresh && fork.session.standing === "member";
  }

  /** When this device entered the present epoch. */
  get epochBegan(): number {
    return this.#deps.state().epochs.at(-1)?.createdAt ?? 0;
  }

  /** That a device of this account has in it. */
  leafOf(device: string): string | null {
    const { accountId } = this.#core.profile();
    const leaf = this.#deps.state().side.leaves.find((one) => one.account === accountId && one.deviceKey === device);
    return leaf?.leafKey ?? null;
  }

  /** Of a leaf that is in it. */
  ofLeaf(leafKey: string): string | null {
    return this.#deps.state().side.leaves.find((leaf) => leaf.leafKey === leafKey)?.deviceKey ?? null;
  }

  get mayCommit(): boolean {
    return mayCommit(this.#deps.state());
  }

  /**
   * Resolves when the epoch has begun in which it is so, and what newcomers need lies ready. A commit that loses its epoch is
   * made again in the next. @throws Error with code "busy" or "commit-lost".
   */
  async change(change: DeviceChange): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const begun = this.#deps.step(async (step) => {
        if (!mayCommit(step.state)) throw commitError("busy");
        const intent = await wantDevices(step, change);
        const settle = (isWon: boolean): void => (isWon ? resolve() : reject(commitError("commit-lost")));
        this.#waiting.set(intent, { change, settle });
      });
      begun.catch(reject);
    });
  }

  changeOf(intent: string): DeviceChange | null {
    return this.#waiting.get(intent)?.change ?? null;
  }

  committed(intent: string, isWon: boolean): void {
    this.#waiting.get(intent)?.settle(isWon);
    this.#waiting.delete(intent);
  }

  /** Nothing stands in the way of a commit any more: the work on the devices may have waited for that alone (DV32). */
  moved(before: ChatState): void {
    if (this.mayCommit && !mayCommit(before)) this.changed();
  }

  /** Somebody has come or gone. */
  changed(): void {
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

  /** Says something in the devices' conversation that is no event. False when nothing can be sealed now. */
  tell(item: PayloadItem, purpose: "state" | "signal"): Promise<boolean> {
    return this.#deps.step(async (step) => {
      if (!isSettled(step.core, step.state)) return false;
      await step.seal([item], purpose);
      return true;
    });
  }

  /** Of whoever is or was in it. */
  author(leafKey: string): EventAuthor | null {
    return authorOfLeaf(this.#deps.state(), leafKey);
  }

  /** What was written before this device came in, as a sibling gives it. Answers how much of it is new. */
  takeHistory(authors: readonly PastAuthor[], events: readonly SignedEvent[]): Promise<number> {
    return this.#deps.step(async (step) => {
      takePastAuthors(step, authors);
      return takeHistory(step, events);
    });
  }

  /** What this person keeps of an event for themselves, set on another device. */
  async takeMark(event: string, part: Pick<MarkRecord, "isStarred"> | Pick<MarkRecord, "isHidden">): Promise<void> {
    await this.#deps.step((step) => mark(step, event, part));
  }

  /** What another device of this person has set. A place in the chat only moves on. */
  async take({ draft, readDepth, readId }: Partial<ConversationRecord>): Promise<void> {
    await this.#deps.step(async (step) => {
      const { record } = step.state;
      if (draft !== undefined && draft !== record.draft) step.setRecord({ draft });
      if (readDepth === undefined || readId === undefined) return;
      if (orderOf({ depth: readDepth, id: readId }) > orderOf({ depth: record.readDepth, id: record.readId })) {
        step.setRecord({ readDepth, readId });
        // MV5: it was read, on whichever device.
        await startTimers(step, { depth: readDepth, id: readId });
      }
    });
    await this.#deps.onRead();
  }
}
