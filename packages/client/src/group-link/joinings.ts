/**
 * Groups that this device has asked to come into by a link, until it is in, gives up, or the link is over (GL8, GL9).
 *
 * JO1 What is asked is saved, and the answer looked for, before the request goes out.
 * JO2 An answer is followed in one transaction with the end of the waiting. Until then it lies at the nodes.
 * JO3 Who gives up and asks again asks the same: whoever has let them in meanwhile has not done it for nothing.
 */
import { bytesToHex } from "@xchat/codec";
import {
  ANSWER_WAIT_MS,
  answerPlace,
  collectFragment,
  decodePayload,
  emptyReassembly,
  MAX_ANSWERED_AGE_MS,
  MAX_GREETING_BYTES,
  openEnvelope,
  type Hex,
  type Reassembly,
} from "@xchat/protocol";
import { IntentError, type GroupLinkPreview, type JoiningView } from "../api.ts";
import { Lane } from "../base/lane.ts";
import type { Chat } from "../chat/chat.ts";
import type { NewChat } from "../chat/new-chat.ts";
import { knownPerson } from "../contact/known.ts";
import type { OutboxEntry } from "../delivery/outbox.ts";
import { cursorId, type Delivered, type ReaderTarget } from "../delivery/readers.ts";
import type { PartRecord, StoreChange, StoredEnvelope } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import { newAttempt, requestOf } from "./asking.ts";
import { checkGreeting, fetchGroup, findGroup, shownDescription, type FoundGroup } from "./group-card.ts";
import { joinByLink } from "./join-by-link.ts";
import {
  deleteJoining,
  joiningOfPart,
  joiningOwner,
  MAX_ATTEMPTS,
  putJoining,
  type Attempt,
  type Joining,
} from "./joining-record.ts";
import { mailboxOf } from "./link-keys.ts";
import { Parcels } from "./parcels.ts";

const MAX_JOININGS = 64;
/** Of one mailbox: a large Welcome from each of some dozen devices. */
const MAX_ENVELOPES = 1_024;

export interface JoiningsHost {
  readonly core: SessionCore;
  readonly chats: ReadonlyMap<string, Chat>;
  /**
   * Saves the chat with what else belongs to that transaction, in place of the one of before, and sets it to work; not when
   * this person is in it by now.
   */
  begin(chat: NewChat, more: readonly StoreChange[]): Promise<void>;
}

/** What is read of one mailbox. */
interface Reading {
  readonly parcels: Parcels;
  reassembly: Reassembly;
  count: number;
  /** Kept in memory alone: whoever reads again reads from the beginning. */
  readonly cursors: Set<string>;
}

export class Joinings {
  readonly #host: JoiningsHost;
  readonly #lane = new Lane();
  readonly #joinings = new Map<Hex, Joining>();
  readonly #readings = new Map<string, Reading>();
  #isClosed = false;

  constructor(host: JoiningsHost) {
    this.#host = host;
  }

  load(parts: readonly PartRecord[]): void {
    for (const part of parts) {
      const joining = joiningOfPart(part);
      if (joining !== null) this.#joinings.set(joining.group, joining);
    }
  }

  async start(): Promise<void> {
    for (const joining of this.#joinings.values()) await this.#read(joining);
  }

  /** Nothing is asked anew any more. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#lane.idle();
  }

  views(): readonly JoiningView[] {
    return [...this.#joinings.values()]
      .filter(({ state }) => state !== "given-up")
      .map(({ group, name, byName, needsApproval, state, attempts }): JoiningView => {
        const [newest] = attempts as readonly [Attempt];
        const progress = newest.isStored ? "waiting" : "sending";
        return {
          group,
          name,
          by: byName,
          needsApproval,
          askedAt: newest.askedAt,
          state: state === "over" ? "over" : progress,
        };
      })
      .toSorted((a, b) => b.askedAt - a.askedAt);
  }

  // ---- intents

  async preview(text: string): Promise<GroupLinkPreview> {
    const { core } = this.#host;
    const { card, code, group } = await findGroup(core, text);
    return {
      group,
      name: card.groupName ?? "",
      description: shownDescription(card.description),
      members: card.members,
      needsApproval: card.needsApproval,
      by: { name: card.name, accountId: card.accountId, known: knownPerson(core, card.accountId, card.chain) },
      nodes: code.nodes.map(({ address }) => address),
      existingChat: this.#isIn(group) ? group : null,
      isAsked: this.#joinings.get(group)?.state === "asked",
    };
  }

  async ask(text: string, typed: string): Promise<{ readonly group: Hex; readonly chat: Hex | null }> {
    const greeting = checkGreeting(typed, MAX_GREETING_BYTES);
    const found = await findGroup(this.#host.core, text);
    const { group } = found;
    return this.#lane.run(async () => {
      if (this.#isIn(group)) return { group, chat: group };
      const known = this.#joinings.get(group);
      if (known?.state !== "asked") await this.#ask(found, greeting, known);
      return { group, chat: null };
    });
  }

  giveUp(group: Hex): Promise<void> {
    return this.#lane.run(async () => {
      const joining = this.#joinings.get(group);
      if (joining === undefined || joining.state === "given-up") return;
      this.#stop(joining);
      // One that is over is only put away.
      if (joining.state === "over") return this.#end(joining);
      await this.#save({ ...joining, state: "given-up" }, [{ forget: joiningOwner(group) }]);
    });
  }

  // ---- what happens elsewhere

  /** A node has the request. What is to be saved with it. */
  stored({ record }: OutboxEntry, change: StoreChange): Promise<void> {
    return this.#lane.run(async () => {
      const joining = [...this.#joinings.values()].find(({ group }) => joiningOwner(group) === record.conversationId);
      const { provider, store } = this.#host.core;
      const isOf = (attempt: Attempt): boolean => bytesToHex(provider.sha256(attempt.request)) === record.id;
      if (joining === undefined) return store.write([{ delete: "outbox", key: record.id }]);
      const attempts = joining.attempts.map((one) => (isOf(one) ? { ...one, isStored: true } : one));
      await this.#save({ ...joining, attempts }, [change]);
    });
  }

