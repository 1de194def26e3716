/**
 * Introductions on their way, out and in. What goes out stays until its receiver is heard in the group, and is sent again
 * when it has expired; what comes in is kept part by part, and handed on when it is whole.
 */
import { bytes, bytesToHex, concatBytes, decode, encode, expectOk, struct, uint } from "@xchat/codec";
import {
  accountIdOfBytes,
  accountIdToBytes,
  MAX_PARCEL_PARTS,
  PARCEL_PART_BYTES,
  type AccountId,
  type PayloadItem,
} from "@xchat/protocol";
import type { Step } from "../chat/step.ts";
import type { PartRecord, StoreChange } from "../ports.ts";

/** A day less than nodes keep an envelope. */
const SEND_AGAIN = 13 * 86_400_000;
const PARCEL_LIFETIME = 30 * 86_400_000;
/** Of one contact: a large Welcome, and a little. */
const MAX_BYTES_OF_CONTACT = 4 * 1024 * 1024;

type ParcelItem = Extract<PayloadItem, { kind: "parcel" }>;

const outCodec = struct({
  account: bytes({ length: 32 }),
  introduction: bytes({ max: 4 * 1024 * 1024 }),
  sentAt: uint(),
});
const inCodec = struct({
  account: bytes({ length: 32 }),
  parcel: bytes({ length: 32 }),
  part: uint(MAX_PARCEL_PARTS),
  parts: uint(MAX_PARCEL_PARTS),
  content: bytes({ max: PARCEL_PART_BYTES }),
});

interface Out {
  readonly id: string;
  readonly group: string;
  readonly account: AccountId;
  readonly introduction: Uint8Array;
  readonly sentAt: number;
}

interface Incoming {
  readonly record: PartRecord;
  readonly account: AccountId;
  readonly parcel: string;
  readonly part: number;
  readonly parts: number;
  readonly content: Uint8Array;
}

/** A parcel of which all parts are here; `ids` are those of its records. */
export interface WholeParcel {
  /** The chat through which it came. */
  readonly pair: string;
  readonly account: AccountId;
  readonly introduction: Uint8Array;
  readonly ids: readonly string[];
}

export interface IntroductionsDeps {
  /** Something is to go to this contact through the chat with them. */
  readonly onDue: (account: AccountId) => void;
  readonly onWhole: (parcel: WholeParcel) => void;
  readonly sha256: (data: Uint8Array) => Uint8Array;
}

export class Introductions {
  readonly #deps: IntroductionsDeps;
  readonly #out = new Map<string, Out>();
  readonly #in = new Map<string, Incoming>();
  /** By whole parcel: the chat that has to end before it is followed (GR29). In memory only: it is judged anew at the start. */
  readonly #waiting = new Map<string, string>();

  constructor(deps: IntroductionsDeps) {
    this.#deps = deps;
  }

  load(parts: readonly PartRecord[]): void {
    for (const record of parts) {
      if (record.kind === "out") {
        const { account, introduction, sentAt } = expectOk(decode(outCodec, record.value), "introduction");
        const out = {
          id: record.id,
          group: record.conversationId,
          account: accountIdOfBytes(account),
          introduction,
          sentAt,
        };
        this.#out.set(record.id, out);
      } else if (record.kind === "in") this.#addIn(record);
    }
  }

