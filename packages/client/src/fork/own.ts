/** Own commits (FR13, FR15), and what is offered to slots (FR16). */
import { bytesToHex } from "@xchat/codec";
import { sealEnvelopes, type CommitInput, type ForkEffect, type Hex } from "@xchat/protocol";
import { decodeOwnPart, decodePieces, encodeOwnPart, encodePieces } from "./codec.ts";
import { commitHash } from "./groups.ts";
import { placeOf } from "./state.ts";
import { treeCommitOf } from "./weigh.ts";
import type { ForkAction, ForkWork } from "./work.ts";

/**
 * The answer to `make-commit`. What it leads to is among the changes of this step: only when those are saved may the commit
 * leave the device (G2).
 *
 * @param input `null`: what was wanted is done already, or not allowed any more.
 * @param memo what comes back when it has been applied, or its Welcome is to be sent.
 * @returns another word: what every receiver would refuse it with, so that it was given up.
 * @throws what `cipher.commit` throws: for what MLS itself does not allow.
 */
export async function answerCommit(
  work: ForkWork,
  intent: string,
  input: CommitInput | null,
  memo: Uint8Array,
): Promise<string> {
  const { making, makingIn, head } = work.state.session;
  if (making?.id !== intent || makingIn !== head) return "too-late";
  if (input === null) {
    await work.take({ kind: "give-up", intent });
    return "given-up";
  }
  const { cipher, provider } = work.deps;
  const { group, commit, welcome, ...facts } = await cipher.commit(work.group, input);
  const place = placeOf(work.state, head);
  if (place === null) throw new TypeError("a commit in no epoch");
  const envelopes = await sealEnvelopes(provider, place.wrapKey, commit);
  const id = bytesToHex(provider.sha256(commit));
  const made = await treeCommitOf(work, {
    id,
    parent: head,
    hash: commitHash(provider, envelopes),
    before: work.group,
    commit: { ...facts, group },
  });
  if (!made.ok) {
    await work.take({ kind: "give-up", intent });
    return made.error.reason;
  }
  work.state = { ...work.state, commits: new Map(work.state.commits).set(id, made.value) };
  work.parts.write("sealed", id, encodePieces(envelopes));
  work.parts.write("own", id, encodeOwnPart({ ...cipher.save(group), welcome, memo, facts }));
  await work.take({ kind: "made", candidate: made.value.candidate, hasWelcome: welcome !== null });
  return "made";
}

/** A commit that was asked for when the device stopped: `make-commit` again. */
export function commitAskedFor({ session }: { readonly session: ForkWork["state"]["session"] }): ForkAction | null {
  const { making, makingIn, head } = session;
  return making === null || makingIn !== head ? null : { kind: "make-commit", intent: making.id, epoch: head };
}

/** What the shell has given with an own commit; null for one that is not kept. */
export async function ownMemo(parts: Pick<ForkWork["parts"], "read">, id: Hex): Promise<Uint8Array | null> {
  const own = await parts.read("own", id);
  return own === null ? null : decodeOwnPart(own).memo;
}

/** FR16: the very bytes that its author sealed. */
export async function offerOf(
  work: ForkWork,
  { epoch, candidate, nodes }: Extract<ForkEffect, { kind: "offer-slot" }>,
): Promise<ForkAction | null> {
  const place = placeOf(work.state, epoch);
  const sealed = await work.parts.read("sealed", candidate);
  if (place === null || sealed === null) return null;
  const targets = place.nodes
    .filter(({ hint }) => nodes.includes(bytesToHex(hint.keyHash)))
    .map((node) => ({ node, epoch }));
  return { kind: "offer-slot", candidate, envelopes: decodePieces(sealed), targets };
}

export async function publicationOf(work: ForkWork, candidate: Hex): Promise<ForkAction | null> {
  const parent = work.state.commits.get(candidate)?.candidate.parent;
  const place = parent === undefined ? null : placeOf(work.state, parent);
  const sealed = await work.parts.read("sealed", candidate);
  if (place === null || sealed === null) return null;
  return { kind: "publish", candidate, envelopes: decodePieces(sealed), place };
}

export async function welcomeOf({ parts }: ForkWork, candidate: Hex): Promise<ForkAction | null> {
  const own = await parts.read("own", candidate);
  if (own === null) return null;
  const { welcome, memo } = decodeOwnPart(own);
  return welcome === null ? null : { kind: "send-welcome", candidate, welcome, memo };
}
