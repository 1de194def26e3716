/** Who is who in the log of a chat, and its words in hex and in bytes. */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  accountIdToBytes,
  parseAccountId,
  type AccountId,
  type EventAuthor,
  type Hex,
  type Position,
  type PositionFacts,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import type { SessionCore } from "../session-core.ts";
import type { ChatState, Step } from "./step.ts";

/** @throws IntentError with "store-damaged" when what this device has written itself is no account id. */
export function readAccountId(text: string): AccountId {
  const id = parseAccountId(text);
  if (!id.ok) throw new IntentError("store-damaged");
  return id.value;
}

export const ownAccount = ({ profile }: SessionCore): AccountId => readAccountId(profile().accountId);

export const ownAuthor = (step: Step): EventAuthor => ({
  account: accountIdToBytes(ownAccount(step.core)),
  leafKey: toBytes(step.state.log.self),
});

/** Of whoever is or was in the group: EV4 asks for leaf key and account of a credential that was verified. */
export function authorOfLeaf({ roster }: ChatState, leafKey: Hex): EventAuthor | null {
  const leaf = roster.leaves.get(leafKey);
  return leaf === undefined ? null : { account: accountIdToBytes(leaf.account), leafKey: toBytes(leafKey) };
}

// ---- members of the present epoch

/** Leaf keys of everybody but this device. */
export const otherLeaves = ({ side, log }: Pick<ChatState, "side" | "log">): readonly Hex[] =>
  side.leaves.map(({ leafKey }) => leafKey).filter((leafKey) => leafKey !== log.self);

/** Devices that take part: acknowledgements are off in large groups. */
export const deviceCount = ({ side }: Pick<ChatState, "side">): number => side.leaves.length;

/** Leaves of other people's devices. */
export const leavesOfOthers = ({ side }: Pick<ChatState, "side">, self: AccountId): ChatState["side"]["leaves"] =>
  side.leaves.filter(({ account }) => account !== self);

// ---- the log speaks hex, the wire bytes

export const toBytes = (hex: Hex): Uint8Array => expectOk(hexToBytes(hex), "id of the log");

export const positionFacts = ({ author, sequence, id }: Position): PositionFacts => ({
  author: bytesToHex(author),
  sequence,
  id: bytesToHex(id),
});

export const toPosition = ({ author, sequence, id }: PositionFacts): Position => ({
  author: toBytes(author),
  sequence,
  id: toBytes(id),
});
