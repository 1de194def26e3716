/**
 * Going on, going back, and going out (FR12): the group is adopted commit by commit, so that what was written in each epoch
 * on the way can be read, and the epochs that are left are kept as snapshots.
 */
import { ancestry, type CommitFacts, type Group, type Hex } from "@xchat/protocol";
import { decodeOwnPart, decodePieces, encodeSnapshot } from "./codec.ts";
import { groupAt, messageOf } from "./groups.ts";
import { placeOf } from "./state.ts";
import type { AppliedCommit, ForkAction, ForkWork } from "./work.ts";

interface Way {
  readonly path: readonly Hex[];
  readonly left: readonly Hex[];
}

/** @throws Error with code "broken-invariant" when what was weighed before cannot be applied: the store is damaged. */
export async function moveAlong(work: ForkWork, head: Hex, { path, left }: Way): Promise<ForkAction> {
  const undone: Uint8Array[] = [];
  for (const id of left) {
    const own = await work.parts.read("own", id);
    if (own !== null) undone.push(decodeOwnPart(own).memo);
  }
  return { kind: "moved", left, undone, commits: await adoptPath(work, head, path) };
}

/** Up to the commit that removes this device: what was sent before it can be read still. */
export async function moveOut(work: ForkWork, head: Hex, by: Hex): Promise<ForkAction> {
  const { commits } = work.state;
  const candidates = new Map([...commits].map(([id, { candidate }]) => [id, candidate]));
  const line = new Set(ancestry({ candidates }, head));
  const way = ancestry({ candidates }, by).filter((id) => !line.has(id));
  return { kind: "removed", commits: await adoptPath(work, head, way.toReversed()) };
}

async function adoptPath(work: ForkWork, head: Hex, path: readonly Hex[]): Promise<readonly AppliedCommit[]> {
  const applied: AppliedCommit[] = [];
  let at = head;
  for (const id of path) {
    const parent = work.state.commits.get(id)?.candidate.parent as Hex;
    const before = at === parent ? work.group : await groupOrThrow(work, parent, at);
    keepSnapshot(work, at);
    const { facts, group, memo } = await commitAt(work, id, before);
    work.group = work.deps.cipher.adopt(work.group, group);
    at = id;
    applied.push({ id, parent, isOwn: memo !== null, memo, facts, before, after: work.group });
  }
  return applied;
}

/** Of the epoch that the live group stands in, before it goes on. */
function keepSnapshot({ deps: { cipher, cache }, group, parts }: ForkWork, epoch: Hex): void {
  const snapshot = cipher.snapshot(group);
  cache.put(epoch, snapshot);
  parts.write("epoch", epoch, encodeSnapshot(cipher.save(snapshot)));
}

interface Led {
  readonly facts: CommitFacts;
  readonly group: Group;
  readonly memo: Uint8Array | null;
}

async function commitAt(work: ForkWork, id: Hex, parent: Group): Promise<Led> {
  const { cipher, provider } = work.deps;
  const own = await work.parts.read("own", id);
  if (own !== null) {
    const { facts, memo, ...saved } = decodeOwnPart(own);
    return { facts, memo, group: cipher.restore(saved) };
  }
  const known = work.deps.cache.weighed(id);
  if (known !== null) return { facts: factsOf(known), group: known.group, memo: null };
  const sealed = await work.parts.read("sealed", id);
  const place = placeOf(work.state, work.state.commits.get(id)?.candidate.parent as Hex);
  if (sealed === null || place === null) throw broken(`commit ${id}`);
  const message = await messageOf(provider, place.wrapKey, decodePieces(sealed));
  const weighed = message === null ? null : await cipher.evaluate(parent, message);
  if (weighed === null || !weighed.ok) throw broken(`commit ${id}`);
  return { facts: factsOf(weighed.value), group: weighed.value.group, memo: null };
}

const factsOf = ({ commitKind, parentEpoch, change, authenticatedData }: CommitFacts): CommitFacts => ({
  commitKind,
  parentEpoch,
  change,
  authenticatedData,
});

/** `head`: the live group stands there by now, whatever the session says. */
async function groupOrThrow(work: ForkWork, epoch: Hex, head: Hex): Promise<Group> {
  const { session } = work.state;
  work.state = { ...work.state, session: { ...session, head } };
  const group = await groupAt(work, epoch);
  work.state = { ...work.state, session };
  if (group === null) throw broken(`epoch ${epoch}`);
  return group;
}

const broken = (what: string): Error =>
  Object.assign(new Error(`${what} was weighed and is gone`), { name: "InvariantError", code: "broken-invariant" });
