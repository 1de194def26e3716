/**
 * The HPKE keys of the day. They live in memory only: a restart makes a new one, and what was sealed to the old one can
 * never be opened again, nor replayed.
 *
 * DK1 A key is used for a day, taken for an hour longer (clients that hold the old descriptor), then dropped together with
 *     the provider that has parsed it.
 */
import { dayKeyIdOf, EXCHANGE_SUITE, type DayKey, type NodeDayKey } from "@xchat/protocol";
import type { CryptoProvider } from "@xchat/crypto";
import { equalBytes } from "@xchat/codec";

export const DAY_SECONDS = 86_400;
export const GRACE_SECONDS = 3_600;

interface Held {
  readonly shown: DayKey;
  readonly key: NodeDayKey;
}

export class DayKeys {
  readonly #newProvider: () => CryptoProvider;
  #held: Held[] = [];

  constructor(newProvider: () => CryptoProvider) {
    this.#newProvider = newProvider;
  }

  /** Makes a key when the present one's day is over, and drops those past their grace. True when something changed. */
  async turn(nowSeconds: number): Promise<boolean> {
    const before = this.#held.length;
    this.#held = this.#held.filter(({ shown }) => nowSeconds < shown.notAfter);
    const newest = this.#held[0];
    if (
      newest !== undefined &&
      nowSeconds < newest.shown.notAfter - GRACE_SECONDS &&
      nowSeconds >= newest.shown.notBefore
    ) {
      return before !== this.#held.length;
    }
    const provider = this.#newProvider();
    const { publicKey, secretKey } = await provider.xwingKeyPair(provider.randomBytes(32));
    const id = dayKeyIdOf(provider, publicKey);
    const shown: DayKey = {
      id,
      ...EXCHANGE_SUITE,
      publicKey,
      notBefore: nowSeconds - GRACE_SECONDS,
      notAfter: nowSeconds + DAY_SECONDS + GRACE_SECONDS,
    };
    this.#held.unshift({ shown, key: { id, secretKey, provider } });
    return true;
  }

  /** The one that descriptors show. */
  get present(): DayKey {
    const held = this.#held[0];
    if (held === undefined) throw new Error("the day keys were not turned yet");
    return held.shown;
  }

  byId(id: Uint8Array): NodeDayKey | null {
    return this.#held.find(({ key }) => equalBytes(key.id, id))?.key ?? null;
  }
}
