import { accountIdOfBytes, startLog, type AccountId, type AuthorLog, type Hex } from "@xchat/protocol";
import { describe, expect, it } from "vitest";
import type { EventRecord } from "../ports.ts";
import { reachOf, takenBack, withReach } from "./deliveries.ts";
import type { ChatState } from "./step.ts";

const key = (n: number): Hex => n.toString(16).padStart(64, "0");
const person = (n: number): AccountId => accountIdOfBytes(new Uint8Array(32).fill(n));
const [me, bob, carol] = [person(1), person(2), person(3)];
const self = key(1);

const author = (upTo: number, readUpTo: number | null = null, lacking: AuthorLog["lost"] = []): AuthorLog => ({
  tip: null,
  beside: null,
  claimed: null,
  lost: [],
  forks: 0,
  delivered: { upTo, lacking },
  readUpTo,
  readMark: null,
  isAckDue: false,
  isReadDue: false,
});

/** Bob has two devices (2 and 3), Carol one (4) that came in when the own event 5 was the next. */
function chat(heard: ReadonlyMap<Hex, AuthorLog>, present = [1, 2, 3, 4]): ChatState {
  const leaves = new Map([
    [key(1), { account: me, since: 0, joinedAt: 0, joinedOn: 0 }],
    [key(2), { account: bob, since: 0, joinedAt: 0, joinedOn: 0 }],
    [key(3), { account: bob, since: 0, joinedAt: 0, joinedOn: 0 }],
    [key(4), { account: carol, since: 5, joinedAt: 9, joinedOn: 0 }],
  ]);
  return {
    log: { ...startLog({ conversation: key(9), self }), authors: heard },
    roster: { leaves, people: new Map(), rights: { spans: new Map() }, lineDepth: 0 },
    side: {
      leaves: present.map((n) => ({
        leafKey: key(n),
        account: leaves.get(key(n))?.account as AccountId,
        deviceKey: key(n),
        chain: new Uint8Array(0),
      })),
    },
  } as unknown as ChatState;
}

describe("how far own events have come", () => {
  it("[LG14] stored, where only devices of this person are there and have it before a node has said so", () => {
    const alone = { isDelivered: () => false, isRead: () => false, isEverywhere: () => true };
    const event = { sequence: 7, delivery: "queued", storedCount: 0, storedOf: 0, via: "" } as EventRecord;
    expect(takenBack(withReach(event, alone, "nodes"), 3)).toMatchObject({
      delivery: "stored",
      storedCount: 1,
      storedOf: 3,
    });
    const told = { ...event, delivery: "delivered" } as EventRecord;
    expect(takenBack(told, 3)).toBe(told);
  });

  it("[LG14] delivered when every other person has it, by one device of each", () => {
    const some = reachOf(chat(new Map([[key(2), author(7)]])), me);
    expect([some.isDelivered(7), some.isDelivered(4)]).toEqual([false, true]);
    const all = reachOf(
      chat(
        new Map([
          [key(2), author(7)],
          [key(4), author(7)],
        ]),
      ),
      me,
    );
    expect([all.isDelivered(7), all.isDelivered(8)]).toEqual([true, false]);
    expect([all.isEverywhere(7), all.isEverywhere(8)]).toEqual([false, false]);
  });

  it("[LG14] who came in later, or has left, is not waited for", () => {
    const reach = reachOf(chat(new Map([[key(2), author(4)]])), me);
    expect(reach.isDelivered(4)).toBe(true);
    const left = reachOf(chat(new Map([[key(2), author(7)]]), [1, 2, 3]), me);
    expect(left.isDelivered(7)).toBe(true);
    expect(reachOf(chat(new Map(), [1]), me).isDelivered(0)).toBe(false);
  });

  it("[LG12] what somebody lacks is not delivered; read by all is read", () => {
    const lacking = [{ from: 2, to: 3 }] as never;
    const reach = reachOf(chat(new Map([[key(3), author(4, 1, lacking)]])), me);
    expect([1, 2, 3, 4].map(reach.isDelivered)).toEqual([true, false, false, true]);
    expect([1, 2].map(reach.isRead)).toEqual([true, false]);
  });

  it("what is told of an event never goes back, and another device's is not told at all", () => {
    const reach = reachOf(chat(new Map([[key(2), author(4)]])), me);
    const event = { sequence: 4, delivery: "stored", via: "" } as never;
    expect(withReach(event, reach, "direct")).toMatchObject({ delivery: "delivered", via: "nodes" });
    for (const delivery of ["", "read", "delivered"]) {
      const other = { sequence: 4, delivery, via: "" } as never;
      expect(withReach(other, reach, "direct")).toBe(other);
    }
  });
});
