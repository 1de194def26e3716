/** The node's end of an exchange: bytes in, bytes out (spec/exchange.md). */
import { concatBytes, err, ok, type Result } from "@xchat/codec";
import { setupRecipient, type CryptoProvider } from "@xchat/crypto";
import { ANSWER_NONCE_LENGTH, answerCipher, exchangeIdOf } from "./answer-keys.ts";
import { decodeChunk, encodeChunk, type Chunk } from "./chunk.ts";
import { decodeOpening, exchangeInfo } from "./opening.ts";
import type { ReplayWindow } from "./replay.ts";

const NO_DATA = new Uint8Array(0);

export interface NodeExchange {
  readonly id: Uint8Array;
  /** The next message of the client, in order, one call at a time. A refusal is for good: the exchange is over. */
  open(message: Uint8Array): Promise<Result<Chunk, { readonly reason: string }>>;
  /** The next answer. What comes out must be sent in the order of the calls. */
  seal(head: Uint8Array, body?: Uint8Array): Promise<Uint8Array>;
}

export interface NodeDayKey {
  /** 8 bytes. */
  readonly id: Uint8Array;
  readonly secretKey: Uint8Array;
  /** The provider may keep parsed keys: each day key has one of its own, so that dropping it drops them. */
  readonly provider: CryptoProvider;
}

export interface NodeExchangeInput {
  readonly provider: CryptoProvider;
  readonly nodeId: Uint8Array;
  /** The key of this id, or `null` when it is none of the present ones. */
  readonly dayKeyById: (id: Uint8Array) => NodeDayKey | null;
  readonly replays: ReplayWindow;
  readonly nowSeconds: number;
}

export type OpeningRefusal = "malformed" | "unknown-key" | "clock-wrong" | "replayed" | "try-later";

export interface AcceptedExchange {
  readonly exchange: NodeExchange;
  /** What the opening carried. */
  readonly first: Chunk;
}

/** Cheap refusals come first: an opening costs the node a decapsulation only when its key, time and novelty hold. */
export async function acceptExchange(
  input: NodeExchangeInput,
  message: Uint8Array,
): Promise<Result<AcceptedExchange, { readonly reason: OpeningRefusal }>> {
  const { provider, nodeId, replays } = input;
  const opening = decodeOpening(message);
  if (!opening.ok) return err({ reason: "malformed" });
  const { keyId, minute, enc, sealed, header } = opening.value;
  const dayKey = input.dayKeyById(keyId);
  if (dayKey === null) return err({ reason: "unknown-key" });
  const judged = replays.judge(enc, minute, input.nowSeconds);
  if (judged !== "fresh") return err({ reason: judged });

  const context = await setupRecipient(dayKey.provider, dayKey.secretKey, enc, exchangeInfo(nodeId, header));
  if (context === null) return err({ reason: "malformed" });
  const openNext = async (ciphertext: Uint8Array): Promise<Result<Chunk, { readonly reason: string }>> => {
    const plaintext = await context.open(NO_DATA, ciphertext);
    return plaintext === null ? err({ reason: "not-authentic" }) : decodeChunk(plaintext);
  };
  const first = await openNext(sealed);
  if (!first.ok) return err({ reason: "malformed" });
  // Again, and only now: what does not open must not use up room, and two copies may have been judged at once.
  if (!replays.remember(enc, minute)) return err({ reason: "replayed" });

  const answerNonce = provider.randomBytes(ANSWER_NONCE_LENGTH);
  const cipher = answerCipher(provider, context, enc.slice(), answerNonce);
  let isFirst = true;
  const exchange: NodeExchange = {
    id: exchangeIdOf(context),
    open: openNext,
    seal: async (head, body) => {
      const prefix = isFirst ? answerNonce : null;
      isFirst = false;
      const chunk = await cipher.seal(encodeChunk(head, body));
      return prefix === null ? chunk : concatBytes(prefix, chunk);
    },
  };
  return ok({ exchange, first: first.value });
}
