/**
 * Nodes that do not do as they promise: they say that they keep what they throw away, keep it back from some, give it
 * again under new numbers, and in another order. What they cannot do is open it, or change it unnoticed.
 */
import type { NodeAccess, StoredEnvelope } from "@xchat/client/ports";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";

export interface NodeBehaviour {
  readonly name: string;
  /** What a device gets in place of the honest node. */
  access(honest: NodeAccess, device: string): NodeAccess;
}

export const honestly: NodeBehaviour = { name: "honest", access: (honest) => honest };

type Give = (envelopes: readonly StoredEnvelope[]) => void;

const streaming = (honest: NodeAccess, change: (give: Give) => Give): NodeAccess => ({
  ...honest,
  subscribe: (input) => honest.subscribe({ ...input, onEnvelopes: change(input.onEnvelopes) }),
});

/** Answers that all is well, and keeps nothing, now and then. */
const dropping = (random: Random): NodeBehaviour => ({
  name: "drops",
  access: (honest) => {
    const lost = { ok: true, value: { bytes: new Uint8Array(0) } } as const;
    const isLost = (): boolean => random.chance(0.5);
    return {
      ...honest,
      deposit: async (input) => (isLost() ? lost : honest.deposit(input)),
      depositInbox: async (input) => (isLost() ? lost : honest.depositInbox(input)),
      depositCommit: async (input) => (isLost() ? lost : honest.depositCommit(input)),
    };
  },
});

/** Whole hours long it shows a device nothing of what it has. */
const withholding = (random: Random, schedule: Schedule): NodeBehaviour => {
  const until = new Map<string, number>();
  return {
    name: "withholds",
    access: (honest, device) => {
      const isSilent = (): boolean => {
        if ((until.get(device) ?? 0) <= schedule.now && random.chance(0.05)) {
          until.set(device, schedule.now + random.between(1, 12) * 3_600_000);
        }
        return (until.get(device) ?? 0) > schedule.now;
      };
      return {
        ...streaming(honest, (give) => (envelopes) => void (isSilent() || give(envelopes))),
        getBlob: async (input) => (isSilent() ? { ok: true, value: null } : honest.getBlob(input)),
        fetchSlot: async (input) => (isSilent() ? { ok: true, value: null } : honest.fetchSlot(input)),
      };
    },
  };
};

const REMEMBERED = 64;

/** Gives what it gave before once more, as if it were new. */
const replaying = (random: Random): NodeBehaviour => ({
  name: "replays",
  access: (honest) =>
    streaming(honest, (give) => {
      const given: StoredEnvelope[] = [];
      return (envelopes) => {
        give(envelopes);
        given.push(...envelopes);
        given.splice(0, given.length - REMEMBERED);
        if (!random.chance(0.4)) return;
        const newest = Math.max(...given.map(({ cursor }) => cursor));
        give([{ ...random.pick(given), cursor: newest }]);
      };
    }),
});

/** Holds some back and gives them after later ones. */
const reordering = (random: Random, schedule: Schedule): NodeBehaviour => ({
  name: "reorders",
  access: (honest) =>
    streaming(honest, (give) => (envelopes) => {
      for (const envelope of random.shuffle(envelopes)) {
        if (random.chance(0.5)) give([envelope]);
        else schedule.after(random.between(10, 120_000), () => give([envelope]));
      }
    }),
});

export const dishonest = (random: Random, schedule: Schedule): NodeBehaviour =>
  random.pick([dropping(random), withholding(random, schedule), replaying(random), reordering(random, schedule)]);
