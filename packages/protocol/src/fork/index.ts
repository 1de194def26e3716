export { decide, isCertified, type DecidedBy, type Decision, type ForkVerdict } from "./decide.ts";
export {
  levelOf,
  type Candidate,
  compareHex,
  type EpochPolicy,
  type ForkEvidence,
  type ForkFacts,
  type SlotReceipt,
} from "./facts.ts";
export { isSure } from "./left-behind.ts";
export {
  MAX_CANDIDATES,
  MAX_FINAL_NAMES,
  MAX_INTENTS,
  startFork,
  type ForkEffect,
  type ForkEnvironment,
  type ForkInput,
  type ForkSession,
  type ForkStep,
  type Intent,
  type OwnCommit,
  type UndoneRemoval,
} from "./session-state.ts";
export { forkStep } from "./session.ts";
export { ancestry } from "./tree.ts";
export { carryOver } from "./undone.ts";
