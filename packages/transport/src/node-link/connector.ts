/** `NodeConnector` over the WebSocket of the runtime: which way leads to which node (spec/relay.md, section 5). */
import { bytesToHex } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { Clock, NodeConnector, NodeFailure, NodeHint, NodeOutcome, RelayPlan } from "@xchat/client/ports";
import { ANY_NODE, mayBeOneOperator, nodeIdOf, relaysFor, type Operated } from "@xchat/protocol";
import { LinkedNode } from "./access.ts";
import { isLoopbackAddress, normalizeNodeAddress } from "./address.ts";
import type { SocketConstructor } from "./connection.ts";
import { RelayLink } from "./relay.ts";
import { askDescriptor, clockFailure, directPath, type Path, type SessionDeps, type Shown } from "./session.ts";

export interface NodeConnectorOptions {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  /** The runtime's own where none is given. */
  readonly WebSocket?: SocketConstructor;
  /** Which nodes are on this machine, and reached directly in any case; by their address where it is not given. */
  readonly isHere?: (address: string) => boolean;
}

const fail = (error: NodeFailure): { readonly ok: false; readonly error: NodeFailure } => ({ ok: false, error });

export function nodeConnector(options: NodeConnectorOptions): NodeConnector {
  const { provider, clock, isHere = isLoopbackAddress } = options;
  const WebSocket = options.WebSocket ?? (globalThis as unknown as { WebSocket: SocketConstructor }).WebSocket;
  return new Connector({ provider, clock, WebSocket }, isHere);
}

class Connector implements NodeConnector {
  readonly #deps: SessionDeps;
  readonly #isHere: (address: string) => boolean;
  readonly #nodes = new Map<string, LinkedNode>();
  readonly #relays = new Map<string, RelayLink>();
  #plan: RelayPlan = { relays: [], whenNone: "wait" };

  constructor(deps: SessionDeps, isHere: (address: string) => boolean) {
    this.#deps = deps;
    this.#isHere = isHere;
  }

  async discover(text: string, signal: AbortSignal): Promise<NodeOutcome<NodeHint>> {
    const address = normalizeNodeAddress(text);
    if (address === null) return fail({ kind: "refused", reason: "address-malformed" });
    const node = { address, keyHash: ANY_NODE };
    let failure: NodeFailure = { kind: "refused", reason: "no-relay" };
    for (const path of this.#pathsTo(node)) {
      const shown = await this.#look(path, signal);
      if (shown.ok) return this.#hintOf(address, shown.value);
      if (path.via === null || shown.error.kind !== "refused") failure = shown.error;
      if (signal.aborted) break;
    }
    return fail(failure);
  }

  async discoverRelay(text: string, signal: AbortSignal): Promise<NodeOutcome<NodeHint>> {
    const address = normalizeNodeAddress(text);
    if (address === null) return fail({ kind: "refused", reason: "address-malformed" });
    const shown = await this.#look(directPath(this.#deps, address), signal);
    if (!shown.ok) return shown;
    if (!shown.value.descriptor.roles.includes("relay")) return fail({ kind: "refused", reason: "not-a-relay" });
    return this.#hintOf(address, shown.value);
  }

  access(hint: NodeHint): LinkedNode {
    const node = { ...hint, address: normalizeNodeAddress(hint.address) ?? hint.address };
    // Not by the key alone: who names a wrong address for it would take it away from those who know the right one.
    const id = idOf(node);
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const paths = (): readonly Path[] => this.#pathsTo(node);
    const access = new LinkedNode(this.#deps, node, paths, () => {
      if (this.#nodes.get(id) === access) this.#nodes.delete(id);
    });
    this.#nodes.set(id, access);
    return access;
  }

  setRelays(plan: RelayPlan): void {
    const wanted = new Set(plan.relays.map(idOf));
    const isSame =
      plan.whenNone === this.#plan.whenNone &&
      wanted.size === this.#plan.relays.length &&
      this.#plan.relays.every((hint) => wanted.has(idOf(hint)));
    if (isSame) return;
    this.#plan = plan;
    for (const [id, relay] of this.#relays) {
      if (wanted.has(id)) continue;
      this.#relays.delete(id);
      relay.close();
    }
    for (const node of this.#nodes.values()) node.reroute();
  }

  relay(hint: NodeHint): RelayLink {
    const id = idOf(hint);
    const known = this.#relays.get(id);
    if (known !== undefined) return known;
    const relay = new RelayLink(this.#deps, hint);
    this.#relays.set(id, relay);
    return relay;
  }

  /** RL14, RL15, RL17. */
  #pathsTo(node: NodeHint): readonly Path[] {
    const direct = directPath(this.#deps, node.address);
    const { relays, whenNone } = this.#plan;
    if (relays.length === 0 || this.#isHere(node.address)) return [direct];
    const links = relaysFor(this.#deps.provider, relays, node).map((hint) => this.relay(hint));
    const ordered = [...links.filter((link) => !link.isDoubtful), ...links.filter((link) => link.isDoubtful)];
    const paths = ordered.map((link): Path => ({
      via: link.hint,
      connect: ({ signal, onLost }) => link.connect(node, signal, onLost),
      isFor: ({ identityKey, operator }) => {
        const shown: Operated = {
          address: node.address,
          keyHash: nodeIdOf(this.#deps.provider, identityKey),
          operator,
        };
        return !mayBeOneOperator({ ...link.hint, operator: link.operator ?? undefined }, shown);
      },
    }));
    return whenNone === "direct" ? [...paths, direct] : paths;
  }

  async #look(path: Path, signal: AbortSignal): Promise<NodeOutcome<Shown>> {
    const connected = await path.connect({ signal, onLost: () => {} });
    if (!connected.ok) return path.via === null ? connected : fail({ kind: "refused", reason: "no-relay" });
    const shown = await askDescriptor(this.#deps, connected.value);
    connected.value.close();
    if (!shown.ok) return shown;
    if (!path.isFor(shown.value.descriptor)) return fail({ kind: "refused", reason: "no-relay" });
    const wrong = clockFailure(shown.value);
    return wrong === null ? shown : fail(wrong);
  }

  #hintOf(address: string, { descriptor }: Shown): NodeOutcome<NodeHint> {
    return { ok: true, value: { address, keyHash: nodeIdOf(this.#deps.provider, descriptor.identityKey) } };
  }
}

const idOf = ({ address, keyHash }: NodeHint): string => `${bytesToHex(keyHash)}/${address}`;
