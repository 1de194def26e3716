/** Commit slots: what they say, which are read before a commit (FR13), and to which the winners are offered (FR16). */
import { bytesToHex, equalBytes } from "@xchat/codec";
import { decide, isStatementFor, statementOf, type Candidate, type Hex, type SlotReceipt } from "@xchat/protocol";
import { commitHash } from "./groups.ts";
import { placeOf, receiptName, type ForkState } from "./state.ts";
import { weigh, type Weighed } from "./weigh.ts";
import type { ForkWork, SlotTarget } from "./work.ts";

/** What a slot was read with: the envelopes of a commit and the receipt for them, which has been verified as a signature. */
export interface SlotReading {
  readonly epoch: Hex;
  /** Key hash of the home node. */
  readonly node: Hex;
  readonly envelopes: readonly Uint8Array[];
  readonly receipt: Uint8Array;
}

export type SlotVerdict = Weighed | { readonly kind: "wrong-receipt" };

/** Somebody's commit, or garbage: the slot is taken in any case. */
export async function takeSlot(work: ForkWork, reading: SlotReading): Promise<SlotVerdict> {
  const { epoch, node, envelopes, receipt } = reading;
  const hash = commitHash(work.deps.provider, envelopes);
  if (!isReceiptFor(work.state, { epoch, node, hash }, receipt)) return { kind: "wrong-receipt" };
  const weighed = await weigh(work, epoch, envelopes);
  if (weighed.kind === "held") return weighed;
  const isTaken = weighed.kind === "own-unknown" && (await takeOwnUnknown(work, { epoch, node, hash }, weighed.id));
  const candidate = weighed.kind === "candidate" || isTaken ? weighed.id : null;
  await takeSlotReceipt(work, { epoch, node, hash, candidate }, receipt);
  return weighed;
}

/** The receipt for a commit that this device has put there. False when it speaks of something else. */
export async function takeReceipt(
  work: ForkWork,
  { candidate, node, receipt }: { readonly candidate: Hex; readonly node: Hex; readonly receipt: Uint8Array },
): Promise<boolean> {
  const commit = work.state.commits.get(candidate);
  if (commit === undefined) return false;
  const { parent: epoch } = commit.candidate;
  const said = { epoch, node, hash: commit.hash };
  if (!isReceiptFor(work.state, said, receipt)) return false;
  if (!work.state.session.seenAt.has(candidate)) await work.take({ kind: "candidate", candidate: commit.candidate });
  await takeSlotReceipt(work, { ...said, candidate }, receipt);
  return true;
}

/** FR13: every slot of the present epoch that is not known to be taken, before a commit. */
export const slotsToRead = (state: ForkState): readonly SlotTarget[] => slotsOf(state, state.session.head);

/** Also when `weigh` has answered "own-unknown": only a certificate says that it is no forgery. */
export const slotsOf = (state: ForkState, epoch: Hex): readonly SlotTarget[] =>
  targetsOf(state, epoch, (signed) => signed === 0);

/**
 * Slots of epochs that the winners end, as long as it is not known what is in them: a certificate is read there. Where several
 * commits end one epoch, those of nodes too that have signed for one of them: whoever signs for two has to show it. To be
 * asked when a candidate is new, and from time to time.
 */
export function slotsToAsk(state: ForkState): readonly SlotTarget[] {
  const { verdicts } = decide(state.session.facts);
  return verdicts.flatMap(({ epoch, losers }) =>
    targetsOf(state, epoch, (signed) => signed < (losers.length > 0 ? 2 : 1)),
  );
}

function targetsOf(state: ForkState, epoch: Hex, isWanted: (signed: number) => boolean): readonly SlotTarget[] {
  const here = state.session.facts.receipts.filter((receipt) => receipt.epoch === epoch);
  return (placeOf(state, epoch)?.nodes ?? [])
    .filter(({ hint }) => isWanted(here.filter(({ node }) => node === bytesToHex(hint.keyHash)).length))
    .map((node) => ({ node, epoch }));
}

async function takeSlotReceipt(work: ForkWork, receipt: SlotReceipt, signed: Uint8Array): Promise<void> {
  const name = receiptName(receipt);
  if (!work.state.receipts.has(name)) {
    work.state = { ...work.state, receipts: new Map(work.state.receipts).set(name, signed) };
  }
  await work.take({ kind: "receipt", receipt });
}

/** Signature and path were verified where it came in; here it is held to what it must speak of. */
function isReceiptFor(
  state: ForkState,
  said: Pick<SlotReceipt, "epoch" | "node" | "hash">,
  receipt: Uint8Array,
): boolean {
  const statement = statementOf(receipt);
  const home = placeOf(state, said.epoch)?.nodes.find(({ hint }) => bytesToHex(hint.keyHash) === said.node);
  if (!statement.ok || home === undefined || !equalBytes(statement.value.nodeId, home.hint.keyHash)) return false;
  const { hash } = statement.value;
  const wanted = { mailbox: home.mailbox.publicKey, hash, kind: "commit" as const };
  return bytesToHex(hash) === said.hash && isStatementFor(statement.value, wanted);
}

/**
 * A commit of the own leaf that this device has not made, in a slot: nobody can open it here, so it goes into the tree as
 * what is known of it. With a certificate it wins, and this device comes in again from outside (FR12); without one any
 * member could have written it.
 */
async function takeOwnUnknown(
  work: ForkWork,
  { epoch, node, hash }: Pick<SlotReceipt, "epoch" | "node" | "hash">,
  id: Hex,
): Promise<boolean> {
  const { self, facts } = work.state.session;
  const policy = epoch === facts.root.id ? facts.root : facts.candidates.find((one) => one.id === epoch)?.policy;
  if (policy === undefined) return false;
  const { homeNodes, roles } = policy;
  const earlier = facts.receipts.filter((one) => one.epoch === epoch && one.hash === hash && one.node !== node);
  if ((earlier.length + 1) * 2 <= homeNodes.length) return false;
  const candidate: Candidate = {
    id,
    parent: epoch,
    author: self,
    account: work.state.ownAccount,
    kind: "update",
    isDecree: false,
    previous: null,
    rank: "f".repeat(64),
    removes: [],
    policy: { homeNodes, roles },
  };
  const commit = { candidate, place: null, adds: [], hash };
  work.state = { ...work.state, commits: new Map(work.state.commits).set(id, commit) };
  await work.take({ kind: "candidate", candidate });
  for (const receipt of earlier) await work.take({ kind: "receipt", receipt: { ...receipt, candidate: id } });
  return true;
}
