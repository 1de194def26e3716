/**
 * The Welcomes that this device has given to its siblings, for the case that one cannot be opened (spec/devices.md, DV38):
 * then the leaf that it was for is taken out and added anew.
 */
import {
  bytes,
  bytesToHex,
  decode,
  encode,
  equalBytes,
  expectOk,
  hexToBytes,
  nullable,
  struct,
  uint,
} from "@xchat/codec";
import type { Hex } from "@xchat/protocol";
import type { PartRecord, StoreChange } from "../ports.ts";

const WELCOME_GIVEN = "welcome-given";
/** A device that can open nothing must not cost a commit for ever. */
const MAX_REPAIRS = 2;
/** The event that carries it is with the sibling by then, or nobody has it any more. */
const LIFETIME = 90 * 86_400_000;

const codec = struct({
  digest: bytes({ length: 32 }),
  repairs: uint(),
  /** The leaf that leads nowhere. */
  unopened: nullable(bytes({ length: 32 })),
});

interface Given {
  readonly digest: Uint8Array;
  readonly repairs: number;
  readonly unopened: Hex | null;
  readonly createdAt: number;
}

export interface Newcomer {
  readonly device: Hex;
  readonly conversation: Hex;
}

export class GivenWelcomes {
  readonly #self: Hex;
  /** By the id of their record. */
  readonly #given = new Map<string, Given>();

  /** `self`: the conversation of the own devices. */
  constructor(self: Hex) {
    this.#self = self;
  }

  load(parts: readonly PartRecord[]): void {
    for (const { id, kind, value, createdAt } of parts) {
      if (kind !== WELCOME_GIVEN) continue;
      const { digest, repairs, unopened } = expectOk(decode(codec, value), "welcome");
      this.#given.set(id, { digest, repairs, unopened: unopened === null ? null : bytesToHex(unopened), createdAt });
    }
  }

  /** To be saved with the events that give it. */
  gave(to: Newcomer, digest: Uint8Array, now: number): StoreChange {
    const repairs = this.#given.get(this.#id(to))?.repairs ?? 0;
    return this.#put(this.#id(to), { digest, repairs, unopened: null, createdAt: now });
  }

  /** Null where it is not what was given last, or has been repaired often enough. `leaf`: that the device has there now. */
  couldNotOpen(to: Newcomer, digest: Uint8Array, leaf: Hex | null): StoreChange | null {
    const given = this.#given.get(this.#id(to));
    if (given === undefined || leaf === null || !equalBytes(given.digest, digest)) return null;
    if (given.unopened !== null || given.repairs >= MAX_REPAIRS) return null;
    return this.#put(this.#id(to), { ...given, repairs: given.repairs + 1, unopened: leaf });
  }

  isUnopened(to: Newcomer, leaf: Hex | null): boolean {
    return leaf !== null && this.#given.get(this.#id(to))?.unopened === leaf;
  }

  expired(now: number): readonly StoreChange[] {
    const gone = [...this.#given].filter(([, { createdAt }]) => createdAt + LIFETIME < now);
    for (const [id] of gone) this.#given.delete(id);
    return gone.map(([key]): StoreChange => ({ delete: "part", key }));
  }

  #put(id: string, given: Given): StoreChange {
    this.#given.set(id, given);
    const { digest, repairs, unopened, createdAt } = given;
    const leaf = unopened === null ? null : expectOk(hexToBytes(unopened), "leaf");
    const value = encode(codec, { digest, repairs, unopened: leaf });
    return { put: "part", record: { id, conversationId: this.#self, kind: WELCOME_GIVEN, value, createdAt } };
  }

  #id({ device, conversation }: Newcomer): string {
    return `${this.#self}/${WELCOME_GIVEN}/${device}/${conversation}`;
  }
}
