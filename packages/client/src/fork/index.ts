export { beginFork } from "./begin.ts";
export { decodePieces } from "./codec.ts";
export { GroupCache } from "./groups.ts";
export { answerCommit, commitAskedFor, ownMemo } from "./own.ts";
export { LIVE_KINDS, partId, Parts, recordKind, type PartKind, type PartReader } from "./parts.ts";
export { proofName } from "./proofs.ts";
export {
  answerToFollow,
  beforeOf,
  judgeAnswer,
  judgeOut,
  knock,
  knockRefused,
  lastKnown,
  letIn,
  type Before,
  type JudgedAnswer,
} from "./rejoin.ts";
export { loadFork } from "./saved.ts";
export {
  slotsOf,
  slotsToAsk,
  slotsToRead,
  takeReceipt,
  takeSlot,
  type SlotReading,
  type SlotVerdict,
} from "./slots.ts";
export { allowHeld, epochOfName, heard, sealing, type Sealing } from "./standing.ts";
export {
  mailboxes,
  membersOf,
  placeOf,
  type EpochMailboxes,
  type EpochPlace,
  type ForkMember,
  type ForkState,
  type Knock,
} from "./state.ts";
export { weigh, type Weighed } from "./weigh.ts";
export { ForkWork, type AppliedCommit, type ForkAction, type ForkDeps, type SlotTarget } from "./work.ts";
