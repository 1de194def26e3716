/** Who is who in the log of a chat, and its words in hex and in bytes. */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  accountIdToBytes,
  parseAccountId,
  type EventAuthor,
  type Hex,
  type Position,
  type PositionFacts,
} from "@xchat/protocol";
import { IntentError } from "../api.ts";
import type { Step } from "./step.ts";

/** As many devices take part: acknowledgements are off in large groups. */
export const PAIR = 2;

export const ownAuthor = (step: Step): EventAuthor => ({
  account: accountBytes(step.core.profile().accountId),
  leafKey: toBytes(step.state.log.self),
});

export const peerAuthor = (step: Step): EventAuthor => ({
  account: accountBytes(step.state.record.accountId),
  leafKey: step.state.shared.peerLeafKey,
});

export const peerOf = (step: Step): Hex => bytesToHex(step.state.shared.peerLeafKey);

function accountBytes(text: string): Uint8Array {
  const id = parseAccountId(text);
  if (!id.ok) throw new IntentError("store-damaged");
  return accountIdToBytes(id.value);
}

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
