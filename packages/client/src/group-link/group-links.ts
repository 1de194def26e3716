/**
 * The links of this person's groups at work (spec/group-link.md): cards and inboxes at the nodes, who asks, and who answers.
 *
 * GK1 The state of the group says which links there are; all else follows from it and from what is saved, and is looked at
 *     anew after every change, at the start, and from time to time.
 * GK2 A request is saved before the cursor moves behind it, and answered by a wish that is saved with the mark that it is.
 */
import { bytesToHex } from "@xchat/codec";
import {
  ANSWER_WAIT_MS,
  encodeGroupLinkCode,
  accountIdToBytes,
  groupLinkKeys,
  invitationLink,
  liveLinks,
  MAX_JOIN_LINKS,
  mayLetIn,
  type AccountId,
  type Hex,
  type JoinLink,
  type NodeHint,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { randomFraction } from "../base/backoff.ts";
import { Lane } from "../base/lane.ts";
import { ownAccount } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import { cursorId, type Delivered } from "../delivery/readers.ts";
import type { PartRecord, StoreChange, Timer } from "../ports.ts";
import type { LinkHooks, SessionCore } from "../session-core.ts";
import { declined, deleteRequest, JoinRequests, putRequest, type JoinRequest } from "./join-requests.ts";
import { letIn } from "./let-in.ts";
import { LinkCards } from "./link-cards.ts";
import { readJoinRequest } from "./link-inbox.ts";
import { LinkKeyring } from "./link-keys.ts";

const DAY = 86_400_000;
const MAX_LINK_DAYS = 3_650;
/** GL7: whoever did not make the link waits a part of this, and looks whether it is done. */
const LONGEST_WAIT = 10_000;

interface Inbox {
  readonly chat: string;
  readonly mailbox: Uint8Array;
  readonly nodes: readonly NodeHint[];
}

export class GroupLinks implements LinkHooks {
  readonly #core: SessionCore;
  readonly #chats: ReadonlyMap<string, Chat>;
  readonly #lane = new Lane();
  readonly #keys: LinkKeyring;
  readonly #cards: LinkCards;
  readonly #requests = new JoinRequests();
  /** By the name of their reader. */
  readonly #inboxes = new Map<string, Inbox>();
  /** When a request that needs nobody's yes is answered here, by its id. */
  readonly #dueAt = new Map<Hex, number>();
  readonly #timers = new Map<string, Timer>();

  constructor(core: SessionCore, chats: ReadonlyMap<string, Chat>) {
    this.#core = core;
    this.#chats = chats;
    this.#keys = new LinkKeyring(core.provider);
    this.#cards = new LinkCards({
      core,
      keys: this.#keys,
      lane: this.#lane,
      chat: (id) => chats.get(id),
      onChange: (chat) => core.topics.mark(`group/${chat}`),
    });
  }

  load(parts: readonly PartRecord[]): void {
    this.#requests.load(parts);
    this.#cards.load(parts);
  }

  /** After the start, and from time to time. */
  lookAtAll(): void {
    for (const chat of this.#chats.keys()) this.changed(chat);
  }

  /** After a change of the group was saved, and when a chat begins or ends. */
  changed(chat: string): void {
    if (this.#core.isClosed()) return;
    this.#core.background.run(this.#lane.run(() => this.#look(chat)));
  }

  /** The chat was deleted, and its parts with it. */
  forget(chat: string): void {
    this.#requests.forget(chat);
    this.#cards.forget(chat);
    const gone = this.#stopReading(chat, new Set());
    if (gone.length > 0) this.#core.background.run(this.#core.store.write(gone));
    this.#timers.get(chat)?.cancel();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers.values()) timer.cancel();
    await this.#lane.idle();
  }

  // ---- views

  requests(chat: string): readonly JoinRequest[] {
    return this.#requests.of(chat);
  }

  /** The one that an addition which has just counted is the answer to. */
  answering(chat: string, account: AccountId): JoinRequest | null {
    return this.#requests.of(chat).find((one) => one.account === account && one.state === "answering") ?? null;
  }

  answered(request: JoinRequest): void {
    this.#requests.delete(request);
  }

  isUp(chat: string, link: JoinLink): boolean {
    return this.#cards.isUp(chat, link);
  }

  codeOf(link: JoinLink, nodes: readonly NodeHint[]): { readonly code: string; readonly link: string } {
    const { provider, linkBase } = this.#core;
    const { secret } = groupLinkKeys(provider, link.seed);
    const code = encodeGroupLinkCode({ secret, accountIdHash: provider.sha256(accountIdToBytes(link.by)), nodes });
    return { code, link: linkBase === null ? code : invitationLink(linkBase, code) };
  }

  // ---- intents

  async make(
    chat: Chat,
    { needsApproval, days }: { readonly needsApproval: boolean; readonly days: number | null },
  ): Promise<{ readonly id: string; readonly link: string; readonly code: string }> {
    const { provider, clock } = this.#core;
    const { links, homeNodes } = chat.agreed;
    if (links.filter(({ isRevoked }) => !isRevoked).length >= MAX_JOIN_LINKS) throw new IntentError("group-links-full");
    const seed = bytesToHex(provider.randomBytes(32));
    const length = days === null ? null : Math.min(MAX_LINK_DAYS, Math.max(1, Math.round(days))) * DAY;
    const link: JoinLink = {
      hash: groupLinkKeys(provider, seed).hash,
      seed,
      by: ownAccount(this.#core),
      needsApproval,
      expiresAt: length === null ? null : clock.now() + length,
      isRevoked: false,
    };
    await chat.want([{ kind: "state", change: { kind: "link", link } }]);
    return { id: link.hash, ...this.codeOf(link, homeNodes) };
  }

  async revoke(chat: Chat, id: string): Promise<void> {
    const wished = chat.wishes.find(({ change }) => {
      return change.kind === "state" && change.change.kind === "link" && change.change.link.hash === id;
    });
    const link = chat.agreed.links.find(({ hash, isRevoked }) => hash === id && !isRevoked);
    // One that no epoch has yet is a wish, and simply taken back.
    if (wished !== undefined && link === undefined && (await chat.takeBack(wished.id))) return;
    if (link === undefined) throw new IntentError("group-link-gone");
    if (link.by !== ownAccount(this.#core)) await this.#cards.markForRemoval(chat, link);
    await chat.want([{ kind: "state", change: { kind: "link-revoked", hash: link.hash } }]);
  }

  answer(chat: Chat, id: string, accept: boolean): Promise<void> {
    return this.#lane.run(async () => {
      const request = this.#requests.get(chat.id, id);
      if (request === undefined || request.state === "declined") throw new IntentError("request-gone");
      if (!accept) return this.#set(declined(request));
      const outcome = await this.#letIn(chat, request);
      if (outcome === "refused") throw new IntentError("request-gone");
    });
  }

  // ---- below: looking

  async #look(id: string): Promise<void> {
    const chat = this.#chats.get(id);
    if (chat === undefined || this.#core.isClosed()) return;
    const live = this.#liveOf(chat);
    await this.#read(chat, live);
    await this.#sort(chat, live);
    if (chat.kind === "group") await this.#cards.look(chat, live);
    await this.#answerDue(chat);
    this.#core.topics.mark(`group/${id}`);
  }

  #liveOf(chat: Chat): readonly JoinLink[] {
    if (chat.kind !== "group" || chat.record.state !== "active") return [];
    return liveLinks(this.#core.provider, chat.standing, this.#core.clock.now());
  }

  /** Whoever is in by now asks no more; nor does anybody by a link that is not in force. */
  async #sort(chat: Chat, live: readonly JoinLink[]): Promise<void> {
    const { clock, store } = this.#core;
    const hashes = new Set(live.map(({ hash }) => hash));
    const { present } = chat.standing;
    const gone = this.#requests.of(chat.id).filter(({ state, account, link, createdAt }) => {
      if (createdAt + ANSWER_WAIT_MS < clock.now()) return true;
      // Its answer goes out with the commit that lets them in.
      return state !== "answering" && (present.has(account) || !hashes.has(link));
    });
    if (gone.length === 0) return;
    await store.write(gone.map(deleteRequest));
    for (const request of gone) {
      this.#requests.delete(request);
      this.#dueAt.delete(request.id);
    }
  }

  // ---- below: reading

  async #read(chat: Chat, live: readonly JoinLink[]): Promise<void> {
    const { readers } = this.#core;
    const self = ownAccount(this.#core);
    const wanted = new Set<string>();
    for (const link of live) {
      if (!mayLetIn(chat.standing, self, link)) continue;
      const name = readerName(chat.id, link.hash);
      wanted.add(name);
      const keys = await this.#keys.of(link.seed);
      const nodes = chat.agreed.homeNodes;
      this.#inboxes.set(name, { chat: chat.id, mailbox: keys.inbox.publicKey, nodes });
      readers.set(
        name,
        nodes.map((hint) => ({ hint, mailboxes: [keys.inbox] })),
        (delivered) => this.#core.background.run(this.#lane.run(() => this.#receive(chat.id, link.hash, delivered))),
        { apart: "always" },
      );
    }
    const gone = this.#stopReading(chat.id, wanted);
    if (gone.length > 0) await this.#core.store.write(gone);
  }

  /** Of the links of a chat that are not `wanted` any more; what is to be deleted with it. */
  #stopReading(chat: string, wanted: ReadonlySet<string>): readonly StoreChange[] {
    const gone: StoreChange[] = [];
    for (const [name, inbox] of this.#inboxes) {
      if (inbox.chat !== chat || wanted.has(name)) continue;
      this.#core.readers.remove(name);
      this.#inboxes.delete(name);
      for (const hint of inbox.nodes) {
        const key = cursorId(inbox.mailbox, hint);
        this.#core.cursors.delete(key);
        gone.push({ delete: "cursor", key });
      }
    }
    return gone;
  }

  async #receive(id: string, hash: Hex, { hint, envelopes }: Delivered): Promise<void> {
    const { store, cursors, topics } = this.#core;
    const chat = this.#chats.get(id);
    const link = chat === undefined ? undefined : this.#liveOf(chat).find((one) => one.hash === hash);
    if (chat === undefined || link === undefined) return;
    const keys = await this.#keys.of(link.seed);
    const cursor = cursorId(keys.inbox.publicKey, hint);
    for (const { envelope } of envelopes) {
      const request = await readJoinRequest(this.#core, chat, link, keys, envelope);
      const replaced = request === null ? null : this.#requests.replacedBy(request);
      if (request === null || replaced === null) continue;
      await store.write([...replaced.map(deleteRequest), putRequest(request)]);
      for (const one of replaced) this.#requests.delete(one);
      this.#requests.set(request);
    }
    // GK2.
    const last = Math.max(cursors.get(cursor) ?? 0, ...envelopes.map(({ cursor: at }) => at));
    await store.write([{ put: "cursor", record: { id: cursor, cursor: last } }]);
    cursors.set(cursor, last);
    topics.mark(`group/${id}`);
    await this.#answerDue(chat);
  }

  // ---- below: answering

  /** What needs nobody's yes: at once by who made the link, by others after a while. */
  async #answerDue(chat: Chat): Promise<void> {
    const now = this.#core.clock.now();
    const open = new Map(
      this.#liveOf(chat).flatMap((link) => (link.needsApproval ? [] : [[link.hash, link] as const])),
    );
    let next = Infinity;
    for (const request of this.#requests.of(chat.id)) {
      const link = open.get(request.link);
      if (link === undefined || request.state !== "pending") continue;
      const dueAt = this.#dueAt.get(request.id) ?? now + this.#wait(link);
      this.#dueAt.set(request.id, dueAt);
      if (dueAt > now) next = Math.min(next, dueAt);
      else if ((await this.#letIn(chat, request)) === "later") next = Math.min(next, now + LONGEST_WAIT);
    }
    this.#timers.get(chat.id)?.cancel();
    if (next === Infinity || this.#core.isClosed()) return;
    this.#timers.set(
      chat.id,
      this.#core.clock.after(next - now, () => this.changed(chat.id)),
    );
  }

  #wait({ by }: JoinLink): number {
    const isOwn = by === ownAccount(this.#core);
    return isOwn ? 0 : Math.floor(LONGEST_WAIT * randomFraction(this.#core.provider));
  }

  async #letIn(chat: Chat, request: JoinRequest): Promise<"wished" | "refused" | "later"> {
    const outcome = await chat.keep((step) => letIn(step, request, (now) => this.#requests.set(now)));
    if (outcome === "refused") {
      await this.#core.store.write([deleteRequest(request)]);
      this.#requests.delete(request);
    }
    this.#core.topics.mark(`group/${chat.id}`);
    return outcome;
  }

  async #set(request: JoinRequest): Promise<void> {
    await this.#core.store.write([putRequest(request)]);
    this.#requests.set(request);
    this.#core.topics.mark(`group/${request.chat}`);
  }
}

const readerName = (chat: string, hash: Hex): string => `group-link/${chat}/${hash}`;
