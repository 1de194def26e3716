/**
 * What a commit did, in words that a person can be shown: "A made B an admin" (spec/group.md, section 6).
 *
 * GR20 An action of a kind that this version does not know is kept as it is, and shown as such.
 */
import {
  bool,
  bytes,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  nullable,
  ok,
  struct,
  text,
  uint,
  word,
  type Codec,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { accountIdCodec, type AccountId } from "../identity/account-id.ts";
import type { Hex } from "../log/state.ts";
import type { GroupRole } from "./roles.ts";
import { MAX_GROUP_LEAVES, type Holder } from "./state.ts";

export type PermissionName = "write" | "add" | "info" | "pin";

/** Without who did it: that is the committer, the same for all actions of one commit. */
export type GroupAction =
  /** The first leaf of an account came in. */
  | { readonly kind: "added"; readonly account: AccountId }
  /** The last leaf of another account was taken out by authority. */
  | { readonly kind: "removed"; readonly account: AccountId }
  /** The last leaf of an account that had said so was taken out. */
  | { readonly kind: "left"; readonly account: AccountId }
  | { readonly kind: "device-added"; readonly account: AccountId; readonly deviceKey: Hex }
  | { readonly kind: "device-removed"; readonly account: AccountId; readonly deviceKey: Hex }
  /** An external commit: `replaced` is the device that gave way, the same as `deviceKey` where it came back itself. */
  | { readonly kind: "rejoined"; readonly account: AccountId; readonly deviceKey: Hex; readonly replaced: Hex }
  | { readonly kind: "role"; readonly account: AccountId; readonly from: GroupRole; readonly to: GroupRole }
  /** A role that went with its account's last leaf is off the list. */
  | { readonly kind: "role-ended"; readonly account: AccountId }
  /** `isLeaving` false: thought better of it. */
  | { readonly kind: "leaving"; readonly account: AccountId; readonly isLeaving: boolean }
  | { readonly kind: "name"; readonly from: string | null; readonly to: string | null }
  | { readonly kind: "description"; readonly to: string }
  | { readonly kind: "picture"; readonly isSet: boolean }
  | { readonly kind: "permission"; readonly name: PermissionName; readonly from: Holder; readonly to: Holder }
  | { readonly kind: "timer"; readonly from: number | null; readonly to: number | null }
  | { readonly kind: "home-nodes"; readonly count: number }
  | {
      readonly kind: "link-made";
      readonly hash: Hex;
      readonly needsApproval: boolean;
      readonly expiresAt: number | null;
    }
  | { readonly kind: "link-revoked"; readonly hash: Hex }
  | { readonly kind: "rejoin-renewed" }
  | { readonly kind: "accepted" }
  | { readonly kind: "upgraded"; readonly version: number }
  | { readonly kind: "capabilities" }
  /** Something that this version has no name for: `key` of the extension as text. */
  | { readonly kind: "extension"; readonly key: string }
  /** On the newcomer's own device alone: it came in by a link, and nobody's word says who had added it. */
  | { readonly kind: "came-by-link" }
  /** On devices that had applied it: the commit does not count any more, since another of its epoch does. */
  | { readonly kind: "undone" }
  | { readonly kind: "unknown"; readonly tag: number; readonly content: Uint8Array };

const hash = hexBytes(32);
const role = word("owner", "admin", "member");
const holder = word("everyone", "admins", "owner");
const name = nullable(text(256));
const seconds = nullable(uint(0xffff_ffff));

/** Number of each kind in the store, and the shape of what follows. A number is never used again for another shape. */
const SHAPES = {
  added: [0, struct({ account: accountIdCodec })],
  removed: [1, struct({ account: accountIdCodec })],
  left: [2, struct({ account: accountIdCodec })],
  "device-added": [3, struct({ account: accountIdCodec, deviceKey: hash })],
  "device-removed": [4, struct({ account: accountIdCodec, deviceKey: hash })],
  rejoined: [5, struct({ account: accountIdCodec, deviceKey: hash, replaced: hash })],
  role: [6, struct({ account: accountIdCodec, from: role, to: role })],
  "role-ended": [7, struct({ account: accountIdCodec })],
  leaving: [8, struct({ account: accountIdCodec, isLeaving: bool })],
  name: [9, struct({ from: name, to: name })],
  description: [10, struct({ to: text(1_000) })],
  picture: [11, struct({ isSet: bool })],
  permission: [12, struct({ name: word("write", "add", "info", "pin"), from: holder, to: holder })],
  timer: [13, struct({ from: seconds, to: seconds })],
  "home-nodes": [14, struct({ count: uint(3) })],
  "link-made": [15, struct({ hash, needsApproval: bool, expiresAt: nullable(uint()) })],
  "link-revoked": [16, struct({ hash })],
  "rejoin-renewed": [17, struct({})],
  accepted: [18, struct({})],
  upgraded: [19, struct({ version: uint(0xffff) })],
  capabilities: [20, struct({})],
  extension: [21, struct({ key: text(1_024) })],
  "came-by-link": [22, struct({})],
  undone: [23, struct({})],
} as const satisfies Record<Exclude<GroupAction["kind"], "unknown">, readonly [number, Codec<any>]>;

const KIND_BY_TAG: ReadonlyMap<number, keyof typeof SHAPES> = new Map(
  Object.entries(SHAPES).map(([kind, [tag]]) => [tag, kind as keyof typeof SHAPES]),
);

const ACTIONS_VERSION = 1;
/** A commit may take out every leaf but its committer's, and change every field. */
const MAX_ACTIONS = MAX_GROUP_LEAVES + 1_024;

const actionsCodec = struct({
  version: literal(ACTIONS_VERSION, "unknown-version"),
  by: accountIdCodec,
  actions: list(struct({ tag: uint(0xffff), content: bytes({ max: 2_048 }) }), { max: MAX_ACTIONS }),
});

export interface GroupRecord {
  readonly by: AccountId;
  readonly actions: readonly GroupAction[];
}

/** For the store, one record for each epoch. */
export const encodeGroupRecord = ({ by, actions }: GroupRecord): Uint8Array =>
  encode(actionsCodec, { version: ACTIONS_VERSION, by, actions: actions.map(encodeAction) });

export function decodeGroupRecord(encoded: Uint8Array): Result<GroupRecord, DecodeError> {
  const record = decode(actionsCodec, encoded);
  if (!record.ok) return record;
  return ok({ by: record.value.by, actions: record.value.actions.map(decodeAction) });
}

function encodeAction(action: GroupAction): { readonly tag: number; readonly content: Uint8Array } {
  if (action.kind === "unknown") return { tag: action.tag, content: action.content };
  const [tag, codec] = SHAPES[action.kind];
  return { tag, content: encode(codec as Codec<unknown>, action) };
}

function decodeAction({ tag, content }: { readonly tag: number; readonly content: Uint8Array }): GroupAction {
  const kind = KIND_BY_TAG.get(tag);
  const decoded = kind === undefined ? null : decode(SHAPES[kind][1] as Codec<object>, content);
  return decoded?.ok === true ? ({ kind, ...decoded.value } as GroupAction) : { kind: "unknown", tag, content };
}
