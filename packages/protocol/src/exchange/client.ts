/**
 * The client's end of an exchange: bytes out, bytes in, whatever carries them (spec/exchange.md).
 *
 * X3 Chunks are sealed and sent in order. `seal` takes its number before it waits, so calls may overlap, but what they
 *    give must be sent in the order of the calls.
 */
import { concatBytes, err, ok, type Result } from "@xchat/codec";
import { setupSender, type CryptoProvider } from "@xchat/crypto";
import type { DayKey } from "../descriptor/descriptor.ts";
import { ANSWER_NONCE_LENGTH, answerCipher, exchangeIdOf, type AnswerCipher } from "./answer-keys.ts";
import { decodeChunk, encodeChunk, type Chunk } from "./chunk.ts";
import { exchangeInfo, openingHeader } from "./opening.ts";

const NO_DATA = new Uint8Array(0);

export interface ClientExchange {
  readonly id: Uint8Array;
  /** The next message to the node; the first one carries the opening. */
  seal(head: Uint8Array, body?: Uint8Array): Promise<Uint8Array>;
  /** One message of the node, in order; calls may overlap. A refusal is for good: the exchange is over. */
  open(message: Uint8Array): Promise<Result<Chunk, { readonly reason: string }>>;
}

export interface ClientExchangeInput {
  readonly provider: CryptoProvider;
  readonly nodeId: Uint8Array;
  readonly dayKey: Pick<DayKey, "id" | "publicKey">;
  readonly nowSeconds: number;
}

/** `null` when the node's key is malformed. */
export async function openClientExchange(input: ClientExchangeInput): Promise<ClientExchange | null> {
  const { provider, nodeId, dayKey } = input;
  const header = openingHeader(dayKey.id, Math.floor(input.nowSeconds / 60));
  const sender = await setupSender(provider, dayKey.publicKey, exchangeInfo(nodeId, header));
  if (sender === null) return null;
  const { enc, context } = sender;
  let isFirst = true;
  let cipher: AnswerCipher | null = null;
  return {
    id: exchangeIdOf(context),
    seal: async (head, body) => {
      const prefix = isFirst ? concatBytes(header, enc) : null;
      isFirst = false;
      const sealed = await context.seal(NO_DATA, encodeChunk(head, body));
      return prefix === null ? sealed : concatBytes(prefix, sealed);
    },
    open: async (message) => {
      let sealed = message;
      if (cipher === null) {
        if (message.length <= ANSWER_NONCE_LENGTH) return err({ reason: "answer-short" });
        cipher = answerCipher(provider, context, enc, message.subarray(0, ANSWER_NONCE_LENGTH));
        sealed = message.subarray(ANSWER_NONCE_LENGTH);
      }
      const plaintext = await cipher.open(sealed);
      if (plaintext === null) return err({ reason: "answer-not-authentic" });
      const chunk = decodeChunk(plaintext);
      return chunk.ok ? ok(chunk.value) : chunk;
    },
  };
}
