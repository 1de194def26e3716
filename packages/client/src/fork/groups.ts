/**
 * The MLS group of any epoch in the tree, to weigh commits that end it (spec/group-encryption.md, section 4): the live one,
 * a snapshot, what an own commit leads to, or what comes of the commits that lead there.
 */
import { bytesToHex, concatBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import {
  collectFragment,
  emptyReassembly,
  epochKeys,
  openEnvelope,
  type Commit,
  type Group,
  type GroupCipher,
  type Hex,
  type NodeHint,
} from "@xchat/protocol";
import { decodeOwnPart, decodePieces, decodeSnapshot } from "./codec.ts";
import { placeOf, type EpochPlace } from "./state.ts";
import type { ForkWork } from "./work.ts";

const NAME_LABEL = "xchat epoch name v1";
const NOTHING = new Uint8Array(0);

/** So that a branch whose epochs are not applied is not walked anew for each of its commits. */
const MAX_CACHED_GROUPS = 8;

/** Groups of epochs that this device does not stand in. Each is what its epoch's name says, so a cache is never wrong. */
export class GroupCache {
  readonly #groups = new Map<Hex, Group>();
  readonly #commits = new Map<Hex, Commit>();

  get(epoch: Hex): Group | null {
    return this.#groups.get(epoch) ?? null;
  }

  put(epoch: Hex, group: Group): void {
    putBounded(this.#groups, epoch, group);
  }

  /** What came of a commit that was weighed, so that it need not be weighed again to be applied. */
  weighed(id: Hex): Commit | null {
    return this.#commits.get(id) ?? null;
  }

  putWeighed(id: Hex, commit: Commit): void {
    putBounded(this.#commits, id, commit);
    this.put(id, commit.group);
  }
}

function putBounded<T>(map: Map<Hex, T>, key: Hex, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= MAX_CACHED_GROUPS) break;
    map.delete(oldest);
  }
}

/** Keys and name of the epoch that a group stands in. */
export async function deriveEpochPlace(
  { cipher, provider }: { readonly cipher: GroupCipher; readonly provider: CryptoProvider },
  group: Group,
  homeNodes: readonly NodeHint[],
): Promise<EpochPlace> {
  const exportSecret = (label: string, context: Uint8Array, length: number): Promise<Uint8Array> =>
    cipher.exportSecret(group, label, context, length);
  const nodes: EpochPlace["nodes"][number][] = [];
  let wrapKey: Uint8Array = NOTHING;
  for (const hint of homeNodes) {
    const keys = await epochKeys(exportSecret, provider, hint.keyHash);
    wrapKey = keys.wrapKey;
    nodes.push({ hint, mailbox: keys.mailbox });
  }
  return { number: group.epoch, name: bytesToHex(await exportSecret(NAME_LABEL, NOTHING, 32)), wrapKey, nodes };
}

/** The MLS message in the envelopes of a commit; `null` when they are not one whole one of this epoch. */
export async function messageOf(
  provider: CryptoProvider,
  wrapKey: Uint8Array,
  envelopes: readonly Uint8Array[],
): Promise<Uint8Array | null> {
  let state = emptyReassembly();
  for (const [index, envelope] of envelopes.entries()) {
    const opened = await openEnvelope(provider, wrapKey, envelope);
    if (!opened.ok) return null;
    const isLast = index === envelopes.length - 1;
    if (opened.value.kind === "whole") return isLast && index === 0 ? opened.value.payload : null;
    const collected = collectFragment(provider, state, opened.value);
    if (collected.payload !== null) return isLast ? collected.payload : null;
    ({ state } = collected);
  }
  return null;
}

/** MB13: what a node signs for the envelopes of a commit. */
export const commitHash = (provider: CryptoProvider, envelopes: readonly Uint8Array[]): Hex =>
  bytesToHex(provider.sha256(concatBytes(...envelopes.map((envelope) => provider.sha256(envelope)))));

/** `null` when this device is not in that epoch, or does not have what leads to it any more. */
export async function groupAt(work: ForkWork, epoch: Hex): Promise<Group | null> {
  const { cipher, provider } = work.deps;
  const way: Hex[] = [];
  let at = epoch;
  let group = await heldGroup(work, at);
  while (group === null) {
    const commit = work.state.commits.get(at);
    if (commit === undefined) return null;
    way.unshift(at);
    at = commit.candidate.parent;
    group = await heldGroup(work, at);
  }
  for (const id of way) {
    const parent = work.state.commits.get(id)?.candidate.parent as Hex;
    const sealed = await work.parts.read("sealed", id);
    const place = placeOf(work.state, parent);
    if (sealed === null || place === null) return null;
    const message = await messageOf(provider, place.wrapKey, decodePieces(sealed));
    if (message === null) return null;
    const next = await cipher.evaluate(group as Group, message);
    if (!next.ok) return null;
    const commit: Commit = next.value;
    work.deps.cache.putWeighed(id, commit);
    group = commit.group;
  }
  return group;
}

async function heldGroup({ state, group, parts, deps }: ForkWork, epoch: Hex): Promise<Group | null> {
  if (epoch === state.session.head) return group;
  const cached = deps.cache.get(epoch);
  if (cached !== null) return cached;
  const snapshot = await parts.read("epoch", epoch);
  const own = snapshot === null ? await parts.read("own", epoch) : null;
  if (snapshot === null && own === null) return null;
  const saved = snapshot === null ? decodeOwnPart(own as Uint8Array) : decodeSnapshot(snapshot);
  const restored = deps.cipher.restore(saved);
  deps.cache.put(epoch, restored);
  return restored;
}
