/**
 * A group as it lies in the encrypted store. The epoch part holds everything that only a commit changes; its bytes are
 * made once and are the same object until then. The ratchets lie beside it, in one part or in pieces.
 *
 * V1 No secret that has been used is in either (T1): the epoch part holds no ratchet, and none can be derived from it.
 * V2 Both carry a version; an unknown one, or damage, is an error with the code "store-damaged".
 */
import type { SavedGroup } from "@xchat/protocol";
import type { ClientConfig } from "ts-mls";
import { groupOf, type FixedPart, type MlsGroup } from "./mls-group.ts";
import { decodeEpochPart, encodeEpochPart } from "./saved-epoch.ts";
import { damaged } from "./saved-limits.ts";
import { changedPieces, decodeRatchetPart, encodeRatchetPart, joinPieces, type Ratchets } from "./saved-ratchets.ts";

const epochParts = new WeakMap<FixedPart, Uint8Array>();

export const saveGroup = (group: MlsGroup): SavedGroup => ({
  epochPart: saveEpoch(group),
  ratchetPart: encodeRatchetPart(group),
});

export function saveEpoch({ fixed }: MlsGroup): Uint8Array {
  let epochPart = epochParts.get(fixed);
  if (epochPart === undefined) {
    epochPart = encodeEpochPart(fixed);
    epochParts.set(fixed, epochPart);
  }
  return epochPart;
}

/** @throws TypeError for a snapshot. */
export function saveRatchets(group: MlsGroup, since: MlsGroup | null): ReadonlyMap<number, Uint8Array | null> {
  if (group.isSnapshot || since?.isSnapshot === true) throw new TypeError("a snapshot has no pieces");
  return changedPieces(group, since);
}

/** @throws Error with code "store-damaged". */
export const restoreGroup = ({ epochPart, ratchetPart }: SavedGroup, config: ClientConfig): MlsGroup =>
  restoreFrom(epochPart, () => decodeRatchetPart(ratchetPart), config);

/** @throws Error with code "store-damaged". */
export const restoreFromPieces = (
  epochPart: Uint8Array,
  pieces: ReadonlyMap<number, Uint8Array>,
  config: ClientConfig,
): MlsGroup => restoreFrom(epochPart, () => joinPieces(pieces), config);

function restoreFrom(epochPart: Uint8Array, readRatchets: () => Ratchets, config: ClientConfig): MlsGroup {
  try {
    const fixed = decodeEpochPart(epochPart, config);
    const { tree, pastTrees, isSnapshot } = readRatchets();
    const isOfThisEpoch =
      tree.leafCount === (fixed.state.ratchetTree.length + 1) / 2 &&
      (isSnapshot || pastTrees.length === fixed.past.length);
    if (!isOfThisEpoch) throw damaged("parts of different epochs");
    epochParts.set(fixed, epochPart.slice());
    return { ...groupOf(fixed, tree, pastTrees), isSnapshot };
  } catch (error) {
    if ((error as { code?: unknown }).code === "store-damaged") throw error;
    throw damaged("group state", error);
  }
}
