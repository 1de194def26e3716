/** Home nodes that keep commit slots and sign for them, in memory: up or down, honest or not. */
import { bytesToHex, concatBytes } from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import { signReceipts, type NodeHint } from "@xchat/protocol";

interface Slot {
  readonly envelopes: readonly Uint8Array[];
  readonly receipt: Uint8Array;
}

export class SlotNode {
  readonly hint: NodeHint;
  readonly #provider: CryptoProvider;
  readonly #identity: KeyPair;
  readonly #slots = new Map<string, Slot>();
  readonly #copies = new Map<string, (readonly Uint8Array[])[]>();
  isUp = true;
  /** Signs for whatever comes, however often, and tells everybody what they last put there. */
  isCorrupt = false;

  constructor(provider: CryptoProvider, identity: KeyPair) {
    this.#provider = provider;
    this.#identity = identity;
    const keyHash = provider.sha256(identity.publicKey);
    this.hint = { address: `wss://${bytesToHex(keyHash).slice(0, 8)}.example/`, keyHash };
  }

  static async named(provider: CryptoProvider, name: string): Promise<SlotNode> {
    return new SlotNode(provider, await provider.ed25519KeyPair(provider.sha256(new TextEncoder().encode(name))));
  }

  get id(): string {
    return bytesToHex(this.hint.keyHash);
  }

  /** `null` when another commit has the slot; then `slot` says which. */
  async offer(mailbox: Uint8Array, envelopes: readonly Uint8Array[]): Promise<Uint8Array | null> {
    const key = bytesToHex(mailbox);
    const hash = this.#hashOf(envelopes);
    const held = this.#slots.get(key);
    if (held !== undefined && !this.isCorrupt) {
      return bytesToHex(this.#hashOf(held.envelopes)) === bytesToHex(hash) ? held.receipt : null;
    }
    const statement = { nodeId: this.hint.keyHash, mailbox, hash, kind: "commit" as const, hour: 1, expiresHour: 337 };
    const [receipt] = await signReceipts(this.#provider, this.#identity, this.hint.keyHash, [statement]);
    this.#slots.set(key, { envelopes, receipt: receipt as Uint8Array });
    this.publish(mailbox, envelopes);
    return receipt as Uint8Array;
  }

  slot(mailbox: Uint8Array): Slot | null {
    return this.#slots.get(bytesToHex(mailbox)) ?? null;
  }

  /** As ordinary envelopes of that mailbox. */
  publish(mailbox: Uint8Array, envelopes: readonly Uint8Array[]): void {
    const key = bytesToHex(mailbox);
    const held = this.#copies.get(key) ?? [];
    if (held.some((one) => one[0] === envelopes[0])) return;
    this.#copies.set(key, [...held, envelopes]);
  }

  copies(mailbox: Uint8Array): readonly (readonly Uint8Array[])[] {
    return this.#copies.get(bytesToHex(mailbox)) ?? [];
  }

  #hashOf(envelopes: readonly Uint8Array[]): Uint8Array {
    const { sha256 } = this.#provider;
    return sha256(concatBytes(...envelopes.map((one) => sha256(one))));
  }
}
