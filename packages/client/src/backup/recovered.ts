/**
 * What a recovery has brought back and is not yet in its place: the pins of contacts whose chain has not been seen, and
 * the chats for which no member has been reached (spec/account-backup.md, AB18).
 *
 * RC1 What the backup held is written once, with the recovery itself, and never changed; what becomes of each chat lies
 *     beside it.
 * RC2 A chat is off the list once there is one with the same person, or the person takes it off.
 */
import { bytes, bytesToHex, decode, encode, expectOk, literal, struct, uint } from "@xchat/codec";
import {
  accountIdOfBytes,
  decodeBackupContent,
  decodeRecoveryWork,
  encodeBackupContent,
  encodeRecoveryWork,
  noteRecoveryWork,
  recoveryWorkStep,
  startRecoveryWork,
  type BackupContent,
  type BackupConversation,
  type ChainPin,
  type NodeHint,
  type RecoveryOutcome,
  type RecoveryStepResult,
  type RecoveryWork,
} from "@xchat/protocol";
import type { RecoveredChatView, RecoveryView } from "../api.ts";
import type { ContactRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import type { RecoveredConversation } from "./backup-content.ts";

const CONTENT_DOCUMENT = "recovered";
const WORK_DOCUMENT = "recovery-work";

const contentCodec = struct({
  version: literal(1, "newer-version"),
  recoveredAt: uint(),
  content: bytes({ max: 2 * 1024 * 1024 }),
});

/** Written in the transaction of the recovery (AB14). */
export function recoveredChanges(content: BackupContent, now: number): readonly StoreChange[] {
  const stored = encode(contentCodec, { version: 1, recoveredAt: now, content: encodeBackupContent(content) });
  return [
    { document: CONTENT_DOCUMENT, value: stored },
    { document: WORK_DOCUMENT, value: encodeRecoveryWork(startRecoveryWork(content.conversations, now)) },
  ];
}

export class Recovered {
  readonly #core: SessionCore;
  #content: BackupContent | null = null;
  #work: RecoveryWork = { steps: [], entries: [] };
  #recoveredAt = 0;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  async load(): Promise<void> {
    const { store } = this.#core;
    const stored = await store.document(CONTENT_DOCUMENT);
    const work = await store.document(WORK_DOCUMENT);
    if (stored === null || work === null) return;
    const { recoveredAt, content } = expectOk(decode(contentCodec, stored), "recovered");
    this.#recoveredAt = recoveredAt;
    this.#content = expectOk(decodeBackupContent(content), "recovered content");
    this.#work = expectOk(decodeRecoveryWork(work), "recovery work");
  }

  /** By account id, of contacts whose whole chain is not known since (DV20). */
  pins(): ReadonlyMap<string, ChainPin> {
    const pins = new Map<string, ChainPin>();
    for (const { account, pin } of this.#content?.contacts ?? []) {
      if (pin !== null) pins.set(accountText(account), pin);
    }
    return pins;
  }

  /** Still to come back, for the next backup. `isKnown`: a chat with this id or this account is there. */
  conversations(isKnown: (id: string, accountId: string | null) => boolean): readonly RecoveredConversation[] {
    const nodes = this.#content?.nodes ?? [];
    return this.#open(isKnown).map(({ nodes: indexes, ...one }) => ({
      ...one,
      homeNodes: indexes.map((index) => nodes[index] as NodeHint),
    }));
  }

  view(isKnown: (id: string, accountId: string | null) => boolean): RecoveryView {
    if (this.#content === null) return null;
    const states = new Map(this.#work.entries.map(({ conversation, state }) => [conversation, state]));
    const chats = this.#open(isKnown).map((one): RecoveredChatView => {
      const id = bytesToHex(one.conversation);
      const accountId = one.account === null ? null : accountText(one.account);
      const contact = accountId === null ? undefined : this.#core.contacts.get(accountId);
      return {
        id,
        kind: one.kind,
        name: one.ownName ?? one.name ?? nameOf(contact) ?? accountId ?? "",
        accountId,
        isVerified: contact?.isVerified ?? false,
        state: states.get(id) === "unreachable" ? "unreachable" : "asked",
      };
    });
    return { recoveredAt: this.#recoveredAt, chats };
  }

  async drop(id: string): Promise<void> {
    await this.#note("dropped", [id]);
  }

  /** RC2. */
  async chatBegan(accountId: string): Promise<void> {
    const same = (this.#content?.conversations ?? []).filter(
      ({ account }) => account !== null && accountText(account) === accountId,
    );
    await this.#note(
      "joined",
      same.map(({ conversation }) => bytesToHex(conversation)),
    );
  }

  // ---- what is to be done (AB17, AB18)

  get recoveredAt(): number {
    return this.#recoveredAt;
  }

  due(now: number): RecoveryStepResult {
    const result = recoveryWorkStep(this.#work, now);
    this.#work = result.work;
    return result;
  }

  /** Members of it have been asked and may answer still. */
  get asked(): readonly string[] {
    return this.#work.entries.flatMap(({ conversation, state }) => (state === "asked" ? [conversation] : []));
  }

  conversation(id: string): RecoveredConversation | null {
    const one = this.#content?.conversations.find(({ conversation }) => bytesToHex(conversation) === id);
    if (one === undefined) return null;
    const nodes = this.#content?.nodes ?? [];
    return { ...one, homeNodes: one.nodes.map((index) => nodes[index] as NodeHint) };
  }

  /** `more`: what belongs to it, in one save. */
  async note(outcome: RecoveryOutcome, more: readonly StoreChange[] = []): Promise<void> {
    const { clock, store, topics } = this.#core;
    const work = noteRecoveryWork(this.#work, outcome, clock.now());
    await store.write([{ document: WORK_DOCUMENT, value: encodeRecoveryWork(work) }, ...more]);
    this.#work = noteRecoveryWork(this.#work, outcome, clock.now());
    topics.mark("recovery");
  }

  // ---- below

  #open(isKnown: (id: string, accountId: string | null) => boolean): readonly BackupConversation[] {
    const byId = new Map((this.#content?.conversations ?? []).map((one) => [bytesToHex(one.conversation), one]));
    return this.#work.entries.flatMap(({ conversation, state }) => {
      const one = byId.get(conversation);
      if (one === undefined || state === "joined" || state === "dropped") return [];
      return isKnown(conversation, one.account === null ? null : accountText(one.account)) ? [] : [one];
    });
  }

  async #note(kind: "joined" | "dropped", ids: readonly string[]): Promise<void> {
    const { clock, store, topics } = this.#core;
    const now = clock.now();
    const noted = ids.reduce((work, conversation) => noteRecoveryWork(work, { kind, conversation }, now), this.#work);
    const { work } = recoveryWorkStep(noted, now);
    if (ids.length === 0) return;
    await store.write([{ document: WORK_DOCUMENT, value: encodeRecoveryWork(work) }]);
    this.#work = work;
    topics.mark("recovery");
  }
}

const accountText = (account: Uint8Array): string => accountIdOfBytes(account);
const nameOf = (contact: ContactRecord | undefined): string | undefined => contact?.petname ?? contact?.name;