  /** This person is in, by whatever way. */
  met(chat: string): void {
    const joining = this.#joinings.get(chat);
    if (joining === undefined) return;
    this.#host.core.background.run(this.#lane.run(() => this.#end(joining)));
  }

  /** From time to time: asks anew what nobody has answered. */
  async maintain(): Promise<void> {
    const { clock } = this.#host.core;
    const isDue = ({ state, attempts }: Joining): boolean => {
      const age = clock.now() - (attempts[0] as Attempt).askedAt;
      return state === "given-up" ? age > 2 * ANSWER_WAIT_MS : state === "asked" && age > ANSWER_WAIT_MS;
    };
    for (const joining of [...this.#joinings.values()].filter(isDue)) {
      await this.#lane.run(async () => {
        if (this.#isClosed || this.#joinings.get(joining.group) !== joining) return;
        await (joining.state === "given-up" ? this.#end(joining) : this.#askAnew(joining));
      });
    }
  }

  // ---- below: asking

  #isIn(group: Hex): boolean {
    const chat = this.#host.chats.get(group);
    return chat !== undefined && chat.record.state !== "ended";
  }

  async #ask({ code, card, group }: FoundGroup, greeting: string, known: Joining | undefined): Promise<void> {
    const { core } = this.#host;
    if (known === undefined && this.#joinings.size >= MAX_JOININGS) throw new IntentError("node-refused");
    const { secret, accountIdHash, nodes } = code;
    const base = { version: 1, secret, accountIdHash, nodes, group, name: card.groupName ?? "", greeting } as const;
    const who = { by: card.accountId, byName: card.name, needsApproval: card.needsApproval, state: "asked" } as const;
    const [last] = known?.attempts ?? [];
    // JO3.
    if (
      known !== undefined &&
      last !== undefined &&
      core.clock.now() - last.askedAt < MAX_ANSWERED_AGE_MS &&
      isSameLink(known, code)
    ) {
      return this.#go(
        { ...known, ...who, name: base.name, attempts: [{ ...last, isStored: false }, ...known.attempts.slice(1)] },
        [],
      );
    }
    const { attempt, keyPackage } = await newAttempt(core, card, { secret, greeting });
    const attempts = [attempt, ...(known?.attempts ?? [])];
    await this.#go({ ...base, ...who, attempts: attempts.slice(0, MAX_ATTEMPTS) }, [
      { put: "keyPackage", record: keyPackage },
      ...attempts.slice(MAX_ATTEMPTS).map((one): StoreChange => ({ delete: "keyPackage", key: one.keyPackage })),
    ]);
  }

  /** JO1. */
  async #go(joining: Joining, changes: readonly StoreChange[]): Promise<void> {
    const { core } = this.#host;
    this.#stop(joining);
    const entry = requestOf(core, joining);
    await this.#save(
      joining,
      [{ forget: joiningOwner(joining.group) }, ...changes],
      [{ put: "outbox", record: entry.record }],
    );
    await this.#read(joining);
    core.outbox.add(entry);
  }

  /** The card may say something else by now; a link that is not good any more is over. */
  async #askAnew(joining: Joining): Promise<void> {
    const { secret, accountIdHash, nodes, greeting } = joining;
    try {
      const found = await fetchGroup(this.#host.core, { secret, accountIdHash, nodes });
      await this.#ask(found, greeting, joining);
    } catch (error) {
      if (!(error instanceof IntentError)) throw error;
      const isOver = error.code.startsWith("invitation-");
      if (isOver) await this.#save({ ...joining, state: "over" }, []);
    }
  }

  /** `forget` takes the part away too: it is written again behind it. */
  async #save(joining: Joining, before: readonly StoreChange[], after: readonly StoreChange[] = []): Promise<void> {
    const { store, clock, topics } = this.#host.core;
    await store.write([...before, putJoining(joining, clock.now()), ...after]);
    this.#joinings.set(joining.group, joining);
    topics.mark("joining");
  }

  async #end(joining: Joining): Promise<void> {
    if (!this.#joinings.has(joining.group)) return;
    await this.#host.core.store.write(deleteJoining(joining));
    this.#forget(joining);
  }

  #forget(joining: Joining): void {
    this.#stop(joining);
    this.#joinings.delete(joining.group);
    this.#host.core.topics.mark("joining");
  }

  /** Neither reads nor sends. */
  #stop({ group, attempts }: Joining): void {
    const { readers, outbox, cursors } = this.#host.core;
    const owner = joiningOwner(group);
    for (const attempt of attempts) {
      const name = readerName(group, attempt);
      readers.remove(name);
      for (const cursor of this.#readings.get(name)?.cursors ?? []) cursors.delete(cursor);
      this.#readings.delete(name);
    }
    for (const { record } of outbox.entries()) if (record.conversationId === owner) outbox.drop(record.id);
  }

  // ---- below: reading

  /** The one before the newest too: its answer may lie there, and whoever gave it holds this person for let in. */
  async #read({ group, state, attempts }: Joining): Promise<void> {
    if (state === "given-up") return;
    const { core } = this.#host;
    for (const attempt of attempts) {
      if (core.clock.now() - attempt.askedAt > 2 * ANSWER_WAIT_MS) continue;
      const name = readerName(group, attempt);
      if (!this.#readings.has(name))
        this.#readings.set(name, {
          parcels: new Parcels((data) => core.provider.sha256(data)),
          reassembly: emptyReassembly(),
          count: 0,
          cursors: new Set(),
        });
      const targets: ReaderTarget[] = [];
      for (const hint of attempt.nodes) {
        const { mailboxSeed } = answerPlace(core.provider, attempt.answerSeed, hint.keyHash);
        targets.push({ hint, mailboxes: [await mailboxOf(core.provider, mailboxSeed)] });
      }
      const receive = (delivered: Delivered): void =>
        core.background.run(this.#lane.run(() => this.#receive(group, attempt, delivered)));
      core.readers.set(name, targets, receive, { apart: "not-at-first" });
    }
  }

  async #receive(group: Hex, attempt: Attempt, { hint, envelopes }: Delivered): Promise<void> {
    const { core } = this.#host;
    const reading = this.#readings.get(readerName(group, attempt));
    for (const one of envelopes) {
      const joining = this.#joinings.get(group);
      if (joining === undefined || reading === undefined || reading.count++ >= MAX_ENVELOPES) return;
      const cursor = cursorId(one.mailbox, hint);
      reading.cursors.add(cursor);
      core.cursors.set(cursor, one.cursor);
      for (const introduction of await this.#open(reading, attempt, one))
        await this.#join(joining, attempt, introduction);
    }
  }

  async #open(reading: Reading, attempt: Attempt, { envelope }: StoredEnvelope): Promise<readonly Uint8Array[]> {
    const { provider } = this.#host.core;
    const { wrapKey } = answerPlace(provider, attempt.answerSeed, new Uint8Array(32));
    const opened = await openEnvelope(provider, wrapKey, envelope);
    if (!opened.ok) return [];
    let payload: Uint8Array | null;
    if (opened.value.kind === "whole") ({ payload } = opened.value);
    else {
      const collected = collectFragment(provider, reading.reassembly, opened.value);
      reading.reassembly = collected.state;
      ({ payload } = collected);
    }
    const items = payload === null ? null : decodePayload(payload);
    if (items === null || !items.ok) return [];
    return items.value.flatMap((item) => {
      const whole = item.kind === "parcel" ? reading.parcels.take(item) : null;
      return whole === null ? [] : [whole];
    });
  }

  /** JO2. */
  async #join(joining: Joining, attempt: Attempt, introduction: Uint8Array): Promise<void> {
    const { core, chats } = this.#host;
    if (this.#isIn(joining.group)) return this.#end(joining);
    const chat = await joinByLink(core, joining, attempt, introduction, chats.get(joining.group));
    if (chat === null) return;
    await this.#host.begin(chat, deleteJoining(joining));
    this.#forget(joining);
  }
}

const isSameLink = (joining: Joining, { secret }: FoundGroup["code"]): boolean =>
  bytesToHex(joining.secret) === bytesToHex(secret);

const readerName = (group: Hex, { keyPackage }: Attempt): string => `${joiningOwner(group)}/${keyPackage}`;
