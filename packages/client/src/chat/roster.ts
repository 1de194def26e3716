/**
 * Who is and was in a conversation, as this device knows it: whose each leaf is, what its events count as, and what people
 * say of themselves there. It outlives the leaves, so that an event of somebody who has left can still be verified.
 *
 * RO1 A leaf enters from a group whose credentials have been verified, and from nowhere else but an introduction, which
 *     names those that had gone before.
 */
import { bool, bytes, decode, encode, expectOk, hexBytes, list, literal, struct, text, uint } from "@xchat/codec";
import {
  accountIdCodec,
  advanceRights,
  decodeRights,
  encodeRights,
  startRights,
  type AccountId,
  type CutEntry,
  type GroupLeaf,
  type GroupState,
  type Hex,
  type RightsHistory,
} from "@xchat/protocol";
import type { PartRecord } from "../ports.ts";

/** As many as the log has room for; those that have gone give way first. */
export const MAX_LEAVES = 4_096;
const MAX_PEOPLE = 4_096;
/** What came so long before a leaf did may not have been known to the device that has added it. */
const LATE = 10 * 60_000;

/** The state of the group in an epoch, and its leaves. */
export interface Side {
  readonly state: GroupState;
  readonly leaves: readonly GroupLeaf[];
}

export interface RosterLeaf {
  readonly account: AccountId;
  /** Own events with lesser numbers were written before it came in: they do not wait for its word. */
  readonly since: number;
  /** Depth at which it came in: what lies before is not given to it, but for what came late (LG10). */
  readonly joinedAt: number;
  /** When this device heard of its coming, by the own clock. */
  readonly joinedOn: number;
}

/** What somebody has said of themselves in this conversation; the greatest revision counts. */
export interface Said {
  readonly name: string;
  readonly nameRevision: number;
  readonly mayDirect: boolean;
  readonly directRevision: number;
}

export interface Roster {
  /** In the order of their coming. */
  readonly leaves: ReadonlyMap<Hex, RosterLeaf>;
  readonly people: ReadonlyMap<AccountId, Said>;
  readonly rights: RightsHistory;
  /** Where the line of the present epoch stands in the chat (spec/group.md, GR23). */
  readonly lineDepth: number;
}

export const NOTHING_SAID: Said = { name: "", nameRevision: 0, mayDirect: false, directRevision: 0 };

/** `joinedAt` 0: they were there before this device, or came with it. */
export const startRoster = ({ state, leaves }: Side): Roster => ({
  leaves: new Map(leaves.map(({ leafKey, account }) => [leafKey, { account, since: 0, joinedAt: 0, joinedOn: 0 }])),
  people: new Map(),
  rights: startRights(state, leaves),
  lineDepth: 0,
});

export interface RosterStep {
  readonly cut: readonly CutEntry[];
  readonly lineDepth: number;
  readonly since: number;
  readonly now: number;
  /** Of an external commit: the new leaf, and the one whose place it takes. */
  readonly successor?: Successor | null;
}

/** Of an external commit: the new leaf, and the one whose place it takes. */
export interface Successor {
  readonly leafKey: Hex;
  readonly replaced: Hex;
  /** Else it has lost all that the other one had. */
  readonly isSameDevice: boolean;
  /** How deep this chat is when it comes. */
  readonly depth: number;
  /** From this own event on, its word is waited for. */
  readonly since: number | null;
}

/** After a commit that was applied. `since`: the number of the next own event that is sealed. */
export function advanceRoster(
  roster: Roster,
  side: Side,
  { cut, lineDepth, since, now, successor = null }: RosterStep,
): Roster {
  const leaves = new Map(roster.leaves);
  for (const { leafKey, account } of side.leaves) {
    if (leaves.has(leafKey)) continue;
    const comer = successor?.leafKey === leafKey ? successor : null;
    // A device that comes back is the one that it was: what was said while it was away is for it. Another one, of somebody who
    // has recovered their account, is given from here on.
    const old = comer?.isSameDevice === true ? leaves.get(comer.replaced) : undefined;
    const begins = { account, since: comer?.since ?? since, joinedAt: comer?.depth ?? lineDepth, joinedOn: now };
    leaves.set(leafKey, old ?? begins);
  }
  const present = new Set(side.leaves.map(({ leafKey }) => leafKey));
  for (const leafKey of leaves.keys()) {
    if (leaves.size <= MAX_LEAVES) break;
    if (!present.has(leafKey)) leaves.delete(leafKey);
  }
  return { ...roster, leaves, rights: advanceRights(roster.rights, side, cut), lineDepth };
}

