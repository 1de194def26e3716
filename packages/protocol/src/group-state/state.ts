/**
 * The state of a conversation that its members agree on: the content of its one GroupContext extension
 * (spec/group.md, section 2). It changes by commits only, so it shares one history with the membership.
 *
 * GS1 Version 2. Version 1, the policy of a pair (spec/conversation.md, section 2), is read into the same shape.
 * GS2 One to three home nodes, none twice by its key.
 * GS3 Lists of accounts are ascending and repeat nothing. The owner is not among the admins.
 * GS4 A group has no pair part. A pair has one, two accounts, and no ranks, name, links or permissions of its own.
 * GS5 The whole has at most `MAX_GROUP_STATE_BYTES`, and each part its own limit.
 * GS6 What a version does not know in `extensions` it keeps when it changes the state.
 */
import {
  anyValue,
  bool,
  bytes,
  bytesToHex,
  compareBytes,
  decode,
  encode,
  err,
  hexBytes,
  list,
  literal,
  mapped,
  nullable,
  ok,
  struct,
  text,
  uint,
  word,
  type CborValue,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { decodePolicy, encodePolicy, type ConversationKind, type ConversationPolicy } from "../conversation/policy.ts";
import { nameCodec } from "../first-contact/person-text.ts";
import { accountIdCodec, accountIdOfBytes, accountIdToBytes, type AccountId } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";
import { MAX_NODE_HINTS, nodeHintCodec, type NodeHint } from "../node-hint.ts";
import { MAX_PICTURE_BYTES } from "./picture.ts";

const GROUP_STATE_VERSION = 2;
export const MAX_GROUP_STATE_BYTES = 65_536;
export const MAX_GROUP_ACCOUNTS = 1_024;
export const MAX_GROUP_LEAVES = 2_048;
export const MAX_ADMINS = 64;
export const MAX_JOIN_LINKS = 16;
/** Seeds of rejoin inboxes in force: the newest, and those that whoever was away may still know. */
export const MAX_REJOIN_SEEDS = 4;
export const MAX_DESCRIPTION_BYTES = 1_000;
const MAX_CAPABILITIES = 32;
const MAX_TIME = 8_640_000_000_000_000;

/** Who may do something: everyone, admins and the owner, or the owner alone. */
export type Holder = "everyone" | "admins" | "owner";

export interface Permissions {
  readonly write: Holder;
  /** Add people, and make links by which they ask to be added. */
  readonly add: Holder;
  /** Name, description and picture. */
  readonly info: Holder;
  readonly pin: Holder;
}

/** A sealed blob at the home nodes. */
export interface Picture {
  /** SHA-256 of the sealed blob: its place at the home nodes. */
  readonly blob: Hex;
  /** Opens it: 32 bytes. */
  readonly key: Hex;
  /** Bytes of the picture itself. */
  readonly size: number;
}

export interface JoinLink {
  /** SHA-256 of the link's secret. */
  readonly hash: Hex;
  /** From it every member derives the secret, and where and how requests come (spec/group-link.md). */
  readonly seed: Hex;
  /** Who made it. */
  readonly by: AccountId;
  /** An admin has to say yes to each newcomer. */
  readonly needsApproval: boolean;
  /** Milliseconds since 1970. Judged by who adds, never by receivers: clocks differ. */
  readonly expiresAt: number | null;
  readonly isRevoked: boolean;
}

/** From a seed every member derives where the rejoin inbox is at each home node, and the key of what lies in it. */
export interface RejoinSeed {
  readonly number: number;
  /** 32 bytes. */
  readonly seed: Hex;
}

export interface PairPart {
  /** Ascending by the bytes of the id. */
  readonly accounts: readonly [AccountId, AccountId];
  readonly requester: AccountId;
  readonly isAccepted: boolean;
}

export interface GroupState {
  readonly version: 1 | typeof GROUP_STATE_VERSION;
  readonly kind: ConversationKind;
  readonly protocolVersion: number;
  readonly homeNodes: readonly NodeHint[];
  readonly pair: PairPart | null;
  /** `null` in a pair, and in a group whose owner has gone. */
  readonly owner: AccountId | null;
  readonly admins: readonly AccountId[];
  /** Accounts that have said that they leave: anyone may remove them. */
  readonly leaving: readonly AccountId[];
  readonly name: string | null;
  readonly description: string;
  readonly picture: Picture | null;
  readonly permissions: Permissions;
  /** Seconds; `null` never. */
  readonly disappearAfter: number | null;
  /** Ascending by hash. */
  readonly links: readonly JoinLink[];
  /** Newest first. */
  readonly rejoin: readonly RejoinSeed[];
  /** What every member must be able to read, as words of the specification. */
  readonly capabilities: readonly string[];
  readonly extensions: ReadonlyMap<number | string, CborValue>;
}

export const OPEN_PERMISSIONS: Permissions = { write: "everyone", add: "everyone", info: "everyone", pin: "everyone" };

// ---- codec

const accountBytes = bytes({ length: 32 });
const hash = hexBytes(32);
const holder = word("everyone", "admins", "owner");

const accountList = (max: number, reason: string): Codec<readonly AccountId[]> =>
  mapped(
    list(accountBytes, { max }),
    (ids: readonly AccountId[]) => requireAscending(ids.map(accountIdToBytes), reason),
    (values, fail): readonly AccountId[] => (isAscending(values) ? values.map(accountIdOfBytes) : fail(reason)),
  );

/** As in names, nothing that could pass for words of the app; lines may break. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_IN_DESCRIPTIONS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const isDescription = (value: string): boolean => !NOT_IN_DESCRIPTIONS.test(value);

const descriptionCodec: Codec<string> = mapped(
  text(MAX_DESCRIPTION_BYTES),
  (value: string) => value,
  (value, fail) => (isDescription(value) ? value : fail("bad-description")),
);

const extensionValue = anyValue({ depth: 4, entries: 64 });
const extensionsCodec: Codec<ReadonlyMap<number | string, CborValue>> = {
  write: (extensions) => extensions,
  read: (reader) => {
    if (reader.peekType() !== "map") reader.fail("expected-map");
    return extensionValue.read(reader) as ReadonlyMap<number | string, CborValue>;
  },
};

const pairCodec = struct({
  accounts: mapped(
    accountList(2, "accounts-out-of-order"),
    (pair: PairPart["accounts"]) => pair,
    (accounts, fail) => {
      const [one, other] = accounts;
      return one === undefined || other === undefined ? fail("pair-needs-two") : ([one, other] as const);
    },
  ),
  requester: accountIdCodec,
  isAccepted: bool,
});

const linkCodec: Codec<JoinLink> = struct({
  hash,
  seed: hash,
  by: accountIdCodec,
  needsApproval: bool,
  expiresAt: nullable(uint(MAX_TIME)),
  isRevoked: bool,
});

type Written = Omit<GroupState, "version"> & { readonly version: typeof GROUP_STATE_VERSION };

const looseCodec: Codec<Written> = struct({
  version: literal(GROUP_STATE_VERSION, "unknown-version"),
  kind: word("pair", "group", "devices"),
  protocolVersion: uint(0xffff),
  homeNodes: list(nodeHintCodec, { max: MAX_NODE_HINTS }),
  pair: nullable(pairCodec),
  owner: nullable(accountIdCodec),
  admins: accountList(MAX_ADMINS, "admins-out-of-order"),
  leaving: accountList(MAX_GROUP_ACCOUNTS, "leaving-out-of-order"),
  name: nullable(nameCodec),
  description: descriptionCodec,
  picture: nullable(struct({ blob: hash, key: hash, size: uint(MAX_PICTURE_BYTES) })),
  permissions: struct({ write: holder, add: holder, info: holder, pin: holder }),
  disappearAfter: nullable(uint(0xffff_ffff)),
  links: list(linkCodec, { max: MAX_JOIN_LINKS }),
  rejoin: list(struct({ number: uint(), seed: hash }), { max: MAX_REJOIN_SEEDS }),
  capabilities: list(text(32), { max: MAX_CAPABILITIES }),
  extensions: extensionsCodec,
});

const stateCodec: Codec<Written> = mapped(
  looseCodec,
  (state: Written) => {
    const fault = stateFault(state);
    if (fault !== null) throw new RangeError(fault);
    return state;
  },
  (state, fail) => {
    const fault = stateFault(state);
    return fault === null ? state : fail(fault);
  },
);

/** @throws RangeError when the state breaks its format, is too large, or is of version 1 and holds what that has not. */
export function encodeGroupState(state: GroupState): Uint8Array {
  if (state.version === 1) return encodePolicy(stateToPolicy(state));
  if (!isDescription(state.description)) throw new RangeError("bad-description");
  const encoded = encode(stateCodec, { ...state, version: GROUP_STATE_VERSION });
  // What this device writes others read under the limits of the text codecs, which judge on reading alone.
  const check = decodeGroupState(encoded);
  if (!check.ok) throw new RangeError(check.error.reason);
  return encoded;
}

/** Reads version 2, and version 1 of a pair. */
export function decodeGroupState(encoded: Uint8Array): Result<GroupState, DecodeError> {
  if (encoded.length > MAX_GROUP_STATE_BYTES) return err({ reason: "state-too-large", offset: MAX_GROUP_STATE_BYTES });
  const version = versionOf(encoded);
  if (version === GROUP_STATE_VERSION) return decode(stateCodec, encoded);
  if (version !== 1) return err({ reason: version === null ? "expected-array" : "unknown-version", offset: 1 });
  const policy = decodePolicy(encoded);
  if (!policy.ok) return policy;
  const pair = policyToState(policy.value);
  return pair === null ? err({ reason: "not-a-pair", offset: 1 }) : ok(pair);
}

/** The first item of an array of up to 23; versions up to 23 take one byte. Told before the rest is read by its shape. */
function versionOf([head, version]: Uint8Array): number | null {
  if (head === undefined || version === undefined || head <= 0x80 || head > 0x97 || version > 23) return null;
  return version;
}

// ---- version 1

/** The older form of a pair, which its rules are written for. `null` where it has ranks: there was no such version 1. */
function policyToState(policy: ConversationPolicy): GroupState | null {
  const [one, other] = policy.accounts;
  if (policy.kind !== "pair" || policy.requester === null || one === undefined || other === undefined) return null;
  return {
    ...EMPTY,
    version: 1,
    kind: "pair",
    protocolVersion: policy.protocolVersion,
    homeNodes: policy.homeNodes,
    pair: {
      accounts: [accountIdOfBytes(one.account), accountIdOfBytes(other.account)],
      requester: accountIdOfBytes(policy.requester),
      isAccepted: policy.isAccepted,
    },
    disappearAfter: policy.disappearAfter,
    capabilities: policy.capabilities,
    extensions: policy.extensions,
  };
}

/** @throws RangeError when the state is not of a pair. What only version 2 has is left out. */
export function stateToPolicy(state: GroupState): ConversationPolicy {
  const { pair } = state;
  if (pair === null) throw new RangeError("not-a-pair");
  if (state.version === 1 && state.rejoin.length > 0) throw new RangeError("rejoin-needs-version-2");
  return {
    version: 1,
    kind: "pair",
    protocolVersion: state.protocolVersion,
    homeNodes: state.homeNodes,
    accounts: pair.accounts.map((id) => ({ account: accountIdToBytes(id), role: "member" as const })),
    requester: accountIdToBytes(pair.requester),
    isAccepted: pair.isAccepted,
    name: "",
    picture: null,
    disappearAfter: state.disappearAfter,
    capabilities: state.capabilities,
    extensions: state.extensions,
  };
}

// ---- beginnings

const EMPTY = {
  version: GROUP_STATE_VERSION,
  protocolVersion: 1,
  pair: null,
  owner: null,
  admins: [],
  leaving: [],
  name: null,
  description: "",
  picture: null,
  permissions: OPEN_PERMISSIONS,
  disappearAfter: null,
  links: [],
  rejoin: [],
  capabilities: [],
  extensions: new Map(),
} as const;

/** A new group, as its owner makes it. Everyone writes, adds people, and changes name and picture; admins follow. */
export const newGroupState = (input: {
  readonly owner: AccountId;
  readonly homeNodes: readonly NodeHint[];
  readonly name: string | null;
  readonly rejoinSeed: Hex;
}): GroupState => ({
  ...EMPTY,
  kind: "group",
  owner: input.owner,
  homeNodes: input.homeNodes,
  name: input.name,
  rejoin: [{ number: 0, seed: input.rejoinSeed }],
});

/** The self-conversation of one person's devices. */
export const newDevicesState = (input: {
  readonly owner: AccountId;
  readonly homeNodes: readonly NodeHint[];
  readonly rejoinSeed: Hex;
}): GroupState => ({
  ...EMPTY,
  kind: "devices",
  owner: input.owner,
  homeNodes: input.homeNodes,
  rejoin: [{ number: 0, seed: input.rejoinSeed }],
});

/** A chat of two, as the one who asks for it makes it. Whoever says yes chooses the home nodes. */
export const newPairState = (input: {
  readonly requester: AccountId;
  readonly accepter: AccountId;
  readonly homeNodes: readonly NodeHint[];
  readonly rejoinSeed: Hex;
}): GroupState => {
  const [one, other] = sortedAccounts([input.requester, input.accepter]);
  if (one === undefined || other === undefined) throw new RangeError("pair-needs-two");
  return {
    ...EMPTY,
    kind: "pair",
    homeNodes: input.homeNodes,
    pair: { accounts: [one, other], requester: input.requester, isAccepted: false },
    rejoin: [{ number: 0, seed: input.rejoinSeed }],
  };
};

/** Accounts as the format wants them: ascending, each once. */
export const sortedAccounts = (ids: Iterable<AccountId>): readonly AccountId[] =>
  [...new Set(ids)]
    .map((id) => [accountIdToBytes(id), id] as const)
    .toSorted(([a], [b]) => compareBytes(a, b))
    .map(([, id]) => id);

// ---- below: what makes a state malformed

function stateFault(state: Written): string | null {
  const { homeNodes, owner, admins, links, rejoin } = state;
  if (homeNodes.length === 0) return "no-home-node";
  if (hasRepeatedNode(homeNodes)) return "repeated-node";
  if (owner !== null && admins.includes(owner)) return "owner-among-admins";
  if (!links.every(({ hash: own }, i) => i === 0 || (links[i - 1] as JoinLink).hash < own)) return "links-out-of-order";
  if (!rejoin.every(({ number }, i) => i === 0 || (rejoin[i - 1] as RejoinSeed).number > number)) {
    return "rejoin-out-of-order";
  }
  return kindFault(state);
}

function kindFault(state: Written): string | null {
  const { kind, pair, owner, admins, leaving, links } = state;
  if (kind === "pair") return pairFault(state);
  if (pair !== null) return "not-a-pair";
  if (kind === "devices" && (owner === null || admins.length > 0 || leaving.length > 0 || links.length > 0)) {
    return "devices-have-one-owner";
  }
  return null;
}

function pairFault({ pair, owner, admins, leaving, name, description, picture, permissions, links }: Written) {
  if (pair === null) return "pair-needs-two";
  if (!pair.accounts.includes(pair.requester)) return "bad-requester";
  if (owner !== null || admins.length > 0 || leaving.length > 0) return "pair-has-ranks";
  if (name !== null || description !== "" || picture !== null) return "pair-has-name";
  const isOpen = Object.values(permissions).every((one) => one === "everyone");
  return isOpen && links.length === 0 ? null : "pair-has-permissions";
}

const isAscending = (values: readonly Uint8Array[]): boolean =>
  values.every((value, i) => i === 0 || compareBytes(values[i - 1] as Uint8Array, value) < 0);

function requireAscending(values: readonly Uint8Array[], reason: string): readonly Uint8Array[] {
  if (!isAscending(values)) throw new RangeError(reason);
  return values;
}

/** By key: one node under two addresses would count twice among the receipts. */
const hasRepeatedNode = (nodes: readonly NodeHint[]): boolean =>
  new Set(nodes.map(({ keyHash }) => bytesToHex(keyHash))).size !== nodes.length;
