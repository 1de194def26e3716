/**
 * The state of a conversation's forks in the store: read at the start, and written by what differs, so that hearing a member
 * or signing for a slot writes some hundred bytes.
 */
import { startFork, type ForkSession, type Hex } from "@xchat/protocol";
import type { PartRecord } from "../ports.ts";
import {
  decodeHeadPart,
  decodeHistoryPart,
  decodeKnock,
  decodeReceiptPart,
  decodeRoot,
  decodeSessionPart,
  decodeTreeCommit,
  encodeHeadPart,
  encodeHistoryPart,
  encodeKnock,
  encodeReceiptPart,
  encodeRoot,
  encodeSessionPart,
  encodeTreeCommit,
} from "./codec.ts";
import { recordKind, type PartKind, type Parts } from "./parts.ts";
import { receiptName, type ForkState } from "./state.ts";

/**
 * From the records of the live kinds. `null` where nothing was begun.
 *
 * @throws Error with code "broken-invariant" when they are not what this device has written.
 */
export function loadFork(conversation: Hex, records: readonly PartRecord[]): ForkState | null {
  const of = (kind: PartKind): readonly Uint8Array[] =>
    records.filter((record) => record.kind === recordKind(kind)).map(({ value }) => value);
  const [stored] = of("session");
  const [storedRoot] = of("root");
  if (stored === undefined || storedRoot === undefined) return null;
  const { allowed, ownAccount, forkedAuthors, seenAt, triedAt, own, reported, ...rest } = decodeSessionPart(stored);
  const root = decodeRoot(storedRoot);
  const commits = new Map(of("candidate").map((value) => pairOf(decodeTreeCommit(value))));
  const receipts = of("receipt").map(decodeReceiptPart);
  const [history] = of("history").map(decodeHistoryPart);
  const seen = new Map(seenAt.map(({ id, at }) => [id, at]));
  const session: ForkSession = {
    ...startFork(rest.self, root),
    ...rest,
    ...history,
    facts: {
      root: { id: root.id, homeNodes: root.homeNodes, roles: root.roles },
      // What was taken back is known, and is none of the facts.
      candidates: [...commits.values()].flatMap(({ candidate }) => (seen.has(candidate.id) ? [candidate] : [])),
      receipts: receipts.map(({ epoch, node, hash, candidate }) => ({ epoch, node, hash, candidate })),
      forkedAuthors,
    },
    seenAt: seen,
    triedAt: new Map(triedAt.map(({ slot, at }) => [slot, at])),
    own: new Map(own.map((one) => [one.id, one])),
    heads: new Map(of("head").map((value) => headOf(decodeHeadPart(value)))),
    reported: new Set(reported),
  };
  const bytes = new Map(receipts.map((one) => [receiptName(one), one.receipt]));
  const [knock = null] = of("knock").map(decodeKnock);
  return { conversation, ownAccount, session, root, commits, receipts: bytes, allowed, knock };
}

const pairOf = (commit: ReturnType<typeof decodeTreeCommit>): readonly [Hex, typeof commit] => [
  commit.candidate.id,
  commit,
];

const headOf = ({ member, ...head }: ReturnType<typeof decodeHeadPart>): readonly [Hex, typeof head] => [member, head];

/** Writes what differs. `before` is what lies in the store; `null` for a session that begins. */
export function saveFork(parts: Parts, before: ForkState | null, after: ForkState): void {
  if (before === after) return;
  const { session } = after;
  const old = before?.session;
  const stored = encodeSession(after);
  if (before === null || !isSame(encodeSession(before), stored)) parts.write("session", "", stored);
  if (old?.final !== session.final || old.removedBefore !== session.removedBefore) {
    const { final, removedBefore } = session;
    parts.write("history", "", encodeHistoryPart({ final, removedBefore }));
  }
  if (before?.root !== after.root) parts.write("root", "", encodeRoot(after.root));
  const knock = before?.knock ?? null;
  if (knock !== after.knock) parts.write("knock", "", after.knock === null ? null : encodeKnock(after.knock));
  saveEntries(parts, "candidate", before?.commits, after.commits, (_id, commit) => encodeTreeCommit(commit));
  saveEntries(parts, "head", old?.heads, session.heads, (member, head) => encodeHeadPart({ member, ...head }));
  saveEntries(parts, "receipt", receiptsOf(before), receiptsOf(after), (name, receipt) =>
    encodeReceiptPart({ ...receipt, receipt: after.receipts.get(name) as Uint8Array }),
  );
}

function saveEntries<T>(
  parts: Parts,
  kind: PartKind,
  before: ReadonlyMap<string, T> | undefined,
  after: ReadonlyMap<string, T>,
  write: (name: string, value: T) => Uint8Array,
): void {
  if (before === after) return;
  for (const [name, value] of after) if (before?.get(name) !== value) parts.write(kind, name, write(name, value));
  for (const name of before?.keys() ?? []) if (!after.has(name)) parts.write(kind, name, null);
}

type Receipts = ReadonlyMap<string, ForkSession["facts"]["receipts"][number]>;

const receiptsOf = (state: ForkState | null): Receipts =>
  new Map(state?.session.facts.receipts.map((receipt) => [receiptName(receipt), receipt]));

function encodeSession({ session, allowed, ownAccount }: ForkState): Uint8Array {
  return encodeSessionPart({
    ownAccount,
    self: session.self,
    head: session.head,
    forkedAuthors: session.facts.forkedAuthors,
    seenAt: [...session.seenAt].map(([id, at]) => ({ id, at })),
    triedAt: [...session.triedAt].map(([slot, at]) => ({ slot, at })),
    own: [...session.own.values()],
    intents: session.intents,
    makingIn: session.makingIn,
    making: session.making,
    aloneUntil: session.aloneUntil,
    undone: session.undone,
    held: session.held,
    standing: session.standing,
    reported: [...session.reported],
    allowed,
  });
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
