/**
 * Random writes with a model beside them, for tests that stop a store at some instant and ask whether what is left is
 * what some prefix of the writes makes (S2), and no shorter than what was acknowledged (S1).
 */
import type { Store, StoreChange } from "@xchat/client/ports";
import { bytesToHex } from "@xchat/codec";
import { sampleEvent } from "./sample-records.ts";

const DOCUMENTS = 6;
const EVENTS = 24;
const GROUPS = 3;
/** More than a page now and then, so that overflow pages come and go. */
const LARGEST_VALUE = 6000;

/** What a store holds, as lines; the order does not matter. */
type Model = Map<string, string>;

const groupId = (n: number): string => `group${n}`;

export class Workload {
  readonly #random: () => number;
  readonly #model: Model = new Map();
  /** The state after each number of writes. */
  readonly #states: string[] = [stateOf(new Map())];

  constructor(random: () => number) {
    this.#random = random;
  }

  /** How many writes have been made up so far. */
  get length(): number {
    return this.#states.length - 1;
  }

  /** The next write. The first makes the groups whose ratchets the others move. */
  next(): readonly StoreChange[] {
    const count = 1 + this.#below(4);
    const changes =
      this.length === 0
        ? Array.from({ length: GROUPS }, (_, n) => this.#putGroup(n))
        : Array.from({ length: count }, () => this.#change());
    this.#states.push(stateOf(this.#model));
    return changes;
  }

  /** After writes were refused: the model goes back to where it was. */
  takeBack(to: number): void {
    this.#states.length = to + 1;
    this.#model.clear();
    for (const [key, value] of JSON.parse(this.#states[to] as string) as [string, string][])
      this.#model.set(key, value);
  }

  /**
   * How many of the writes the store holds, or -1 when it is no prefix of them.
   *
   * @param atLeast how many have been acknowledged.
   */
  async prefixIn(store: Store, atLeast: number): Promise<number> {
    const found = stateOf(await modelOf(store));
    for (let length = this.length; length >= atLeast; length--) if (this.#states[length] === found) return length;
    return -1;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #bytes(): Uint8Array {
    const size = this.#random() < 0.2 ? this.#below(LARGEST_VALUE) : this.#below(60);
    return Uint8Array.from({ length: size }, () => this.#below(256));
  }

  #change(): StoreChange {
    const kind = this.#random();
    if (kind < 0.25) return this.#putDocument();
    if (kind < 0.35) return this.#deleteDocument();
    if (kind < 0.65) return this.#putEvent();
    if (kind < 0.75) return this.#deleteEvent();
    if (kind < 0.95) return this.#moveRatchet();
    return this.#putGroup(this.#below(GROUPS));
  }

  #putDocument(): StoreChange {
    const [document, value] = [`d${this.#below(DOCUMENTS)}`, this.#bytes()];
    this.#model.set(`document ${document}`, hex(value));
    return { document, value };
  }

  #deleteDocument(): StoreChange {
    const document = `d${this.#below(DOCUMENTS)}`;
    this.#model.delete(`document ${document}`);
    return { document, value: null };
  }

  #putEvent(): StoreChange {
    const n = this.#below(EVENTS);
    const record = sampleEvent(n, { text: `word${this.#below(1000)} common`, body: this.#bytes() });
    this.#model.set(`event ${record.id}`, `${record.text} ${hex(record.body)}`);
    return { put: "event", record };
  }

  #deleteEvent(): StoreChange {
    const { id } = sampleEvent(this.#below(EVENTS));
    this.#model.delete(`event ${id}`);
    return { delete: "event", key: id };
  }

  #putGroup(n: number): StoreChange {
    const record = { conversationId: groupId(n), epochPart: this.#bytes(), ratchetPart: this.#bytes() };
    this.#model.set(`epoch ${groupId(n)}`, hex(record.epochPart));
    this.#model.set(`ratchet ${groupId(n)}`, hex(record.ratchetPart));
    return { put: "group", record };
  }

  #moveRatchet(): StoreChange {
    const [ratchet, ratchetPart] = [groupId(this.#below(GROUPS)), this.#bytes()];
    this.#model.set(`ratchet ${ratchet}`, hex(ratchetPart));
    return { ratchet, ratchetPart };
  }
}

async function modelOf(store: Store): Promise<Model> {
  const model: Model = new Map();
  for (let n = 0; n < DOCUMENTS; n++) {
    const value = await store.document(`d${n}`);
    if (value !== null) model.set(`document d${n}`, hex(value));
  }
  for (let n = 0; n < GROUPS; n++) {
    const group = await store.get("group", groupId(n));
    if (group === null) continue;
    model.set(`epoch ${groupId(n)}`, hex(group.epochPart));
    model.set(`ratchet ${groupId(n)}`, hex(group.ratchetPart));
  }
  const { conversationId } = sampleEvent(0);
  for await (const event of store.everyEvent(conversationId))
    model.set(`event ${event.id}`, `${event.text} ${hex(event.body)}`);
  // The index must say the same as the table.
  const found = await store.search("common", null, EVENTS + 1);
  for (const event of found) if (!model.has(`event ${event.id}`)) model.set(`found ${event.id}`, "not there");
  if (found.length !== [...model.keys()].filter((key) => key.startsWith("event ")).length)
    model.set("search", "differs");
  return model;
}

const stateOf = (model: Model): string => JSON.stringify([...model].toSorted(([a], [b]) => (a < b ? -1 : 1)));

const hex = (bytes: Uint8Array | null): string => (bytes === null ? "none" : bytesToHex(bytes));
