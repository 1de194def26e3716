/**
 * Nodes in memory for simulation: what the real ones promise (spec/mailbox.md), without sockets and disks. Receipts say what
 * real ones say, under a key that nobody knows: who verifies signatures is the transport, which is not here.
 * They can be down, slow to answer, or deliver twice; never used where a real node could run.
 */
import { bytesToHex, concatBytes, equalBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { signReceipts } from "@xchat/protocol";
import type { NodeAccess, NodeConnector, NodeHint, NodeOutcome, Receipt, StoredEnvelope } from "@xchat/client/ports";

type Subscriber = {
  readonly mailboxes: ReadonlySet<string>;
  readonly give: (envelopes: readonly StoredEnvelope[]) => void;
  readonly end: () => void;
};

interface HeldBlob {
  readonly owner: string;
  readonly version: number;
  readonly blob: Uint8Array | null;
}

const sameBlob = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : equalBytes(a, b);

/** Spec/mailbox.md: fourteen days. */
const ENVELOPE_LIFETIME = 14 * 86_400_000;

const done = <T>(value: T): NodeOutcome<T> => ({ ok: true, value });
const unreachable = { ok: false, error: { kind: "unreachable" } } as const;
const refused = (reason: string): NodeOutcome<never> => ({ ok: false, error: { kind: "refused", reason } });

const provider = nodeCryptoProvider();
const nobody = { publicKey: new Uint8Array(32), secretKey: new Uint8Array(32) };

type Hash = CryptoProvider["sha256"];

async function commitReceipt(
  { keyHash }: NodeHint,
  sha256: Hash,
  mailbox: Uint8Array,
  envelopes: readonly Uint8Array[],
): Promise<Uint8Array> {
  const hash = sha256(concatBytes(...envelopes.map(sha256)));
  const statement = { nodeId: keyHash, mailbox, hash, kind: "commit" as const, hour: 1, expiresHour: 337 };
  const [receipt] = await signReceipts(provider, nobody, keyHash, [statement]);
  return receipt as Uint8Array;
}

export class MemoryNode {
  readonly hint: NodeHint;
  readonly #mailboxes = new Map<string, StoredEnvelope[]>();
  readonly #slotTakenAt = new Map<string, number>();
  readonly #slots = new Map<string, readonly Uint8Array[]>();
  readonly #blobs = new Map<string, HeldBlob>();
  readonly #subscribers = new Set<Subscriber>();
  /** When each envelope came, where there is a clock; they are kept as long as the spec says. */
  readonly #cameAt = new WeakMap<StoredEnvelope, number>();
  readonly #now: (() => number) | null;
  readonly #sha256: Hash;
  #isDown = false;
  /** Gives receipts and keeps nothing: a node that lies. */
  isLosing = false;

  /** Without a clock nothing expires. What it signs for is hashed as its devices hash. */
  constructor(hint: NodeHint, now: (() => number) | null = null, sha256: Hash = provider.sha256) {
    this.hint = hint;
    this.#now = now;
    this.#sha256 = sha256;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** Everything that a curious operator could look at. */
  get held(): readonly Uint8Array[] {
    return [...this.#mailboxes.values()].flat().map(({ envelope }) => envelope);
  }

  /** How many commits lie here, each in the slot of an epoch. */
  get commits(): number {
    return this.#slots.size;
  }

  /** Public keys (hex) of the mailboxes that somebody reads now. */
  get watched(): ReadonlySet<string> {
    return new Set([...this.#subscribers].flatMap(({ mailboxes }) => [...mailboxes]));
  }

  /** The blobs as they are now; given back later, they are what a node that rolls back shows. */
  blobs(): ReadonlyMap<string, HeldBlob> {
    return new Map(this.#blobs);
  }

  rollBack(blobs: ReadonlyMap<string, HeldBlob>): void {
    this.#blobs.clear();
    for (const [place, held] of blobs) this.#blobs.set(place, held);
  }

  goDown(): void {
    this.#isDown = true;
    for (const { end } of this.#subscribers) end();
    this.#subscribers.clear();
  }

  comeBack(): void {
    this.#isDown = false;
  }

  put(mailbox: Uint8Array, envelope: Uint8Array): NodeOutcome<Receipt> {
    if (this.isLosing) return done({ bytes: new Uint8Array(0) });
    const key = bytesToHex(mailbox);
    const held = this.#mailboxes.get(key) ?? [];
    this.#mailboxes.set(key, held);
    if (!held.some((one) => equalBytes(one.envelope, envelope))) {
      const stored = { mailbox, cursor: held.length + 1, envelope };
      held.push(stored);
      if (this.#now !== null) this.#cameAt.set(stored, this.#now());
      for (const { mailboxes, give } of this.#subscribers) if (mailboxes.has(key)) give([stored]);
    }
    return done({ bytes: new Uint8Array(0) });
  }

  access(): NodeAccess {
    const when = async <T>(work: () => NodeOutcome<T> | Promise<NodeOutcome<T>>): Promise<NodeOutcome<T>> => {
      await Promise.resolve();
      return this.#isDown ? unreachable : work();
    };
    const state = (): "down" | "ready" => (this.#isDown ? "down" : "ready");
    return {
      hint: this.hint,
      get state() {
        return state();
      },
      onStateChange: () => () => {},
      via: null,
      clockAhead: null,
      hearClock: async () => {},
      deposit: ({ mailbox, envelope }) => when(() => this.put(mailbox.publicKey, envelope)),
      depositCommit: ({ mailbox, envelopes }) =>
        when(async () => {
          const key = bytesToHex(mailbox.publicKey);
          const taken = this.#slots.get(key);
          if (taken !== undefined && !taken.every((one, i) => equalBytes(one, envelopes[i] ?? new Uint8Array(0)))) {
            return refused("slot-taken");
          }
          this.#slots.set(key, envelopes);
          if (this.#now !== null && taken === undefined) this.#slotTakenAt.set(key, this.#now());
          for (const envelope of envelopes) this.put(mailbox.publicKey, envelope);
          return done({ bytes: await this.#receipt(mailbox.publicKey, envelopes) });
        }),
      fetchSlot: ({ mailbox }) =>
        when(async () => {
          const key = bytesToHex(mailbox.publicKey);
          const envelopes = this.#slots.get(key);
          // MB19: it stays taken, and what it held is gone.
          const isOver = this.#now !== null && (this.#slotTakenAt.get(key) ?? 0) + ENVELOPE_LIFETIME < this.#now();
          if (envelopes === undefined || isOver) return done(null);
          return done({ envelopes, receipt: { bytes: await this.#receipt(mailbox.publicKey, envelopes) } });
        }),
      subscribe: ({ mailboxes, onEnvelopes, onCaughtUp, signal }) =>
        this.#subscribe(mailboxes, onEnvelopes, onCaughtUp, signal),
      openInbox: () => when(() => done(undefined)),
      depositInbox: ({ inboxPublicKey, envelope }) => when(() => this.put(inboxPublicKey, envelope)),
      putBlob: ({ place, owner, version, blob }) => when(() => this.#putBlob(place, owner.publicKey, version, blob)),
      removeBlob: ({ place, owner, version }) => when(() => this.#putBlob(place, owner.publicKey, version, null)),
      getBlob: ({ place }) =>
        when(() => {
          const held = this.#blobs.get(bytesToHex(place));
          return done(held === undefined || held.blob === null ? null : { blob: held.blob, version: held.version });
        }),
      stunAddress: () => null,
      close: () => {},
    };
  }

  #receipt(mailbox: Uint8Array, envelopes: readonly Uint8Array[]): Promise<Uint8Array> {
    return commitReceipt(this.hint, this.#sha256, mailbox, envelopes);
  }

  #putBlob(place: Uint8Array, ownerKey: Uint8Array, version: number, blob: Uint8Array | null): NodeOutcome<void> {
    const key = bytesToHex(place);
    const owner = bytesToHex(ownerKey);
    const held = this.#blobs.get(key);
    if (held !== undefined && held.owner !== owner) return refused("place-taken");
    const isSame = held?.version === version && sameBlob(held.blob, blob);
    if (held !== undefined && held.version >= version && !isSame) return refused("version-old");
    this.#blobs.set(key, { owner, version, blob });
    return done(undefined);
  }

  #isExpired(stored: StoredEnvelope): boolean {
    return this.#now !== null && (this.#cameAt.get(stored) ?? 0) + ENVELOPE_LIFETIME < this.#now();
  }

  async #subscribe(
    mailboxes: Parameters<NodeAccess["subscribe"]>[0]["mailboxes"],
    onEnvelopes: (envelopes: readonly StoredEnvelope[]) => void,
    onCaughtUp: () => void,
    signal: AbortSignal,
  ): Promise<NodeOutcome<void>> {
    await Promise.resolve();
    if (this.#isDown) return unreachable;
    return new Promise((resolve) => {
      const subscriber: Subscriber = {
        mailboxes: new Set(mailboxes.map(({ key }) => bytesToHex(key.publicKey))),
        give: onEnvelopes,
        end: () => resolve(unreachable),
      };
      this.#subscribers.add(subscriber);
      signal.addEventListener("abort", () => {
        this.#subscribers.delete(subscriber);
        resolve(done(undefined));
      });
      for (const { key, after } of mailboxes) {
        const held = this.#mailboxes.get(bytesToHex(key.publicKey)) ?? [];
        const news = held.filter((one) => one.cursor > after && !this.#isExpired(one));
        if (news.length > 0) onEnvelopes(news);
      }
      onCaughtUp();
    });
  }
}

/** Cuts a client off for good, as when its machine has stopped: nothing of it leaves or arrives any more. */
export interface Lifeline {
  isCut: boolean;
}

export function memoryConnector(nodes: readonly MemoryNode[], lifeline: Lifeline = { isCut: false }): NodeConnector {
  const find = (hint: NodeHint): MemoryNode =>
    nodes.find((node) => equalBytes(node.hint.keyHash, hint.keyHash)) as MemoryNode;
  const opened = new Map<MemoryNode, NodeAccess>();
  return {
    discover: async (address) => {
      const node = nodes.find(({ hint }) => hint.address === address);
      return node === undefined || node.isDown ? unreachable : done(node.hint);
    },
    ...memoryRelays((address) => nodes.find(({ hint }) => hint.address === address)?.hint ?? null),
    access: (hint) => {
      const node = find(hint);
      const access = opened.get(node) ?? withLifeline(node.access(), lifeline);
      opened.set(node, access);
      return access;
    },
  };
}

/** Relays that are kept and shown, and carry nothing: nodes in memory have no address to hide one from. */
export const memoryRelays = (
  find: (address: string) => NodeHint | null,
): Pick<NodeConnector, "discoverRelay" | "setRelays" | "relay"> => ({
  discoverRelay: async (address) => {
    const hint = find(address);
    return hint === null ? unreachable : done(hint);
  },
  setRelays: () => {},
  relay: (hint) => ({ hint, state: "idle", operator: null, onStateChange: () => () => {}, stunAddress: () => null }),
});

/** Every access to a node goes through `change`. */
export function changedConnector(
  nodes: readonly MemoryNode[],
  change: (access: NodeAccess) => Partial<NodeAccess>,
): NodeConnector {
  const connector = memoryConnector(nodes);
  const accesses = new Map<NodeAccess, NodeAccess>();
  return {
    ...connector,
    access: (hint) => {
      const access = connector.access(hint);
      const known = accesses.get(access) ?? { ...access, state: "ready" as const, ...change(access) };
      accesses.set(access, known);
      return known;
    },
  };
}

export const memoryNodes = (
  count: number,
  now: (() => number) | null = null,
  host = "ws://localhost",
  sha256: Hash = provider.sha256,
): readonly MemoryNode[] =>
  Array.from({ length: count }, (_, i) => {
    const hint = { address: `${host}:${9000 + i}/x`, keyHash: new Uint8Array(32).fill(i + 1) };
    return new MemoryNode(hint, now, sha256);
  });

function withLifeline(access: NodeAccess, lifeline: Lifeline): NodeAccess {
  const guard =
    <I, T>(call: (input: I) => Promise<NodeOutcome<T>>) =>
    async (input: I): Promise<NodeOutcome<T>> =>
      lifeline.isCut ? unreachable : call(input);
  return {
    hint: access.hint,
    get state() {
      return access.state;
    },
    via: access.via,
    onStateChange: access.onStateChange,
    clockAhead: access.clockAhead,
    hearClock: access.hearClock,
    deposit: guard(access.deposit),
    depositCommit: guard(access.depositCommit),
    fetchSlot: guard(access.fetchSlot),
    subscribe: guard((input: Parameters<NodeAccess["subscribe"]>[0]) =>
      access.subscribe({ ...input, onEnvelopes: (envelopes) => void (lifeline.isCut || input.onEnvelopes(envelopes)) }),
    ),
    openInbox: guard(access.openInbox),
    depositInbox: guard(access.depositInbox),
    putBlob: guard(access.putBlob),
    removeBlob: guard(access.removeBlob),
    getBlob: guard(access.getBlob),
    stunAddress: access.stunAddress,
    close: access.close,
  };
}
