/**
 * Which encapsulations a node has seen (spec/exchange.md, section 5).
 *
 * X9 An opening is refused when its minute is further than 15 from the node's, or its encapsulation is remembered.
 * X10 Encapsulations are remembered for as long as their minute is within the window, as 52-bit fingerprints under a
 *     secret of the process: nobody can make two that collide, and an honest one is taken for another once in 10^9.
 */
import type { CryptoProvider } from "@xchat/crypto";

export const REPLAY_WINDOW_MINUTES = 15;

export class ReplayWindow {
  readonly #provider: CryptoProvider;
  readonly #secret: Uint8Array;
  readonly #maxEntries: number;
  readonly #byMinute = new Map<number, Set<number>>();
  #entries = 0;

  constructor(provider: CryptoProvider, maxEntries: number) {
    this.#provider = provider;
    this.#secret = provider.randomBytes(32);
    this.#maxEntries = maxEntries;
  }

  get entries(): number {
    return this.#entries;
  }

  judge(enc: Uint8Array, minute: number, nowSeconds: number): "fresh" | "replayed" | "clock-wrong" | "try-later" {
    const now = Math.floor(nowSeconds / 60);
    if (Math.abs(minute - now) > REPLAY_WINDOW_MINUTES) return "clock-wrong";
    this.#forgetBefore(now - REPLAY_WINDOW_MINUTES);
    if (this.#byMinute.get(minute)?.has(this.#fingerprint(enc)) === true) return "replayed";
    return this.#entries >= this.#maxEntries ? "try-later" : "fresh";
  }

  /** False when it was remembered already. */
  remember(enc: Uint8Array, minute: number): boolean {
    const seen = this.#byMinute.get(minute) ?? new Set<number>();
    this.#byMinute.set(minute, seen);
    const fingerprint = this.#fingerprint(enc);
    if (seen.has(fingerprint)) return false;
    seen.add(fingerprint);
    this.#entries++;
    return true;
  }

  #forgetBefore(minute: number): void {
    for (const [old, seen] of this.#byMinute) {
      if (old >= minute) continue;
      this.#entries -= seen.size;
      this.#byMinute.delete(old);
    }
  }

  #fingerprint(enc: Uint8Array): number {
    const tag = this.#provider.hmacSha256(this.#secret, enc);
    const view = new DataView(tag.buffer, tag.byteOffset, tag.length);
    return (view.getUint32(0) >>> 12) * 0x1_0000_0000 + view.getUint32(4);
  }
}
