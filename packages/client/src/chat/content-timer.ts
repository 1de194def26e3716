/** The timer of a chat: after how many seconds its messages disappear. It lies in the state that all members share. */
import type { ChatState } from "./step.ts";

/** As it is, or as this person wants it while the commit that says so is on its way. */
export function disappearAfter({ side, shared }: Pick<ChatState, "side" | "shared">): number | null {
  for (const { change } of shared.wishes.toReversed()) {
    if (change.kind === "state" && change.change.kind === "timer") return change.change.seconds;
  }
  return side.state.disappearAfter;
}
