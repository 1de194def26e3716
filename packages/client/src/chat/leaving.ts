/**
 * The end of a group for whoever leaves it (spec/group.md, GR33): not when the own commit that says so is applied, since
 * without nodes that may be on a branch that loses, and nobody else would ever have heard of it.
 */
import { isSure } from "@xchat/protocol";
import { ownAccount } from "./authors.ts";
import { endChat } from "./enter.ts";
import type { ChatState, Step } from "./step.ts";
import { keepUnsent } from "./unsent.ts";

/** The group has it that this person leaves. */
export const isLeaving = ({ side }: Pick<ChatState, "side">, self: string): boolean =>
  side.state.kind === "group" && side.state.leaving.some((account) => account === self);

/** The own commit has been applied: nothing more is said here, and nothing more wanted. */
export async function beginToLeave(step: Step): Promise<void> {
  step.setShared({ wishes: [] });
  await keepUnsent(step);
}

/** GR33. True where the chat has ended. Being taken out ends it as well. */
export async function endIfLeft(step: Step): Promise<boolean> {
  if (!isLeaving(step.state, ownAccount(step.core)) || !isSure(step.state.fork.session)) return false;
  await endChat(step, null);
  step.core.introductions.refuse(step);
  step.errands.push({ kind: "moved" });
  return true;
}