  /** After the start: what a crash interrupted. */
  resume(): void {
    for (const { account } of this.#out.values()) this.#deps.onDue(account);
    for (const key of new Set([...this.#in.values()].map(keyOf))) this.#handOn(key);
  }

  // ---- out

  put(step: Step, account: AccountId, introduction: Uint8Array): void {
    const out: Out = { id: `${step.id}/out/${account}`, group: step.id, account, introduction, sentAt: 0 };
    step.changes.push(this.#outChange(out, step.core.clock.now()));
    step.after.push(() => {
      this.#out.set(out.id, out);
      this.#deps.onDue(account);
    });
  }

  /** In a step of the chat with them: seals what is due. */
  async send(step: Step): Promise<void> {
    const now = step.core.clock.now();
    for (const out of this.#out.values()) {
      if (out.account !== step.state.record.accountId || now - out.sentAt < SEND_AGAIN) continue;
      for (const item of partsOf(step, out.introduction)) await step.seal([item], "state");
      const sent = { ...out, sentAt: now };
      step.changes.push(this.#outChange(sent, now));
      step.after.push(() => {
        if (this.#out.has(sent.id)) this.#out.set(sent.id, sent);
      });
    }
  }

  /** In a step of the group: somebody has said something there, or is out again. */
  arrived(step: Step, account: AccountId): void {
    const id = `${step.id}/out/${account}`;
    if (!this.#out.has(id)) return;
    step.changes.push({ delete: "part", key: id });
    step.after.push(() => this.#out.delete(id));
  }

  forget(group: string): void {
    for (const out of this.#out.values()) if (out.group === group) this.#out.delete(out.id);
    for (const one of this.#in.values()) if (one.record.conversationId === group) this.#in.delete(one.record.id);
  }

  // ---- in

  /** In a step of the chat with the sender. */
  take(step: Step, account: AccountId, item: ParcelItem): void {
    const { part, parts, content } = item;
    if (parts === 0 || part >= parts) return;
    const held = [...this.#in.values()].filter((one) => one.account === account);
    const size = held.reduce((sum, one) => sum + one.content.length, content.length);
    if (size > MAX_BYTES_OF_CONTACT) return;
    const parcel = bytesToHex(item.id);
    const record: PartRecord = {
      id: `${step.id}/in/${parcel}/${part}`,
      conversationId: step.id,
      kind: "in",
      value: encode(inCodec, { account: accountIdToBytes(account), parcel: item.id, part, parts, content }),
      createdAt: step.core.clock.now(),
    };
    step.changes.push({ put: "part", record });
    step.after.push(() => this.#handOn(this.#addIn(record)));
  }

  /** A whole one comes again when this chat has ended. */
  wait({ ids }: WholeParcel, chat: string): void {
    const one = this.#in.get(ids[0] ?? "");
    if (one !== undefined) this.#waiting.set(keyOf(one), chat);
  }

  /** This person is out of the chat: who has added them again is followed. */
  ended(chat: string): void {
    for (const key of this.#waitingFor(chat)) this.#handOn(key);
  }

  /** In a step of the chat that this person leaves: whoever added them again before did so to somebody who wants to go. */
  refuse(step: Step): void {
    const keys = this.#waitingFor(step.id);
    const ids = [...this.#in.values()].filter((one) => keys.includes(keyOf(one))).map(({ record }) => record.id);
    step.changes.push(...ids.map((key): StoreChange => ({ delete: "part", key })));
    step.after.push(() => this.done(ids));
  }

  /** It has been dealt with. */
  done(ids: readonly string[]): readonly StoreChange[] {
    for (const id of ids) {
      const one = this.#in.get(id);
      if (one !== undefined) this.#waiting.delete(keyOf(one));
      this.#in.delete(id);
    }
    return ids.map((key): StoreChange => ({ delete: "part", key }));
  }

  /** What has come in part and not been whole for long. */
  expired(now: number): readonly StoreChange[] {
    const old = [...this.#in.values()].filter(({ record }) => record.createdAt + PARCEL_LIFETIME < now);
    return this.done(old.map(({ record }) => record.id));
  }

  // ---- below

  #waitingFor(chat: string): readonly string[] {
    return [...this.#waiting].flatMap(([key, waitsFor]) => (waitsFor === chat ? [key] : []));
  }

  #outChange({ id, group, account, introduction, sentAt }: Out, now: number): StoreChange {
    const value = encode(outCodec, { account: accountIdToBytes(account), introduction, sentAt });
    return { put: "part", record: { id, conversationId: group, kind: "out", value, createdAt: now } };
  }

  #addIn(record: PartRecord): string {
    const { account, parcel, part, parts, content } = expectOk(decode(inCodec, record.value), "parcel");
    const one = { record, account: accountIdOfBytes(account), parcel: bytesToHex(parcel), part, parts, content };
    this.#in.set(record.id, one);
    return keyOf(one);
  }

  #handOn(key: string): void {
    const all = [...this.#in.values()].filter((one) => keyOf(one) === key).toSorted((a, b) => a.part - b.part);
    const [first] = all;
    if (first === undefined || all.length < first.parts || all.some((one) => one.parts !== first.parts)) return;
    const introduction = concatBytes(...all.map(({ content }) => content));
    const isSound = bytesToHex(this.#deps.sha256(introduction)) === first.parcel;
    const ids = all.map(({ record }) => record.id);
    // What is not sound is handed on as nothing, and taken away.
    const whole = isSound ? introduction : new Uint8Array(0);
    this.#deps.onWhole({ pair: first.record.conversationId, account: first.account, introduction: whole, ids });
  }
}

const keyOf = ({ record, parcel }: Incoming): string => `${record.conversationId}/${parcel}`;

export function partsOf({ core }: Step, whole: Uint8Array): readonly ParcelItem[] {
  const id = core.provider.sha256(whole);
  const parts = Math.ceil(whole.length / PARCEL_PART_BYTES);
  return Array.from({ length: parts }, (_, part) => ({
    kind: "parcel",
    id,
    part,
    parts,
    content: whole.slice(part * PARCEL_PART_BYTES, (part + 1) * PARCEL_PART_BYTES),
  }));
}
