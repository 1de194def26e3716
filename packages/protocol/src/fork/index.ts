export { decide, isCertified, type DecidedBy, type Decision, type ForkVerdict } from "./decide.ts";
export {
  levelOf,
  type Candidate,
  type EpochPolicy,
  type ForkEvidence,
  type ForkFacts,
  type SlotReceipt,
} from "./facts.ts";
export {
  startFork,
  type ForkEffect,
  type ForkEnvironment,
  type ForkInput,
  type ForkSession,
  type ForkStep,
  type UndoneRemoval,
} from "./session-state.ts";
export { forkStep } from "./session.ts";
export { carryOver } from "./undone.ts";
