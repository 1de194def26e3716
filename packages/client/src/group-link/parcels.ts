/**
 * Parcels on their way to somebody who has asked by a link, put together in memory: what lies in the mailboxes stays there for
 * fourteen days, and is read from the beginning after a restart.
 *
 * PA1 Whoever reads the request can write into the mailbox, and is nobody's contact: what is held has an upper limit, and
 *     what began first gives way.
 */
import { bytesToHex, concatBytes, equalBytes } from "@xchat/codec";
import type { PayloadItem } from "@xchat/protocol";

type ParcelItem = Extract<PayloadItem, { kind: "parcel" }>;

const MAX_BYTES = 8 * 1_024 * 1_024;

export class Parcels {
  readonly #sha256: (data: Uint8Array) => Uint8Array;
  readonly #open = new Map<string, Map<number, Uint8Array>>();

  constructor(sha256: (data: Uint8Array) => Uint8Array) {
    this.#sha256 = sha256;
  }

  /** The whole, when this part was the last of it and it is what it says. */
  take({ id, part, parts, content }: ParcelItem): Uint8Array | null {
    if (parts === 0 || part >= parts) return null;
    const key = `${bytesToHex(id)}/${parts}`;
    const held = this.#open.get(key) ?? new Map<number, Uint8Array>();
    this.#open.set(key, held.set(part, content));
    if (held.size === parts) {
      this.#open.delete(key);
      const whole = concatBytes(...Array.from({ length: parts }, (_, at) => held.get(at) as Uint8Array));
      return equalBytes(this.#sha256(whole), id) ? whole : null;
    }
    this.#makeRoom();
    return null;
  }

  #makeRoom(): void {
    const sizeOf = (parts: ReadonlyMap<number, Uint8Array>): number =>
      [...parts.values()].reduce((sum, { length }) => sum + length, 0);
    let size = [...this.#open.values()].reduce((sum, parts) => sum + sizeOf(parts), 0);
    for (const [key, parts] of this.#open) {
      if (size <= MAX_BYTES) return;
      this.#open.delete(key);
      size -= sizeOf(parts);
    }
  }
}
