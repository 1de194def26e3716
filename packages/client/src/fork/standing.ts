/** What the session says to the shell between two steps. */
import type { Hex } from "@xchat/protocol";
import { letIn } from "./rejoin.ts";
import { mailboxes, type ForkState } from "./state.ts";
import type { ForkWork } from "./work.ts";

export type Sealing = "open" | "held" | "knocking" | "outside" | "removed";

/** FR17: whether anything may be sealed for the group, and if not, why. */
export function sealing({ session, allowed, knock }: ForkState): Sealing {
  if (session.standing !== "member") return session.standing;
  if (knock !== null) return "knocking";
  return session.held.every((leaf) => allowed.includes(leaf)) ? "open" : "held";
}

/** FR17: the person writes all the same, to those who are held now. */
export const allowHeld = (state: ForkState): ForkState => ({
  ...state,
  allowed: [...new Set([...state.allowed, ...state.session.held])],
});

/** Hearing somebody where they were heard before changes nothing for so long, and so costs no write. */
const HEARD_AGAIN_AFTER = 60 * 60_000;

/** Somebody wrote in an epoch: a message that was opened there, or a word from elsewhere. */
export async function heard(
  work: ForkWork,
  { leaf, account, epoch }: { readonly leaf: Hex; readonly account: Hex; readonly epoch: Hex },
): Promise<void> {
  letIn(work, epoch);
  const known = work.state.session.heads.get(leaf);
  const { now } = work.deps;
  if (known?.epoch === epoch && now() - known.at < HEARD_AGAIN_AFTER) return;
  await work.take({ kind: "head", member: leaf, account, epoch });
}

/** The epoch that members call by this name; `null` for one that is not in the tree. */
export const epochOfName = (state: ForkState, name: Hex): Hex | null =>
  mailboxes(state).find(({ place }) => place.name === name)?.epoch ?? null;
