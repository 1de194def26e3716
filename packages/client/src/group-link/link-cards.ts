/**
 * Cards and inboxes of links at the nodes: put by devices of who made the link, renewed before they expire and when they are
 * not true any more (GL4), taken down when the link is not in force any more.
 *
 * LC1 What is to be at a node is saved before the node hears of it, and done only when that is saved: a crash repeats, and
 *     leaves nothing out.
 * LC2 The state of the group says which links there are. A card outlives its link by no more than it takes to reach a node.
 */
import { bool, bytes, encode, equalBytes, nullable, struct, text, uint } from "@xchat/codec";
import { sealGroupCard, type JoinLink, type NodeHint } from "@xchat/protocol";
import { ownAccount } from "../chat/authors.ts";
import type { Chat } from "../chat/chat.ts";
import type { Lane } from "../base/lane.ts";
import { nodeId } from "../delivery/nodes.ts";
import type { NodeOutcome, PartRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { cardId, cardOfPart, deleteCard, putCard, type CardRecord } from "./card-record.ts";
import type { LinkKeyring } from "./link-keys.ts";

const DAY = 86_400_000;
/** A link without an end lives as long as a device of its maker comes back within this time. */
const CARD_LIFETIME = 60 * DAY;
const RENEWAL = 30 * DAY;

const content = struct({
  name: nullable(text(256)),
  description: text(1_000),
  needsApproval: bool,
  chain: bytes({ length: 32 }),
  ownName: text(256),
  expiresAt: nullable(uint()),
});

export interface LinkCardsDeps {
  readonly core: SessionCore;
  readonly keys: LinkKeyring;
  readonly lane: Lane;
  readonly chat: (id: string) => Chat | undefined;
  readonly onChange: (chat: string) => void;
}

export class LinkCards {
  readonly #deps: LinkCardsDeps;
  readonly #cards = new Map<string, CardRecord>();
  /** Card and node that somebody is at work at. */
  readonly #running = new Set<string>();

  constructor(deps: LinkCardsDeps) {
    this.#deps = deps;
  }

  load(parts: readonly PartRecord[]): void {
    for (const part of parts) {
      const card = cardOfPart(part);
      if (card !== null) this.#cards.set(cardId(card), card);
    }
  }

  forget(chat: string): void {
    for (const [id, card] of this.#cards) if (card.chat === chat) this.#cards.delete(id);
  }

  /** Whether somebody who opens the link finds something, as far as this device knows. */
  isUp(chat: string, { hash, by }: JoinLink): boolean {
    if (by !== ownAccount(this.#deps.core)) return true;
    const card = this.#cards.get(cardId({ chat, hash }));
    return card !== undefined && !card.isDown && card.nodes.some(({ isDone }) => isDone);
  }

  /** In the lane. `live`: the links of this chat that are in force. */
  async look(chat: Chat, live: readonly JoinLink[]): Promise<void> {
    const self = ownAccount(this.#deps.core);
    for (const link of live) if (link.by === self) await this.#want(chat, link);
    const isLive = new Set(live.map(({ hash }) => hash));
    for (const card of this.#cards.values()) {
      if (card.chat === chat.id && !isLive.has(card.hash) && !card.isDown) await this.#save(this.#taken(card));
    }
    for (const card of this.#cards.values()) if (card.chat === chat.id) this.#work(card);
  }

  /** For who takes back the link of another: their device takes the card down, and does not leave it to the other's. */
  markForRemoval(chat: Chat, { hash, seed }: JoinLink): Promise<void> {
    return this.#deps.lane.run(async () => {
      if (this.#cards.has(cardId({ chat: chat.id, hash }))) return;
      const { clock } = this.#deps.core;
      const nodes = chat.agreed.homeNodes.map((hint) => ({ hint, isDone: true }));
      const expiresAt = clock.now() + CARD_LIFETIME;
      const fingerprint = new Uint8Array(0);
      await this.#save({ chat: chat.id, hash, seed, version: 0, fingerprint, expiresAt, isDown: false, nodes });
    });
  }

  // ---- below

  #taken(card: CardRecord): CardRecord {
    const nodes = card.nodes.map(({ hint }) => ({ hint, isDone: false }));
    return { ...card, isDown: true, version: this.#newer(card), nodes };
  }

  async #want(chat: Chat, link: JoinLink): Promise<void> {
    const { clock } = this.#deps.core;
    const known = this.#cards.get(cardId({ chat: chat.id, hash: link.hash }));
    const fingerprint = this.#fingerprint(chat, link);
    const isSame = known !== undefined && !known.isDown && equalBytes(known.fingerprint, fingerprint);
    const isFresh = isSame && (known.expiresAt - clock.now() > RENEWAL || known.expiresAt === link.expiresAt);
    if (isFresh) return;
    await this.#save({
      chat: chat.id,
      hash: link.hash,
      seed: link.seed,
      version: this.#newer(known),
      fingerprint,
      expiresAt: Math.min(clock.now() + CARD_LIFETIME, link.expiresAt ?? Infinity),
      isDown: false,
      nodes: chat.agreed.homeNodes.map((hint) => ({ hint, isDone: false })),
    });
  }

  #newer(before: CardRecord | undefined): number {
    return Math.max(this.#deps.core.clock.now(), (before?.version ?? 0) + 1);
  }

  /** How many members there are is not in it: it would be renewed, and seen to be, at each coming and going. */
  #fingerprint({ agreed }: Chat, { needsApproval, expiresAt }: JoinLink): Uint8Array {
    const { provider, profile } = this.#deps.core;
    const { name, description } = agreed;
    const chain = provider.sha256(profile().chain);
    return provider.sha256(
      encode(content, { name, description, needsApproval, chain, ownName: profile().name, expiresAt }),
    );
  }

  async #save(card: CardRecord): Promise<void> {
    const { store, clock } = this.#deps.core;
    await store.write([putCard(card, clock.now())]);
    this.#cards.set(cardId(card), card);
    this.#deps.onChange(card.chat);
  }

  async #drop(card: CardRecord): Promise<void> {
    await this.#deps.core.store.write([deleteCard(card)]);
    this.#cards.delete(cardId(card));
  }

  #work(card: CardRecord): void {
    for (const { hint, isDone } of card.nodes) {
      if (!isDone) this.#deps.core.background.run(this.#follow(cardId(card), hint));
    }
  }

  /** Until this node has what is wanted, whatever that has become meanwhile. */
  async #follow(id: string, hint: NodeHint): Promise<void> {
    const name = `${id}/${nodeId(hint)}`;
    if (this.#running.has(name)) return;
    this.#running.add(name);
    const { core } = this.#deps;
    try {
      for (;;) {
        const card = this.#cards.get(id);
        const node = card?.nodes.find((one) => nodeId(one.hint) === nodeId(hint));
        if (card === undefined || node === undefined || node.isDone || core.isClosed()) return;
        const outcome = await this.#bring(card, hint);
        core.pool.report(hint, outcome);
        if (outcome.ok || isSuperseded(outcome)) await this.#done(card, hint);
        // What else a node refuses is tried again with the next look.
        else if (outcome.error.kind === "refused") return;
        else await this.#mayTry(hint);
      }
    } finally {
      this.#running.delete(name);
    }
  }

  async #bring(card: CardRecord, hint: NodeHint): Promise<NodeOutcome<void>> {
    const { core, keys } = this.#deps;
    const { version, expiresAt } = card;
    const nothing = { ok: true, value: undefined } as const;
    // After that, by whatever clock, it has gone by itself.
    if (expiresAt + (card.isDown ? 2 * DAY : 0) <= core.clock.now()) return nothing;
    const { place, owner, inbox } = await keys.of(card.seed);
    const access = core.pool.access(hint);
    if (card.isDown) return access.removeBlob({ place, owner, version });
    const blob = await this.#seal(card);
    if (blob === null) return nothing;
    const opened = await access.openInbox({ inbox, expiresAt });
    return opened.ok ? access.putBlob({ place, owner, version, blob, expiresAt }) : opened;
  }

  /** Null when the link has gone meanwhile. */
  async #seal({ chat: id, hash, seed, expiresAt }: CardRecord): Promise<Uint8Array | null> {
    const { core, keys } = this.#deps;
    const chat = this.#deps.chat(id);
    const link = chat?.agreed.links.find((one) => one.hash === hash);
    if (chat === undefined || link === undefined) return null;
    const { secret, inbox, requestKey } = await keys.of(seed);
    const { name, description, homeNodes } = chat.agreed;
    const { chain, deviceSeed, name: ownName } = core.profile();
    return sealGroupCard(core.provider, {
      secret,
      chain,
      deviceSeed,
      name: ownName,
      groupId: chat.groupId,
      groupName: name,
      description,
      members: chat.standing.present.size,
      needsApproval: link.needsApproval,
      inbox: { mailbox: inbox.publicKey, requestKey, nodes: homeNodes },
      issuedAt: core.clock.now(),
      expiresAt,
    });
  }

  /** LC1. */
  #done({ version, ...card }: CardRecord, hint: NodeHint): Promise<void> {
    return this.#deps.lane.run(async () => {
      const now = this.#cards.get(cardId(card));
      if (now === undefined || now.version !== version) return;
      const nodes = now.nodes.map((one) => (nodeId(one.hint) === nodeId(hint) ? { ...one, isDone: true } : one));
      if (now.isDown && nodes.every(({ isDone }) => isDone)) return this.#drop(now);
      await this.#save({ ...now, nodes });
    });
  }

  #mayTry(hint: NodeHint): Promise<void> {
    return new Promise((resolve) => {
      const again = (): void => {
        if (this.#deps.core.pool.mayTry(hint, again)) resolve();
      };
      again();
    });
  }
}

/** Another device of this person has been there since. */
const isSuperseded = (outcome: NodeOutcome<void>): boolean =>
  !outcome.ok && outcome.error.kind === "refused" && outcome.error.reason === "version-old";
