/**
 * What a device wants by itself, without a person (GR28): that who leaves is taken out, and that a removal is followed by a
 * new rejoin seed.
 */
import { bytesToHex, hexToBytes } from "@xchat/codec";
import { rankOf, RANK, standing, type WishedChange } from "@xchat/protocol";
import { ownAccount } from "./authors.ts";
import type { ChatState, Step } from "./step.ts";

/** Every device waits differently long, so that not all commit at once. */
const LONGEST_WAIT = 10_000;

export function automaticWish(step: Step): WishedChange | null {
  const { state } = step;
  const { side, record } = state;
  if (side.state.kind !== "group" || record.state !== "active") return null;
  const self = ownAccount(step.core);
  const group = standing(side.state, side.leaves);
  const leaving = side.state.leaving.find((account) => account !== self && group.present.has(account));
  if (leaving !== undefined && (automaticAt(state) ?? Infinity) <= step.core.clock.now()) {
    return { kind: "remove", account: leaving };
  }
  const { needsSeed } = state.shared;
  if (needsSeed === null || rankOf(group, self) < RANK.admin) return null;
  const seed = bytesToHex(step.core.provider.randomBytes(32));
  return { kind: "state", change: { kind: "rejoin-seed", seed, after: needsSeed } };
}

/** When somebody who leaves is to be taken out by this device; null where nobody leaves. */
export function automaticAt({ side, epochs, log }: ChatState): number | null {
  if (side.state.kind !== "group") return null;
  const present = new Set(side.leaves.map(({ account }) => account));
  if (!side.state.leaving.some((account) => present.has(account))) return null;
  const bytes = hexToBytes(log.self.slice(0, 8));
  const share = bytes.ok ? ((bytes.value[0] ?? 0) * 256 + (bytes.value[1] ?? 0)) / 65_536 : 0;
  return (epochs.at(-1)?.createdAt ?? 0) + Math.floor(share * LONGEST_WAIT);
}
