/**
 * A chat whose device comes in again under a new leaf (spec/rejoin.md): in one step it has the group of the answer, an
 * external commit that waits in the outbox, and the list of what it says again once somebody has let it in.
 *
 * CB1 Nothing that the person wrote is lost: what is not known to have arrived is sent again, as it was signed.
 */
import { bytesToHex, expectOk } from "@xchat/codec";
import {
  decodeEvent,
  encodeEvent,
  eventFacts,
  sayingAgain,
  sayingAll,
  underNewLeaf,
  type GroupRecord,
  type Hex,
} from "@xchat/protocol";
import { ownMemo, type ForkWork, type JudgedAnswer } from "../fork/index.ts";
import { ownAccount, toBytes } from "./authors.ts";
import { takeLeafChains } from "./contact-news.ts";
import { endOf, tell } from "./enter.ts";
import { deriveEpoch, sideOf } from "./epochs.ts";
import { keepOwnCredential } from "./former-leaf.ts";
import { beginSession, offerKnock } from "./forks.ts";
import { withNotice } from "./notices.ts";
import { queueAgain } from "./queue-again.ts";
import { lineIdOf } from "./record-line.ts";
import { advanceRoster, fromTheStart } from "./roster.ts";
import type { EventRecord } from "../ports.ts";
import type { Step } from "./step.ts";
import { decodeMemo } from "./wish-memo.ts";
import { MAX_WISHES } from "./wishes.ts";

/** Older ones were given up by everybody, or have arrived. */
const SAID_AGAIN = { most: 256, age: 60 * 86_400_000 };

/** `work`: from `knock`. */
export async function comeBack(step: Step, work: ForkWork, { leaves }: JudgedAnswer): Promise<void> {
  const { cipher, provider, clock } = step.core;
  const now = clock.now();
  const before = step.state;
  const again = await toSayAgain(step);
  keepOwnCredential(step);
  await wantAgainWhatWasMade(step);
  const { group } = work;
  const side = sideOf(cipher, group);
  const self = bytesToHex(cipher.ownLeafKey(group).publicKey);
  const replaced = leaves.find(({ leafKey }) => !side.leaves.some((leaf) => leaf.leafKey === leafKey));
  const log = sayingAgain(
    underNewLeaf(before.log, self),
    again.map((event) => factsOf(step, event)),
  );
  const roster = advanceRoster(before.roster, side, { cut: [], lineDepth: before.roster.lineDepth, since: 0, now });
  step.set({ log, roster: fromTheStart(roster, side) });
  step.enterEpoch(group, side, await deriveEpoch(cipher, provider, group, side, now));
  await beginSession(step, work);
  dropSealed(step);
  const waiting = new Set(before.queued);
  queueAgain(
    step,
    again.map(({ id }) => id).filter((id) => !waiting.has(id)),
  );
  step.set({ log: sayingAll(step.state.log, leavesOfPresent(step), now) });
  const record: GroupRecord = {
    by: ownAccount(step.core),
    actions: replaced === undefined ? [] : [rejoinedAction(side.leaves, self, replaced)],
  };
  const lineId = lineIdOf(group.epoch, toBytes(work.state.knock?.hash ?? self));
  tell(step, { cut: [], note: null, record, lineId }, endOf(step), group.epoch);
  // The name and what may be done directly are said anew to those who have come meanwhile; the chain is in the leaf.
  const notices = withNotice(step.state.shared.notices, BACK, now);
  step.setShared({ notices, isNameDue: true, readCount: 0, toldChain: provider.sha256(step.core.profile().chain) });
  takeLeafChains(step);
  offerKnock(step);
  step.errands.push({ kind: "moved" });
}

const BACK = { kind: "fork", id: "outside", what: "back", count: 1 } as const;

// ---- below

function rejoinedAction(
  leaves: Step["state"]["side"]["leaves"],
  self: Hex,
  replaced: { readonly deviceKey: Hex },
): GroupRecord["actions"][number] {
  const own = leaves.find(({ leafKey }) => leafKey === self) as (typeof leaves)[number];
  return { kind: "rejoined", account: own.account, deviceKey: own.deviceKey, replaced: replaced.deviceKey };
}

/** Own events, in order, that are not known to have reached everybody: those too that were said again before, and those that wait. */
async function toSayAgain(step: Step): Promise<readonly EventRecord[]> {
  const { log, queued } = step.state;
  const tip = log.authors.get(log.self)?.tip?.sequence ?? -1;
  const since = step.core.clock.now() - SAID_AGAIN.age;
  const from = Math.max(0, tip + 1 - SAID_AGAIN.most);
  const own = await step.core.store.eventsOfAuthor(step.id, log.self, from, SAID_AGAIN.most);
  const before = await step.core.store.eventsById([...log.again.keys()]);
  const waiting = new Set(queued);
  return [...before.toSorted((a, b) => a.depth - b.depth), ...own].filter(
    ({ id, delivery, receivedAt, header }) =>
      header.length > 0 && (waiting.has(id) || delivery === "queued" || (delivery === "stored" && receivedAt > since)),
  );
}

function factsOf({ core }: Step, { header, body }: EventRecord): ReturnType<typeof eventFacts> {
  return eventFacts(
    expectOk(decodeEvent(core.provider, encodeEvent({ signedHeader: header, bodyBytes: body })), "event"),
  );
}

/** Leaf keys, present and former, of everybody who is here: what they said under a former one they may say again (LG18). */
function leavesOfPresent({ state: { roster, side } }: Step): readonly Hex[] {
  const here = new Set(side.leaves.map(({ account }) => account));
  return [...roster.leaves].flatMap(([leafKey, { account }]) => (here.has(account) ? [leafKey] : []));
}

/** It was sealed where nobody might be. */
function dropSealed(step: Step): void {
  for (const { record, item } of step.core.outbox.entries()) {
    if (record.conversationId !== step.id || item.kind !== "message") continue;
    step.changes.push({ delete: "outbox", key: record.id });
    step.after.push(() => step.core.outbox.drop(record.id));
  }
}

/** FR20: what own commits were for that nobody may have seen; the app drops what is done already. */
async function wantAgainWhatWasMade(step: Step): Promise<void> {
  const { parts } = step.work;
  const { wishes } = step.state.shared;
  const known = new Set(wishes.map(({ id }) => id));
  const again: (typeof wishes)[number][] = [];
  for (const { id, intent } of step.state.fork.session.own.values()) {
    const memo = intent === null ? null : await ownMemo(parts, id);
    if (memo === null || memo.length === 0) continue;
    again.push(...decodeMemo(memo).wishes.filter((one) => !known.has(one.id)));
  }
  if (again.length > 0) step.setShared({ wishes: [...again, ...wishes].slice(0, MAX_WISHES) });
}
