/**
 * What lies under the words of before is taken away, where a node can be reached; else it expires (AB21). Whoever has the
 * old words could read it until then.
 */
import { bytes, decode, encode, expectOk, list, literal, struct, uint } from "@xchat/codec";
import { backupOwnerSeed, backupPlace, BACKUP_HALVES, MAX_BACKUP_PARTS, nodeHintCodec } from "@xchat/protocol";
import type { AccountCore } from "../account-core.ts";
import type { MailboxKey, NodeHint, StoreChange } from "../ports.ts";

const DOCUMENT = "backup-retired";
/** Words are not changed every day. */
const MAX_RETIRED = 64;
const DAY = 86_400_000;
/** By then it has expired. */
const PATIENCE = 181 * DAY;

const codec = struct({
  version: literal(1, "newer-version"),
  copies: list(
    struct({ hint: nodeHintCodec, placeSecret: bytes({ length: 32 }), slot: uint(15), counter: uint(), since: uint() }),
    { max: MAX_RETIRED },
  ),
});

export interface RetiredCopy {
  readonly hint: NodeHint;
  readonly placeSecret: Uint8Array;
  readonly slot: number;
  /** Of the newest backup that this device put there. */
  readonly counter: number;
  readonly since: number;
}

export class RetiredPlaces {
  readonly #core: AccountCore;
  #copies: readonly RetiredCopy[] = [];

  constructor(core: AccountCore) {
    this.#core = core;
  }

  async load(): Promise<void> {
    const stored = await this.#core.store.document(DOCUMENT);
    if (stored !== null) this.#copies = expectOk(decode(codec, stored), "retired places").copies;
  }

  /** To be written with the new keys; `kept` afterwards. */
  change(more: readonly RetiredCopy[]): { readonly change: StoreChange; readonly kept: () => void } {
    const copies = [...this.#copies, ...more].slice(-MAX_RETIRED);
    return { change: toChange(copies), kept: () => void (this.#copies = copies) };
  }

  /** Called from time to time. */
  async tidy(): Promise<void> {
    const { clock, store } = this.#core;
    const left: RetiredCopy[] = [];
    for (const copy of this.#copies) {
      if (clock.now() - copy.since < PATIENCE && !(await this.#remove(copy))) left.push(copy);
    }
    if (left.length === this.#copies.length || this.#core.isClosed()) return;
    await store.write([toChange(left)]);
    this.#copies = left;
  }

  /** True when nothing of it lies there any more. */
  async #remove({ hint, placeSecret, slot, counter }: RetiredCopy): Promise<boolean> {
    const { provider, pool, profile } = this.#core;
    const seed = backupOwnerSeed(provider, profile().deviceSeed, hint.keyHash);
    const owner: MailboxKey = { seed, publicKey: (await provider.ed25519KeyPair(seed)).publicKey };
    const access = pool.access(hint);
    for (let half = 0; half < BACKUP_HALVES; half++) {
      for (let part = 0; part < MAX_BACKUP_PARTS; part++) {
        const place = backupPlace(provider, placeSecret, hint.keyHash, { slot, half, part });
        const there = await access.getBlob({ place });
        if (!there.ok) return false;
        // Parts lie side by side: behind the last one there is none.
        if (there.value === null) break;
        const version = Math.max(counter, there.value.version) + 1;
        const removed = await access.removeBlob({ place, owner, version });
        if (!removed.ok && removed.error.kind !== "refused") return false;
      }
    }
    return true;
  }
}

const toChange = (copies: readonly RetiredCopy[]): StoreChange => ({
  document: DOCUMENT,
  value: copies.length === 0 ? null : encode(codec, { version: 1, copies }),
});
