/**
 * The rejoin inboxes of a conversation (spec/group.md, GR27): where they lie, what is put into them, and what is read there.
 *
 * RI1 A cursor moves only while nothing that was read waits for something: what a crash interrupts is read again.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  collectFragment,
  decodeRejoinMessage,
  emptyReassembly,
  openEnvelope,
  rejoinInbox,
  sealEnvelopes,
  type Hex,
  type NodeHint,
  type Reassembly,
  type RejoinMessage,
} from "@xchat/protocol";
import { cursorId, type Delivered } from "../delivery/readers.ts";
import type { MailboxKey, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";

/** Payloads that are told apart, of those that were read since the start. */
const MAX_SEEN = 4_096;

/** What names the inboxes. `seeds`: newest first. */
export interface InboxPlaces {
  readonly nodes: readonly NodeHint[];
  readonly seeds: readonly Hex[];
}

/** That of one seed. */
export interface Inbox {
  readonly seed: Hex;
  readonly wrapKey: Uint8Array;
  readonly nodes: readonly { readonly hint: NodeHint; readonly mailbox: MailboxKey }[];
}

export interface InboxesDeps {
  readonly conversation: Hex;
  readonly onMessage: (message: RejoinMessage, inbox: Inbox) => void;
  /** Something that was read is not done yet. */
  readonly isBusy: () => boolean;
  readonly isClosed: () => boolean;
}

export class Inboxes {
  readonly #core: SessionCore;
  readonly #deps: InboxesDeps;
  readonly #seen = new Set<string>();
  #reassembly: Reassembly = emptyReassembly();
  #fingerprint = "";
  #inboxes: readonly Inbox[] = [];
  #work: Promise<void> = Promise.resolve();

  constructor(core: SessionCore, deps: InboxesDeps) {
    this.#core = core;
    this.#deps = deps;
  }

  /** Newest first. */
  get all(): readonly Inbox[] {
    return this.#inboxes;
  }

  /** True when they are other ones than before. */
  async set({ nodes, seeds }: InboxPlaces): Promise<boolean> {
    const fingerprint = [...seeds, ...nodes.map(({ keyHash, address }) => bytesToHex(keyHash) + address)].join();
    if (fingerprint === this.#fingerprint) return false;
    const inboxes: Inbox[] = [];
    for (const seed of seeds) inboxes.push(await this.#derive(seed, nodes));
    this.#fingerprint = fingerprint;
    this.#inboxes = inboxes;
    return true;
  }

  /** What of it did not come from a rejoin inbox. */
  take({ hint, envelopes, isLive }: Delivered): Delivered {
    const keys = new Map(
      this.#inboxes.flatMap((inbox) =>
        inbox.nodes.map(({ mailbox }) => [bytesToHex(mailbox.publicKey), inbox] as const),
      ),
    );
    const own = envelopes.flatMap((one) => {
      const inbox = keys.get(bytesToHex(one.mailbox));
      return inbox === undefined ? [] : [{ one, inbox }];
    });
    if (own.length === 0) return { hint, envelopes, isLive };
    this.#work = this.#work.then(async () => {
      for (const { one, inbox } of own) await this.#read(inbox, one.envelope);
      await this.#moveCursors(own.map(({ one }) => ({ id: cursorId(one.mailbox, hint), cursor: one.cursor })));
    });
    this.#core.background.run(this.#work);
    return { hint, isLive, envelopes: envelopes.filter(({ mailbox }) => !keys.has(bytesToHex(mailbox))) };
  }

  /** Into an inbox at all of its nodes, as soon as each can be reached. `isWanted`: asked before each try. */
  async put(inbox: Inbox, payload: Uint8Array, isWanted: () => boolean): Promise<void> {
    const { provider, background } = this.#core;
    const envelopes = await sealEnvelopes(provider, inbox.wrapKey, payload);
    for (const node of inbox.nodes) background.run(this.#putAt(node, envelopes, isWanted));
  }

  // ---- below

  async #derive(seed: Hex, nodes: readonly NodeHint[]): Promise<Inbox> {
    const { provider } = this.#core;
    const { conversation } = this.#deps;
    let wrapKey: Uint8Array = new Uint8Array(0);
    const places: Inbox["nodes"][number][] = [];
    for (const hint of nodes) {
      const keys = rejoinInbox(provider, { conversation, seed, nodeKeyHash: hint.keyHash });
      wrapKey = keys.wrapKey;
      const { publicKey } = await provider.ed25519KeyPair(keys.mailboxSeed);
      places.push({ hint, mailbox: { seed: keys.mailboxSeed, publicKey } });
    }
    return { seed, wrapKey, nodes: places };
  }

  async #putAt(
    { hint, mailbox }: Inbox["nodes"][number],
    envelopes: readonly Uint8Array[],
    isWanted: () => boolean,
  ): Promise<void> {
    const { pool } = this.#core;
    for (const envelope of envelopes) {
      for (;;) {
        await new Promise<void>((resolve) => {
          const look = (): void => {
            if (this.#deps.isClosed() || !isWanted() || pool.mayTry(hint, look)) resolve();
          };
          look();
        });
        if (this.#deps.isClosed() || !isWanted()) return;
        const outcome = await pool.access(hint).deposit({ context: this.#deps.conversation, mailbox, envelope });
        pool.report(hint, outcome);
        if (outcome.ok) break;
        // A full inbox: who asks comes again.
        if (outcome.error.kind === "refused") return;
      }
    }
  }

  async #read(inbox: Inbox, envelope: Uint8Array): Promise<void> {
    const { provider } = this.#core;
    const opened = await openEnvelope(provider, inbox.wrapKey, envelope);
    if (!opened.ok) return;
    let payload: Uint8Array | null;
    if (opened.value.kind === "whole") ({ payload } = opened.value);
    else {
      const collected = collectFragment(provider, this.#reassembly, opened.value);
      this.#reassembly = collected.state;
      ({ payload } = collected);
    }
    if (payload === null || !this.#isNew(payload)) return;
    const message = decodeRejoinMessage(payload);
    if (message.ok && !this.#deps.isClosed()) this.#deps.onMessage(message.value, inbox);
  }

  /** It lies at every node. */
  #isNew(payload: Uint8Array): boolean {
    const id = bytesToHex(this.#core.provider.sha256(payload));
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
    return true;
  }

  async #moveCursors(read: readonly { readonly id: string; readonly cursor: number }[]): Promise<void> {
    const { cursors, store } = this.#core;
    if (this.#deps.isClosed() || this.#deps.isBusy()) return;
    const newest = new Map<string, number>();
    for (const { id, cursor } of read) {
      if (cursor > (cursors.get(id) ?? 0)) newest.set(id, Math.max(cursor, newest.get(id) ?? 0));
    }
    if (newest.size === 0) return;
    const changes = [...newest].map(([id, cursor]): StoreChange => ({ put: "cursor", record: { id, cursor } }));
    await store.write(changes);
    for (const [id, cursor] of newest) cursors.set(id, cursor);
  }
}

export const conversationBytes = (conversation: Hex): Uint8Array => expectOk(hexToBytes(conversation), "conversation");