/** For a device that has come back: the numbers of its own events begin anew, and everybody who is here waits for them. */
export const fromTheStart = (roster: Roster, { leaves }: Side): Roster => {
  const all = new Map(roster.leaves);
  for (const { leafKey } of leaves) {
    const leaf = all.get(leafKey);
    if (leaf !== undefined) all.set(leafKey, { ...leaf, since: 0 });
  }
  return { ...roster, leaves: all };
};

/**
 * LG10: whether an event at this depth, which came here then, may be given to that leaf. What lies before its line is
 * not, but where its person was there with another device, and the event was on its way when the leaf came in: its
 * author had not heard of that, and nothing else would bring it there.
 */
export function mayBeGiven(
  { leaves }: Roster,
  leafKey: Hex,
  { depth, receivedAt }: { readonly depth: number; readonly receivedAt: number },
): boolean {
  const leaf = leaves.get(leafKey);
  if (leaf === undefined || depth >= leaf.joinedAt) return true;
  if (receivedAt < leaf.joinedOn - LATE) return false;
  for (const [key, { account, joinedAt }] of leaves) {
    if (key !== leafKey && account === leaf.account && joinedAt <= depth) return true;
  }
  return false;
}

export const saidBy = ({ people }: Roster, account: AccountId): Said => people.get(account) ?? NOTHING_SAID;

export function withSaid(roster: Roster, account: AccountId, said: Partial<Said>): Roster {
  if (!roster.people.has(account) && roster.people.size >= MAX_PEOPLE) return roster;
  return { ...roster, people: new Map(roster.people).set(account, { ...saidBy(roster, account), ...said }) };
}

// ---- in the store

const hash = hexBytes(32);

const codec = struct({
  version: literal(1, "newer-version"),
  leaves: list(struct({ leafKey: hash, account: accountIdCodec, since: uint(), joinedAt: uint(), joinedOn: uint() }), {
    max: MAX_LEAVES,
  }),
  people: list(
    struct({ account: accountIdCodec, name: text(256), nameRevision: uint(), mayDirect: bool, directRevision: uint() }),
    {
      max: MAX_PEOPLE,
    },
  ),
  rights: bytes({ max: 16 * 1024 * 1024 }),
  lineDepth: uint(),
});

export const rosterPartId = (conversationId: string): string => `${conversationId}/roster`;

export const rosterToPart = (conversationId: string, roster: Roster, now: number): PartRecord => ({
  id: rosterPartId(conversationId),
  conversationId,
  kind: "roster",
  value: encode(codec, {
    version: 1,
    leaves: Array.from(roster.leaves, ([leafKey, leaf]) => ({ leafKey, ...leaf })),
    people: Array.from(roster.people, ([id, said]) => ({ account: id, ...said })),
    rights: encodeRights(roster.rights),
    lineDepth: roster.lineDepth,
  }),
  createdAt: now,
});

/** @throws Error when what this device has written itself cannot be read. */
export function rosterOfPart({ value }: PartRecord): Roster {
  const { leaves, people, rights, lineDepth } = expectOk(decode(codec, value), "roster");
  return {
    leaves: new Map(leaves.map(({ leafKey, ...leaf }) => [leafKey, leaf])),
    people: new Map(people.map(({ account: id, ...said }) => [id, said])),
    rights: expectOk(decodeRights(rights), "rights"),
    lineDepth,
  };
}
