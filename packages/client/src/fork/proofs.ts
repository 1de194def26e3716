/** FR5, FR6: every proof is kept with the signed bytes behind it. */
import type { ForkEvidence, Hex } from "@xchat/protocol";
import { decodePieces, encodePieces } from "./codec.ts";
import { placeOf, receiptName } from "./state.ts";
import type { ForkWork } from "./work.ts";

/** Node: two receipts. Author: of each of two commits the key of its envelopes, then the envelopes. */
export async function keepProof(work: ForkWork, evidence: ForkEvidence): Promise<void> {
  const pieces = await piecesOf(work, evidence);
  if (pieces.length > 0) work.parts.write("proof", proofName(evidence), encodePieces(pieces));
}

export const proofName = (evidence: ForkEvidence): string =>
  evidence.kind === "node-signed-twice"
    ? `${evidence.kind}/${evidence.node}/${evidence.epoch}`
    : `${evidence.kind}/${evidence.author}`;

async function piecesOf(work: ForkWork, evidence: ForkEvidence): Promise<readonly Uint8Array[]> {
  if (evidence.kind === "node-signed-twice") {
    const { node, epoch, hashes } = evidence;
    return hashes.flatMap((hash) => work.state.receipts.get(receiptName({ epoch, node, hash })) ?? []);
  }
  const [first, second] =
    evidence.kind === "author-went-back" ? [evidence.earlier, evidence.later] : evidence.candidates;
  return [...(await commitPieces(work, first)), ...(await commitPieces(work, second))];
}

async function commitPieces({ state, parts }: ForkWork, id: Hex): Promise<readonly Uint8Array[]> {
  const parent = state.commits.get(id)?.candidate.parent;
  const place = parent === undefined ? null : placeOf(state, parent);
  const sealed = await parts.read("sealed", id);
  return place === null || sealed === null ? [] : [place.wrapKey, ...decodePieces(sealed)];
}
