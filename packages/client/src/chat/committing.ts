/** Whether a commit of this device is asked for or on its way. */
import type { ForkState } from "../fork/index.ts";
import type { ChatState } from "./step.ts";

/** In the present epoch. */
export function hasOpenCommit({ session }: ForkState): boolean {
  const here = session.facts.candidates.filter(({ parent }) => parent === session.head);
  return session.making !== null || here.some(({ id }) => session.own.has(id));
}

/** One is asked for, or on its way; or this device may make none. */
export const isCommitting = ({ fork }: ChatState): boolean =>
  fork.session.standing !== "member" || hasOpenCommit(fork) || fork.session.intents.length > 0;
