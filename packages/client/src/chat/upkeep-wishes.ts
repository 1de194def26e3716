/**
 * What a device wants by itself, without a person (GR28): that who leaves is taken out, that a removal is followed by a new
 * rejoin seed, and that a link which is over is marked as such.
 */
import { bytesToHex, hexToBytes } from "@xchat/codec";
import { rankOf, RANK, staleLinks, standing, type JoinLink, type Standing, type WishedChange } from "@xchat/protocol";
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
  const isDue = (automaticAt(state) ?? Infinity) <= step.core.clock.now();
  if (leaving !== undefined && isDue) {
    return { kind: "remove", account: leaving };
  }
  const { needsSeed } = state.shared;
  if (needsSeed !== null && rankOf(group, self) >= RANK.admin) {
    const seed = bytesToHex(step.core.provider.randomBytes(32));
    return { kind: "state", change: { kind: "rejoin-seed", seed, after: needsSeed } };
  }
  const [stale] = isDue ? staleLinks(group, self, step.core.clock.now()) : [];
  return stale === undefined ? null : { kind: "state", change: { kind: "link-revoked", hash: stale.hash } };
}

/**
 * When this device is to take out somebody who leaves, or a link that is over; null where there is neither. A link ends by
 * the clock of whoever takes it off, so that is decided there and nowhere else.
 */
export function automaticAt({ side, epochs, log }: ChatState): number | null {
  if (side.state.kind !== "group") return null;
  const group = standing(side.state, side.leaves);
  const self = side.leaves.find(({ leafKey }) => leafKey === log.self)?.account;
  // Whoever leaves cannot take themselves out.
  const isAwaited = side.state.leaving.some((account) => account !== self && group.present.has(account));
  const ends = self === undefined ? [] : staleLinks(group, self, Infinity).map((link) => endOf(group, link));
  const from = Math.min(isAwaited ? 0 : Infinity, ...ends);
  if (from === Infinity) return null;
  const bytes = hexToBytes(log.self.slice(0, 8));
  const share = bytes.ok ? ((bytes.value[0] ?? 0) * 256 + (bytes.value[1] ?? 0)) / 65_536 : 0;
  return Math.max(epochs.at(-1)?.createdAt ?? 0, from) + Math.floor(share * LONGEST_WAIT);
}

/** Of somebody who has gone, at once. */
const endOf = ({ present }: Standing, { by, expiresAt }: JoinLink): number =>
  present.has(by) ? (expiresAt ?? Infinity) : 0;
