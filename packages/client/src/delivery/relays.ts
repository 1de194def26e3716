/**
 * The person's relays (spec/relay.md, section 5): which there are, and what becomes of a node that none of them reaches.
 *
 * RY1 They are known to the connector before anything connects: a device that has relays shows its address to nobody else
 *     while it starts.
 */
import {
  base64UrlToBytes,
  bytesToBase64Url,
  decode,
  encode,
  equalBytes,
  expectOk,
  list,
  literal,
  struct,
  word,
} from "@xchat/codec";
import { isNodeAddress, MAX_RELAYS, nodeHintCodec } from "@xchat/protocol";
import { IntentError, type RelayView } from "../api.ts";
import type { Topics } from "../base/topics.ts";
import type { NodeConnector, NodeHint, RelayPlan, Store, StoreChange } from "../ports.ts";

const RELAYS_DOCUMENT = "relays";
const relaysCodec = struct({
  version: literal(1, "newer-version"),
  relays: list(nodeHintCodec, { max: MAX_RELAYS }),
  whenNone: word("wait", "direct"),
});

/** Unless the person says otherwise nothing goes out that would show their address after all. */
const NONE: RelayPlan = { relays: [], whenNone: "wait" };

export class Relays {
  readonly #connector: NodeConnector;
  readonly #topics: Topics;
  readonly #watched = new Map<string, () => void>();
  #plan: RelayPlan = NONE;

  constructor(connector: NodeConnector, topics: Topics) {
    this.#connector = connector;
    this.#topics = topics;
  }

  async load(store: Store): Promise<void> {
    const stored = await store.document(RELAYS_DOCUMENT);
    this.#follow(stored === null ? NONE : expectOk(decode(relaysCodec, stored), "relays"));
  }

  get plan(): RelayPlan {
    return this.#plan;
  }

  async add(store: Store, hint: NodeHint): Promise<void> {
    const { relays } = this.#plan;
    if (relays.some((known) => equalBytes(known.keyHash, hint.keyHash))) return;
    if (relays.length === MAX_RELAYS) throw new IntentError("too-many-relays");
    await this.replace(store, { ...this.#plan, relays: [...relays, hint] });
  }

  async remove(store: Store, address: string): Promise<void> {
    const relays = this.#plan.relays.filter((hint) => hint.address !== address);
    await this.replace(store, { ...this.#plan, relays });
  }

  async replace(store: Store, plan: RelayPlan): Promise<void> {
    const isSame = plan.whenNone === this.#plan.whenNone && relaysText(plan.relays) === relaysText(this.#plan.relays);
    if (isSame) return;
    await store.write([relaysChange(plan)]);
    this.#follow(plan);
  }

  views(): readonly RelayView[] {
    return this.#plan.relays.map((hint) => this.viewOf(hint));
  }

  viewOf(hint: NodeHint): RelayView {
    const { state, operator } = this.#connector.relay(hint);
    return { address: hint.address, keyHash: bytesToBase64Url(hint.keyHash).slice(0, 12), state, operator };
  }

  /** `stun:` addresses of relays, which know where this device is in any case. */
  stunAddresses(): readonly string[] {
    return this.#plan.relays
      .map((hint) => this.#connector.relay(hint).stunAddress())
      .filter((address) => address !== null);
  }

  close(): void {
    for (const stop of this.#watched.values()) stop();
    this.#watched.clear();
  }

  #follow(plan: RelayPlan): void {
    this.close();
    this.#plan = plan;
    this.#connector.setRelays(plan);
    for (const hint of plan.relays) {
      const stop = this.#connector.relay(hint).onStateChange(() => this.#topics.mark("network"));
      this.#watched.set(hint.address, stop);
    }
    this.#topics.mark("network");
  }
}

export const relaysChange = (plan: RelayPlan): StoreChange => ({
  document: RELAYS_DOCUMENT,
  value: encode(relaysCodec, { version: 1, ...plan }),
});

/** As registers and backups carry them: one a line, the address and the key. */
export const relaysText = (relays: readonly NodeHint[]): string =>
  relays.map(({ address, keyHash }) => `${address} ${bytesToBase64Url(keyHash)}`).join("\n");

/** What is no relay in it is left out. */
export function relaysOfText(text: string): readonly NodeHint[] {
  const hints = text.split("\n").flatMap((line): readonly NodeHint[] => {
    const [address = "", key = ""] = line.split(" ");
    const keyHash = base64UrlToBytes(key);
    return isNodeAddress(address) && keyHash.ok && keyHash.value.length === 32
      ? [{ address, keyHash: keyHash.value }]
      : [];
  });
  return hints.slice(0, MAX_RELAYS);
}
