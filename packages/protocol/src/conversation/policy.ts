/**
 * The policy of a conversation: the content of its one GroupContext extension (spec/conversation.md, section 2).
 * It changes by commits only, so policy and membership share one history that every member checks.
 *
 * CV1 One to three home nodes, none twice.
 * CV2 Accounts are ascending and appear once; a pair names exactly two, and one of them as the requester.
 * CV3 A pair has no name and no ranks: both accounts are members.
 * CV4 Extensions that this version does not know are kept when a policy is changed.
 */
import {
  anyValue,
  bool,
  bytes,
  compareBytes,
  decode,
  encode,
  list,
  literal,
  mapped,
  nullable,
  struct,
  text,
  uint,
  word,
  type CborValue,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_NAME_BYTES } from "../first-contact/person-text.ts";
import { MAX_NODE_HINTS, nodeHintCodec, type NodeHint } from "../node-hint.ts";

export const POLICY_VERSION = 1;
/** Events, payloads and envelopes as the specification has them now. */
export const PROTOCOL_VERSION = 1;
export const MAX_POLICY_ACCOUNTS = 1_024;

/** MLS GroupContext extension type, from the range for private use (RFC 9420, section 17.3). */
export const POLICY_EXTENSION_TYPE = 0xf0c1;

export type Role = "owner" | "admin" | "member";
export type ConversationKind = "pair" | "group" | "devices";

export interface PolicyAccount {
  /** The account id as 32 bytes. */
  readonly account: Uint8Array;
  readonly role: Role;
}

export interface ConversationPolicy {
  readonly version: typeof POLICY_VERSION;
  readonly kind: ConversationKind;
  readonly protocolVersion: number;
  readonly homeNodes: readonly NodeHint[];
  readonly accounts: readonly PolicyAccount[];
  /** Pair: the account that asked for the conversation. Else `null`. */
  readonly requester: Uint8Array | null;
  /** Pair: false until the other person has said yes. Else true. */
  readonly isAccepted: boolean;
  /** Empty in a pair. */
  readonly name: string;
  /** Hash of the picture's sealed blob. */
  readonly picture: Uint8Array | null;
  /** Seconds after reading; `null` never. */
  readonly disappearAfter: number | null;
  /** What every member must be able to read, as words of the specification. */
  readonly capabilities: readonly string[];
  readonly extensions: ReadonlyMap<number | string, CborValue>;
}

const account = bytes({ length: 32 });
const extensionValue = anyValue({ depth: 4, entries: 64 });

const extensionsCodec: Codec<ReadonlyMap<number | string, CborValue>> = {
  write: (extensions) => extensions,
  read: (reader) => {
    if (reader.peekType() !== "map") reader.fail("expected-map");
    return extensionValue.read(reader) as ReadonlyMap<number | string, CborValue>;
  },
};

const looseCodec: Codec<ConversationPolicy> = struct({
  version: literal(POLICY_VERSION, "unknown-version"),
  kind: word("pair", "group", "devices"),
  protocolVersion: uint(0xffff),
  homeNodes: list(nodeHintCodec, { min: 1, max: MAX_NODE_HINTS }),
  accounts: list(struct({ account, role: word("owner", "admin", "member") }), { min: 1, max: MAX_POLICY_ACCOUNTS }),
  requester: nullable(account),
  isAccepted: bool,
  name: text(MAX_NAME_BYTES),
  picture: nullable(bytes({ length: 32 })),
  disappearAfter: nullable(uint(0xffff_ffff)),
  capabilities: list(text(32), { max: 32 }),
  extensions: extensionsCodec,
});

const policyCodec: Codec<ConversationPolicy> = mapped(
  looseCodec,
  (policy: ConversationPolicy) => {
    const fault = policyFault(policy);
    if (fault !== null) throw new RangeError(fault);
    return policy;
  },
  (policy, fail) => {
    const fault = policyFault(policy);
    return fault === null ? policy : fail(fault);
  },
);

/** @throws RangeError when the policy breaks one of the rules above. */
export const encodePolicy = (policy: ConversationPolicy): Uint8Array => encode(policyCodec, policy);
export const decodePolicy = (encoded: Uint8Array): Result<ConversationPolicy, DecodeError> =>
  decode(policyCodec, encoded);

/** The policy of a new chat of two, as the one who asks writes it. The accepter chooses the home nodes later. */
export function pairPolicy(input: {
  readonly requester: Uint8Array;
  readonly accepter: Uint8Array;
  readonly homeNodes: readonly NodeHint[];
}): ConversationPolicy {
  const accounts = [input.requester, input.accepter].toSorted(compareBytes);
  return {
    version: POLICY_VERSION,
    kind: "pair",
    protocolVersion: PROTOCOL_VERSION,
    homeNodes: input.homeNodes,
    accounts: accounts.map((one) => ({ account: one, role: "member" as const })),
    requester: input.requester,
    isAccepted: false,
    name: "",
    picture: null,
    disappearAfter: null,
    capabilities: [],
    extensions: new Map(),
  };
}

function policyFault(policy: ConversationPolicy): string | null {
  if (policy.homeNodes.length === 0) return "no-home-node";
  if (!isAscending(policy.accounts.map((entry) => entry.account))) return "accounts-out-of-order";
  if (hasRepeatedNode(policy.homeNodes)) return "repeated-node";
  if (policy.kind === "pair") return pairFault(policy);
  return policy.requester !== null || !policy.isAccepted ? "not-a-pair" : null;
}

function pairFault({ accounts, requester, name, picture }: ConversationPolicy): string | null {
  if (accounts.length !== 2) return "pair-needs-two";
  if (accounts.some((entry) => entry.role !== "member")) return "pair-has-ranks";
  if (requester === null || !accounts.some((entry) => compareBytes(entry.account, requester) === 0)) {
    return "bad-requester";
  }
  return name !== "" || picture !== null ? "pair-has-name" : null;
}

function isAscending(values: readonly Uint8Array[]): boolean {
  return values.every((value, i) => {
    const before = values[i - 1];
    return before === undefined || compareBytes(before, value) < 0;
  });
}

/** By key: one node under two addresses would count twice among the receipts. */
function hasRepeatedNode(nodes: readonly NodeHint[]): boolean {
  return nodes.some((node, i) => nodes.slice(0, i).some((other) => compareBytes(other.keyHash, node.keyHash) === 0));
}
