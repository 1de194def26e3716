/** The driver of forks as it is used by a chat. */
import type { Group } from "@xchat/protocol";
import { randomFraction } from "../base/backoff.ts";
import type { ForkDeps, GroupCache } from "../fork/index.ts";
import type { SessionCore } from "../session-core.ts";

/** FR13: where two leaves are, nobody has to wait so that not all commit at once. */
const FEW = 2;

export const forkDeps = (
  { cipher, provider, store, clock }: SessionCore,
  cache: GroupCache,
  group: Group,
): ForkDeps => ({
  cipher,
  provider,
  store,
  cache,
  now: () => clock.now(),
  random: () => (cipher.members(group).length <= FEW ? 0 : randomFraction(provider)),
});
