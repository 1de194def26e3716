/** The timer of a chat: after how many seconds its messages disappear. It lies in the state that all members share. */
import { expectOk } from "@xchat/codec";
import { currentState, decodeGroupState, encodeGroupState, standing, type GroupState } from "@xchat/protocol";
import { IntentError } from "../api.ts";
import type { ChatState, Step } from "./step.ts";

/** As it is, or as this person wants it while the commit that says so is on its way. */
export const disappearAfter = (state: ChatState): number | null => wantedState(state).disappearAfter;

function wantedState({ shared, side }: ChatState): GroupState {
  const wanted = shared.nextPolicy ?? shared.pendingCommit?.policy ?? null;
  return wanted === null ? side.state : expectOk(decodeGroupState(wanted), "state");
}

/** By a commit, as soon as one can be made. */
export function setDisappearing(step: Step, seconds: number | null): void {
  if (step.state.record.state !== "active") throw new IntentError("chat-ended");
  const wanted = wantedState(step.state);
  if (wanted.disappearAfter === seconds) return;
  const { side, shared } = step.state;
  const state = wanted === side.state ? currentState(standing(side.state, side.leaves)) : wanted;
  step.setShared({
    nextPolicy: encodeGroupState({ ...state, disappearAfter: seconds }),
    plan: shared.plan.includes("policy") ? shared.plan : [...shared.plan, "policy"],
  });
}
