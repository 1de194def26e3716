/** `NodeConnector` over the WebSocket of the runtime. */
import { bytesToHex } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { Clock, NodeConnector, NodeHint, NodeOutcome } from "@xchat/client/ports";
import { nodeIdOf } from "@xchat/protocol";
import { LinkedNode } from "./access.ts";
import { normalizeNodeAddress } from "./address.ts";
import { LinkConnection, type SocketConstructor } from "./connection.ts";
import { askDescriptor, clockFailure } from "./session.ts";

export interface NodeConnectorOptions {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  /** The runtime's own where none is given. */
  readonly WebSocket?: SocketConstructor;
}

export function nodeConnector(options: NodeConnectorOptions): NodeConnector {
  const { provider, clock } = options;
  const WebSocket = options.WebSocket ?? (globalThis as unknown as { WebSocket: SocketConstructor }).WebSocket;
  const deps = { provider, clock, WebSocket };
  const nodes = new Map<string, LinkedNode>();
  return {
    discover: async (text, signal): Promise<NodeOutcome<NodeHint>> => {
      const address = normalizeNodeAddress(text);
      if (address === null) return { ok: false, error: { kind: "refused", reason: "address-malformed" } };
      const connection = await LinkConnection.connect({ WebSocket, clock, address, signal, onLost: () => {} });
      if (connection === null) return { ok: false, error: { kind: "unreachable" } };
      const shown = await askDescriptor(deps, connection);
      connection.close();
      if (!shown.ok) return shown;
      const wrong = clockFailure(shown.value);
      if (wrong !== null) return { ok: false, error: wrong };
      return { ok: true, value: { address, keyHash: nodeIdOf(provider, shown.value.descriptor.identityKey) } };
    },
    access: (hint) => {
      const address = normalizeNodeAddress(hint.address) ?? hint.address;
      // Not by the key alone: who names a wrong address for it would take it away from those who know the right one.
      const id = `${bytesToHex(hint.keyHash)}/${address}`;
      const known = nodes.get(id);
      if (known !== undefined) return known;
      const node = new LinkedNode(deps, { ...hint, address }, () => {
        if (nodes.get(id) === node) nodes.delete(id);
      });
      nodes.set(id, node);
      return node;
    },
  };
}
