/**
 * Which relay carries what goes to a node (spec/relay.md, section 5): the same one for as long as the list stays as it is,
 * and never one that the operator of the node may run.
 */
import { bytesToHex, concatBytes, equalBytes, utf8ToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { NodeHint } from "../node-hint.ts";

export const MAX_RELAYS = 3;
const LABEL = utf8ToBytes("xchat relay choice 1\0");

/** A node, with what it says of its operator where that is known. */
export interface Operated extends NodeHint {
  readonly operator?: string | undefined;
}

/** RL15: in the order in which they are tried. */
export function relaysFor<R extends Operated>(
  provider: CryptoProvider,
  relays: readonly R[],
  node: Operated,
): readonly R[] {
  const ranked = relays
    .filter((relay) => !mayBeOneOperator(relay, node))
    .map((relay) => {
      return { relay, rank: bytesToHex(provider.sha256(concatBytes(LABEL, relay.keyHash, node.keyHash))) };
    });
  return ranked.toSorted((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ relay }) => relay);
}

/** RL14: the same node, the same operator by their own word, the same machine, or names of one domain. */
export function mayBeOneOperator(one: Operated, other: Operated): boolean {
  if (equalBytes(one.keyHash, other.keyHash)) return true;
  if (one.operator !== undefined && one.operator === other.operator) return true;
  return domainOf(one.address) === domainOf(other.address);
}

/**
 * The part of a host name that somebody registers, as far as that can be told without a list: two labels, or three where
 * the second is a short one under a country, such as `co.uk`. Where it is wrong it is so on the safe side.
 */
function domainOf(address: string): string {
  const host = (/^wss?:\/\/(\[[^\]]*\]|[^/:]*)/.exec(address)?.[1] ?? address).toLowerCase().replace(/\.$/, "");
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return host;
  const labels = host.split(".");
  const [second = "", top = ""] = labels.slice(-2);
  return labels.slice(top.length === 2 && second.length <= 3 ? -3 : -2).join(".");
}
