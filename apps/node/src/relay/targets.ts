/**
 * Which nodes a relay forwards to (spec/relay.md, section 3): those that its operator lists, and, where it is open, those
 * that show a signed descriptor at the public address that this descriptor names.
 */
import { base64UrlToBytes, bytesToHex, equalBytes } from "@xchat/codec";
import { isAnyNode, isNodeAddress, MAX_RELAYED_ADDRESS, type Descriptor, type NodeHint } from "@xchat/protocol";
import { mayBePublicHost } from "./public-address.ts";

export interface RelayOptions {
  /** Forwards to others than those of the list too. */
  readonly isOpen: boolean;
  readonly listed: readonly NodeHint[];
  /** Takes addresses that are not of the public internet for those others too. */
  readonly allowPrivate: boolean;
}

export interface Target {
  /** The same for all who may share connections. */
  readonly id: string;
  readonly address: string;
  /** `null`: whoever is there. */
  readonly nodeId: Uint8Array | null;
  readonly isListed: boolean;
  /** Whether the name must lead to the public internet. */
  readonly isPublicOnly: boolean;
}

/** Web servers, and what an ordinary account may listen on: nothing that another protocol lives on. */
const isUsualPort = (port: string): boolean => port === "" || port === "80" || port === "443" || Number(port) >= 1024;

export class Targets {
  readonly #options: RelayOptions;
  readonly #ownId: Uint8Array;

  constructor(options: RelayOptions, ownId: Uint8Array) {
    this.#options = options;
    this.#ownId = ownId;
  }

  /** `null` where it does not forward to it. The operator's word for an address goes before that of the client. */
  find(nodeId: Uint8Array, address: string): Target | null {
    const { isOpen, listed, allowPrivate } = this.#options;
    const isAny = isAnyNode(nodeId);
    if (equalBytes(nodeId, this.#ownId)) return null;
    const known = listed.find((hint) => (isAny ? hint.address === address : equalBytes(hint.keyHash, nodeId)));
    if (known !== undefined) {
      const id = `${bytesToHex(known.keyHash)}/${known.address}`;
      return { id, address: known.address, nodeId: known.keyHash, isListed: true, isPublicOnly: false };
    }
    if (!isOpen) return null;
    const url = URL.parse(address);
    if (url === null || address !== url.href || !isUsualPort(url.port)) return null;
    if (!allowPrivate && !mayBePublicHost(url.hostname)) return null;
    const id = `${isAny ? "any" : bytesToHex(nodeId)}/${address}`;
    // Its own copy: the id came in a message that is long.
    return { id, address, nodeId: isAny ? null : nodeId.slice(), isListed: false, isPublicOnly: !allowPrivate };
  }

  /** Whether what was shown at its address is the node that was asked for, and is there by its own word. */
  isShown(target: Target, shownId: Uint8Array, { addresses }: Descriptor): boolean {
    if (equalBytes(shownId, this.#ownId)) return false;
    if (target.nodeId !== null && !equalBytes(shownId, target.nodeId)) return false;
    return target.isListed || addresses.includes(target.address);
  }
}

/** One node a line: its address and its key, as its `/config.json` says them. Answers with the number of a wrong line. */
export function parseNodeList(text: string): readonly NodeHint[] | { readonly wrongLine: number } {
  const hints: NodeHint[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [address = "", key = "", ...rest] = (line.split("#")[0] ?? "").trim().split(/\s+/);
    if (address === "") continue;
    const keyHash = base64UrlToBytes(key);
    const isRight = isNodeAddress(address) && address.length <= MAX_RELAYED_ADDRESS && URL.canParse(address);
    if (!isRight || !keyHash.ok || keyHash.value.length !== 32 || rest.length > 0) return { wrongLine: index + 1 };
    hints.push({ address: new URL(address).href, keyHash: keyHash.value });
  }
  return hints;
}
