/**
 * Who asks to come into this person's groups by a link, as it lies in the store: one request of each account and link, until
 * it is answered or its writer looks for the answer no more.
 */
import { bytes, decode, encode, expectOk, hexBytes, struct, text, uint, word } from "@xchat/codec";
import { accountIdCodec, ANSWER_WAIT_MS, type AccountId, type Hex } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

export const JOIN_REQUEST = "join-request";
/** Of one group. With the link everybody has one waiting request; without it, none. */
const MAX_REQUESTS = 256;

export interface JoinRequest {
  /** Hash of the statement: the same request, however often it is sealed. */
  readonly id: Hex;
  readonly chat: string;
  /** Hash of the link. */
  readonly link: Hex;
  readonly account: AccountId;
  readonly deviceKey: Hex;
  readonly name: string;
  readonly greeting: string;
  readonly answerSeed: Uint8Array;
  readonly keyPackage: Uint8Array;
  readonly createdAt: number;
  readonly receivedAt: number;
  /** `answering`: their addition is wished for here, and the answer goes out when it counts. */
  readonly state: "pending" | "answering" | "declined";
}

const hash = hexBytes(32);
const codec = struct({
  id: hash,
  link: hash,
  account: accountIdCodec,
  deviceKey: hash,
  name: text(256),
  greeting: text(1_000),
  answerSeed: bytes({ length: 32 }),
  keyPackage: bytes({ max: 65_536 }),
  createdAt: uint(),
  receivedAt: uint(),
  state: word("pending", "answering", "declined"),
});

const partId = (chat: string, id: Hex): string => `${chat}/${JOIN_REQUEST}/${id}`;

export const putRequest = (request: JoinRequest): StoreChange => {
  const { chat, ...rest } = request;
  const record: PartRecord = {
    id: partId(chat, request.id),
    conversationId: chat,
    kind: JOIN_REQUEST,
    value: encode(codec, rest),
    createdAt: request.receivedAt,
  };
  return { put: "part", record };
};

export const deleteRequest = ({ chat, id }: JoinRequest): StoreChange => ({ delete: "part", key: partId(chat, id) });

/** What is remembered of a no: the same request does not come back. */
export const declined = (request: JoinRequest): JoinRequest => ({
  ...request,
  state: "declined",
  keyPackage: new Uint8Array(0),
  greeting: "",
});

/** In memory; whoever changes it has saved the change. */
export class JoinRequests {
  readonly #byChat = new Map<string, Map<Hex, JoinRequest>>();

  load(parts: readonly PartRecord[]): void {
    for (const { kind, value, conversationId } of parts) {
      if (kind === JOIN_REQUEST) this.set({ chat: conversationId, ...expectOk(decode(codec, value), "join request") });
    }
  }

  of(chat: string): readonly JoinRequest[] {
    return [...(this.#byChat.get(chat)?.values() ?? [])];
  }

  get(chat: string, id: Hex): JoinRequest | undefined {
    return this.#byChat.get(chat)?.get(id);
  }

  set(request: JoinRequest): void {
    const known = this.#byChat.get(request.chat) ?? new Map<Hex, JoinRequest>();
    this.#byChat.set(request.chat, known.set(request.id, request));
  }

  delete({ chat, id }: JoinRequest): void {
    this.#byChat.get(chat)?.delete(id);
  }

  forget(chat: string): void {
    this.#byChat.delete(chat);
  }

  /**
   * What a new one means beside those that are here: null where it is not kept, else those that give way to it. Of one
   * account and link the newest counts; one that is being answered goes on; and who was told no waits as long as they wait
   * for the answer.
   */
  replacedBy(request: JoinRequest): readonly JoinRequest[] | null {
    const all = this.of(request.chat);
    if (all.some(({ id }) => id === request.id)) return null;
    const same = all.filter(({ account: who, link }) => who === request.account && link === request.link);
    const isOlder = same.some(({ createdAt }) => createdAt >= request.createdAt);
    const wasDeclined = same.some(({ state, createdAt }) => {
      return state === "declined" && request.createdAt - createdAt < ANSWER_WAIT_MS;
    });
    if (isOlder || wasDeclined) return null;
    const replaced = same.filter(({ state }) => state !== "answering");
    return all.length - replaced.length < MAX_REQUESTS ? replaced : null;
  }
}
