/** Checks stamps one at a time: each costs milliseconds and megabytes, and strangers send them. */
import { verifyStamp, type CryptoProvider } from "@xchat/crypto";
import { isStampDay, stampChallenge, type Stamp, type StampPrice, type StampPurpose } from "@xchat/protocol";

export type StampPrices = Readonly<Record<StampPurpose, StampPrice>>;

export class StampCheck {
  readonly #provider: CryptoProvider;
  readonly #nodeId: Uint8Array;
  readonly #prices: StampPrices;
  readonly #maxWaiting: number;
  #waiting = 0;
  #lane: Promise<unknown> = Promise.resolve();

  constructor(provider: CryptoProvider, nodeId: Uint8Array, prices: StampPrices, maxWaiting: number) {
    this.#provider = provider;
    this.#nodeId = nodeId;
    this.#prices = prices;
    this.#maxWaiting = maxWaiting;
  }

  /** `today` in days since 1970. */
  async check(
    purpose: StampPurpose,
    subject: Uint8Array,
    stamp: Stamp,
    today: number,
  ): Promise<"valid" | "invalid" | "try-later"> {
    if (!isStampDay(stamp.day, today)) return "invalid";
    if (this.#waiting >= this.#maxWaiting) return "try-later";
    this.#waiting++;
    const checked = this.#lane.then(async () => {
      // Between two checks the other work of the process has its turn.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      const challenge = stampChallenge(purpose, this.#nodeId, subject, stamp.day);
      return verifyStamp(this.#provider, challenge, stamp.nonce, this.#prices[purpose]);
    });
    this.#lane = checked.catch(() => {});
    try {
      return (await checked) ? "valid" : "invalid";
    } finally {
      this.#waiting--;
    }
  }
}
