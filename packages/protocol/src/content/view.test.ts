import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALL_RIGHTS, type Rights } from "../group-state/rights.ts";
import { hashOf, plain, say, Story, type Said } from "./test-story.node.ts";
import { MAX_REACTIONS_OF_PERSON, MAX_VERSIONS, judgeRow, type MessageRow, type Row, type ViewContext } from "./row.ts";
import type { ViewEvent } from "./view-event.ts";
import { foldView, MAX_PINNED, relatedTo, relationIndex } from "./view.ts";

const ada = hashOf("account ada");
const bob = hashOf("account bob");
const NOW = 1_800_000_000_000;
const context: ViewContext = {
  self: ada,
  rightsOf: () => ALL_RIGHTS,
  readAt: () => null,
  isStarred: () => false,
  isHidden: () => false,
  now: NOW,
};
const seen = (events: readonly ViewEvent[], over: Partial<ViewContext> = {}) =>
  foldView(events, { ...context, ...over });
const rowsOf = (events: readonly ViewEvent[], over: Partial<ViewContext> = {}): readonly Row[] =>
  seen(events, over).rows;
const messageOf = (rows: readonly Row[], id: string): MessageRow => {
  const row = rows.find((one) => one.id === id);
  if (row?.kind !== "message") throw new Error(`no message but ${row?.kind}`);
  return row;
};
const textOf = (row: MessageRow): string => (row.body.kind === "text" ? row.body.text : "?");
const reactionsOf = (row: MessageRow): Record<string, number> =>
  Object.fromEntries(row.reactions.map(({ reaction, accounts }) => [reaction, accounts.length]));

describe("edits", () => {
  it("[MV1] show the latest words, and keep those before", () => {
    const story = new Story();
    const first = story.say("ada", plain("helo"));
    const edit = story.say("ada.laptop", plain("hello", { replaces: first }));
    const row = messageOf(rowsOf(story.events), first);
    expect([textOf(row), row.isEdited]).toEqual(["hello", true]);
    expect(row.versions.map(({ id }) => id)).toEqual([first, edit]);
    expect(rowsOf(story.events)).toHaveLength(1);
  });

  it("[MV1] of somebody else's message, of an edit, and of nothing have no effect", () => {
    const story = new Story();
    const first = story.say("ada", plain("mine"));
    const edit = story.say("ada", plain("still mine", { replaces: first }));
    const before = rowsOf(story.events);
    story.say("bob", plain("yours", { replaces: first }));
    story.say("ada", plain("an edit of an edit", { replaces: edit }));
    story.say("bob", plain("of nothing", { replaces: hashOf("nothing") }));
    expect(rowsOf(story.events)).toEqual(before);
  });

  it("[MV1] at once on two devices come to the same words", () => {
    const story = new Story();
    const first = story.say("ada", plain("a"));
    story.share();
    const phone = story.say("ada", plain("b", { replaces: first }));
    const laptop = story.say("ada.laptop", plain("c", { replaces: first }));
    expect(textOf(messageOf(rowsOf(story.events), first))).toBe(phone > laptop ? "b" : "c");
  });

  it("[MV1] beyond the bound the latest are kept, with the first", () => {
    const story = new Story();
    const first = story.say("ada", plain("0"));
    for (let i = 1; i <= 40; i++) story.say("ada", plain(`${i}`, { replaces: first }));
    const { versions } = messageOf(rowsOf(story.events), first);
    expect(versions).toHaveLength(MAX_VERSIONS);
    expect(versions.map(({ body }) => (body.kind === "text" ? body.text : ""))).toEqual([
      "0",
      ...Array.from({ length: 15 }, (_, i) => `${26 + i}`),
    ]);
  });
});

describe("deletions", () => {
  it("[MV2] for everyone leave that there was a message, and nothing of it", () => {
    const story = new Story();
    const first = story.say("ada", plain("oops"));
    const edit = story.say("ada", plain("ooops", { replaces: first }));
    const heart = story.say("bob", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    story.say("bob", { kind: "pin", target: first, isPinned: true });
    const answer = story.say("bob", plain("what?", { replyTo: first }));
    story.say("ada.laptop", { kind: "deletion", replaces: first });
    const view = seen(story.events);
    expect(view.rows.map(({ kind, id }) => [kind, id === first])).toEqual([
      ["deleted", true],
      ["pin", false],
      ["message", false],
    ]);
    expect(messageOf(view.rows, answer).replyTo).toBe(first);
    expect(view.pinned).toEqual([]);
    expect(view.purge).toEqual([first, edit, heart].toSorted());
  });

  it("[MV2] are for good: what comes later, or at once, brings nothing back", () => {
    const story = new Story();
    const first = story.say("ada", plain("oops"));
    story.share();
    story.say("ada", { kind: "deletion", replaces: first });
    const edit = story.say("ada.laptop", plain("better", { replaces: first }));
    story.share();
    const later = story.say("ada.laptop", plain("still better", { replaces: first }));
    story.say("bob", { kind: "pin", target: first, isPinned: true });
    const view = seen(story.events);
    expect(view.rows[0]?.kind).toBe("deleted");
    expect(view.purge).toEqual([first, edit, later].toSorted());
  });

  it("[MV2] of what somebody else said have no effect", () => {
    const story = new Story();
    const first = story.say("ada", plain("mine"));
    const edit = story.say("ada", plain("mine!", { replaces: first }));
    const heart = story.say("bob", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    const before = rowsOf(story.events);
    story.say("bob", { kind: "deletion", replaces: first });
    story.say("bob", { kind: "deletion", replaces: edit });
    story.say("ada", { kind: "deletion", replaces: heart });
    expect(rowsOf(story.events)).toEqual(before);
  });

  it("[MV2] of an own edit or reaction take it back, whether or not its body is still there", () => {
    const story = new Story();
    const first = story.say("ada", plain("mine"));
    const edit = story.say("ada", plain("mine!", { replaces: first }));
    const heart = story.say("bob", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    story.share();
    story.say("ada", { kind: "deletion", replaces: edit });
    story.say("bob", { kind: "deletion", replaces: heart });
    const view = seen(story.events);
    expect(messageOf(view.rows, first)).toMatchObject({ isEdited: false, reactions: [] });
    expect(view.rows.map(({ kind }) => kind)).toEqual(["message", "deleted", "deleted"]);
    const bare = story.events.map((event) =>
      event.id === edit || event.id === heart
        ? { ...event, sentAt: null, content: { kind: "withheld" } as const }
        : event,
    );
    expect(rowsOf(bare)).toEqual(view.rows);
  });

  it("[MV2] for oneself hide the row here, and nowhere else", () => {
    const story = new Story();
    const first = story.say("bob", plain("noise"));
    const notice = story.say("bob", { kind: "notice", notice: "direct-on" });
    const isHidden = (id: string): boolean => id === first || id === notice;
    const view = seen(story.events, { isHidden });
    expect(view.rows).toEqual([]);
    expect(view.purge).toEqual([first]);
    expect(rowsOf(story.events)).toHaveLength(2);
  });

  it("[MV2] a message that came without its body is shown as deleted once the deletion is there", () => {
    const story = new Story();
    const first = story.say("ada", { kind: "withheld" });
    const edit = story.say("ada", plain("what is left of it", { replaces: first }));
    expect(seen(story.events)).toMatchObject({ rows: [], purge: [edit] });
    story.say("ada", { kind: "deletion", replaces: first });
    expect(rowsOf(story.events)).toMatchObject([{ kind: "deleted", id: first }]);
  });
});

describe("reactions", () => {
  it("[MV2] [MV3] what was taken back stays so, though somebody deletes the taking back", () => {
    const story = new Story();
    const first = story.say("bob", plain("cake?"));
    const heart = story.say("ada", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    const back = story.say("ada", { kind: "unreaction", replaces: heart });
    story.say("ada", { kind: "deletion", replaces: back });
    const view = seen(story.events);
    expect(reactionsOf(messageOf(view.rows, first))).toEqual({});
    expect([view.rows.length, view.purge]).toEqual([1, []]);
  });

  it("[MV3] one for each emoji and person, taken back with all that the person's devices said", () => {
    const story = new Story();
    const first = story.say("bob", plain("cake?"));
    story.share();
    const phone = story.say("ada", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    story.say("ada.laptop", { kind: "reaction", reaction: "❤\uFE0F", to: first, replaces: null });
    story.say("ada", { kind: "reaction", reaction: "🎂", to: first, replaces: null });
    story.say("bob", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    expect(reactionsOf(messageOf(rowsOf(story.events), first))).toEqual({ "❤": 2, "🎂": 1 });
    story.share();
    story.say("ada", { kind: "unreaction", replaces: phone });
    expect(reactionsOf(messageOf(rowsOf(story.events), first))).toEqual({ "❤": 1, "🎂": 1 });
    story.share();
    story.say("ada", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    const row = messageOf(rowsOf(story.events), first);
    expect(row.reactions).toContainEqual({ reaction: "❤", accounts: [bob, ada] });
  });

  it("[MV3] one may take another's place; nobody takes back what somebody else said", () => {
    const story = new Story();
    const first = story.say("bob", plain("cake?"));
    const heart = story.say("ada", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    story.say("bob", { kind: "unreaction", replaces: heart });
    story.say("bob", { kind: "reaction", reaction: "👎", to: first, replaces: heart });
    expect(reactionsOf(messageOf(rowsOf(story.events), first))).toEqual({ "❤": 1, "👎": 1 });
    story.say("ada", { kind: "reaction", reaction: "🎂", to: first, replaces: heart });
    expect(reactionsOf(messageOf(rowsOf(story.events), first))).toEqual({ "👎": 1, "🎂": 1 });
  });

  it("[MV3] one person does not fill the row", () => {
    const story = new Story();
    const first = story.say("bob", plain("cake?"));
    for (let i = 0; i < 40; i++) story.say("ada", { kind: "reaction", reaction: `r${i}`, to: first, replaces: null });
    const { reactions } = messageOf(rowsOf(story.events), first);
    expect(reactions.map(({ reaction }) => reaction)).toEqual(
      Array.from({ length: MAX_REACTIONS_OF_PERSON }, (_, i) => `r${24 + i}`),
    );
  });

  it("[MV3] [MV9] to a message that is gone or not here have no effect, until it is", () => {
    const story = new Story();
    const first = story.say("bob", plain("cake?"));
    story.say("ada", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    const [message, ...rest] = story.events as [ViewEvent, ...ViewEvent[]];
    expect(rowsOf(rest)).toEqual([]);
    expect(reactionsOf(messageOf(rowsOf([...rest, message]), first))).toEqual({ "❤": 1 });
  });
});

describe("pins, stars, mentions, forwards, unknown", () => {
  it("[MV4] the last word of who may pin counts", () => {
    const story = new Story();
    const first = story.say("bob", plain("rules"));
    const second = story.say("bob", plain("more rules"));
    for (const target of [first, second]) story.say("ada", { kind: "pin", target, isPinned: true });
    expect(seen(story.events).pinned).toEqual([second, first]);
    const view = seen(story.events, { rightsOf: () => ({ say: "write", mayPin: false }) });
    expect([view.pinned, view.rows.length]).toEqual([[], 2]);
    story.share();
    story.say("bob", { kind: "pin", target: second, isPinned: false });
    expect(seen(story.events).pinned).toEqual([first]);
    expect(seen(story.events).rows.filter(({ kind }) => kind === "pin")).toHaveLength(3);
  });

  it("[MV4] the latest pins are shown", () => {
    const story = new Story();
    const ids = Array.from({ length: MAX_PINNED + 5 }, (_, i) => story.say("bob", plain(`${i}`)));
    for (const target of ids) story.say("ada", { kind: "pin", target, isPinned: true });
    expect(seen(story.events).pinned).toEqual(ids.toReversed().slice(0, MAX_PINNED));
  });

  it("stars are one's own; a mention is of whoever is named in the words that are shown", () => {
    const story = new Story();
    const mentions = [{ start: 0, end: 4, account: ada }];
    const first = story.say("bob", plain("@ada", { mentions }));
    const starred = rowsOf(story.events, { isStarred: (id) => id === first });
    expect(messageOf(starred, first)).toMatchObject({ isStarred: true, mentionsMe: true });
    story.say("bob", plain("nobody", { replaces: first }));
    expect(messageOf(rowsOf(story.events), first)).toMatchObject({ isStarred: false, mentionsMe: false });
  });

  it("what a later version says is kept, and shown as such", () => {
    const story = new Story();
    story.say("bob", { kind: "unknown", tag: 77 });
    story.say("bob", { kind: "notice", notice: null });
    const message = { ...plain(""), body: { kind: "unknown", isForwarded: true } } as const;
    story.say("bob", message);
    expect(rowsOf(story.events)).toMatchObject([
      { kind: "unknown", tag: 77 },
      { kind: "notice", notice: null },
      { kind: "message", body: { kind: "unknown", isForwarded: true } },
    ]);
  });
});

describe("disappearing", () => {
  const minute = { isRelative: true, seconds: 60 };

  it("[MV5] after reading for who reads, after sending for who sent, on every device of theirs", () => {
    const story = new Story();
    const first = story.say("bob", plain("soon gone", { expires: minute }));
    const reader = (now: number, readAt: number | null) => seen(story.events, { now, readAt: () => readAt });
    expect(reader(NOW, null)).toMatchObject({ rows: [{ disappearsAt: null }], nextChangeAt: null });
    expect(reader(NOW, NOW - 59_999)).toMatchObject({ rows: [{ disappearsAt: NOW + 1 }], nextChangeAt: NOW + 1 });
    expect(reader(NOW, NOW - 60_000)).toMatchObject({ rows: [], purge: [first] });
    const sentAt = story.events[0]?.sentAt as number;
    const sender = (now: number) => rowsOf(story.events, { now, self: bob, readAt: () => NOW });
    expect(sender(sentAt + 59_999)).toHaveLength(1);
    expect(sender(sentAt + 60_000)).toEqual([]);
  });

  it("[MV5] at a moment, where it names one", () => {
    const story = new Story();
    story.say("bob", plain("until noon", { expires: { isRelative: false, seconds: NOW / 1_000 } }));
    expect(rowsOf(story.events, { now: NOW - 1 })).toHaveLength(1);
    expect(rowsOf(story.events)).toEqual([]);
  });

  it("[MV5] an edit neither prolongs nor shortens, and goes with it", () => {
    const story = new Story();
    const first = story.say("bob", plain("soon gone", { expires: minute }));
    const lasting = story.say("bob", plain("stays"));
    const edits = [
      story.say("bob", plain("never gone", { replaces: first })),
      story.say("bob", plain("gone at once", { replaces: lasting, expires: { isRelative: true, seconds: 0 } })),
    ];
    const view = seen(story.events, { readAt: () => NOW - 60_000 });
    expect(view.rows.map(({ id }) => id)).toEqual([lasting]);
    expect(view.purge).toEqual([first, edits[0]].toSorted());
  });
});

describe("rights", () => {
  const rightsOf =
    (who: string, rights: Rights) =>
    (leafKey: string): Rights =>
      leafKey === hashOf(`leaf ${who}`) ? rights : ALL_RIGHTS;

  it("[GR25] [MV10] who may not write reacts and deletes, and no more", () => {
    const story = new Story();
    const own = story.say("bob", plain("from before"));
    const first = story.say("ada", plain("news"));
    const refused = [story.say("bob.laptop", plain("hear me")), story.say("bob.laptop", plain("!", { replaces: own }))];
    story.say("bob.laptop", { kind: "reaction", reaction: "❤", to: first, replaces: null });
    refused.push(story.say("bob.laptop", { kind: "notice", notice: "direct-on" }));
    const over = { rightsOf: rightsOf("bob.laptop", { say: "react", mayPin: false }) };
    const { rows, ...rest } = seen(story.events, over);
    expect(rows.map(({ id }) => id)).toEqual([own, first]);
    expect(rest.refused).toEqual(refused);
    expect(textOf(messageOf(rows, own))).toBe("from before");
    expect(reactionsOf(messageOf(rows, first))).toEqual({ "❤": 1 });
    story.say("bob.laptop", { kind: "deletion", replaces: own });
    expect(rowsOf(story.events, over)[0]?.kind).toBe("deleted");
  });

  it("[GR25] who was removed says nothing beyond the cut, whoever hands it over", () => {
    const story = new Story();
    const own = story.say("bob", plain("from before"));
    const before = rowsOf(story.events);
    story.say("bob.laptop", plain("hear me"));
    story.say("bob.laptop", { kind: "deletion", replaces: own });
    story.say("bob.laptop", { kind: "reaction", reaction: "❤", to: own, replaces: null });
    story.say("bob.laptop", { kind: "pin", target: own, isPinned: true });
    expect(rowsOf(story.events, { rightsOf: rightsOf("bob.laptop", { say: "nothing", mayPin: false }) })).toEqual(
      before,
    );
  });
});

// ---- over random conversations

const DEVICES = ["ada", "ada.laptop", "bob", "cy"] as const;
const EMOJI = ["❤", "👍", "🎂"] as const;

/** One thing said: by whom, about which of the things said before, and whether everybody hears all after it. */
const step = fc.record({
  by: fc.constantFrom(...DEVICES),
  what: fc.constantFrom<Said>(
    "text",
    "reply",
    "edit",
    "deletion",
    "reaction",
    "unreaction",
    "pin",
    "unpin",
    "notice",
    "brief",
  ),
  about: fc.nat(30),
  emoji: fc.constantFrom(...EMOJI),
  isShared: fc.boolean(),
});
const stories = fc.array(step, { minLength: 1, maxLength: 30, size: "+1" }).map((steps) => {
  const story = new Story();
  for (const { by, what, about, emoji, isShared } of steps) {
    say(story, by, what, about, emoji);
    if (isShared) story.share();
  }
  return story;
});
const shuffled = (events: readonly ViewEvent[]) => fc.shuffledSubarray([...events], { minLength: events.length });
const withOrder = stories.chain((story) => fc.tuple(fc.constant(story), shuffled(story.events)));
const timed: Partial<ViewContext> = { now: NOW, readAt: (id) => (id < "8" ? NOW - 100_000 : null) };

describe("whatever is said", () => {
  it("[MV6] any order of arrival, with repetitions, gives the same view", () => {
    fc.assert(
      fc.property(withOrder, fc.nat(), ([story, order], again) => {
        const repeated = [...order, ...order.slice(again % order.length)];
        expect(seen(repeated, timed)).toEqual(seen(story.events, timed));
      }),
      { numRuns: 150 },
    );
  });

  it("[MV6] [MV7] through a log that holds what comes early, every device ends at the same view", () => {
    fc.assert(
      fc.property(withOrder, ([story, order]) => {
        const shown = story.throughLog(order);
        expect(shown).toHaveLength(story.events.length);
        expect(seen(shown, timed)).toEqual(seen(story.events, timed));
      }),
      { numRuns: 50 },
    );
  });

  it("[MV7] no row stands before one that it causally follows", () => {
    fc.assert(
      fc.property(withOrder, ([story, order]) => {
        const places = new Map(seen(order).rows.map(({ id }, i) => [id, i]));
        for (const [id, place] of places) {
          for (const ancestor of story.ancestorsOf(id)) expect(places.get(ancestor) ?? -1).toBeLessThan(place);
        }
      }),
      { numRuns: 80 },
    );
  });

  it("[MV6] [MV9] a row made anew from what names it is the row of the whole, after each arrival", () => {
    fc.assert(
      fc.property(withOrder, ([, order]) => {
        for (let count = 1; count <= order.length; count += 3) {
          const here = order.slice(0, count);
          const index = relationIndex(here);
          const whole = new Map(rowsOf(here, timed).map((row) => [row.id, row]));
          for (const root of here) {
            const over = { ...context, ...timed };
            const expected = whole.get(root.id) ?? null;
            expect(judgeRow(root, relatedTo(index, root.id), over).row).toEqual(expected);
            expect(judgeRow(root, here, over).row).toEqual(expected);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it("[MV8] dropping what is to be purged changes no row", () => {
    fc.assert(
      fc.property(withOrder, ([, order]) => {
        const before = seen(order, timed);
        let [left, view] = [order, before];
        // In rounds: what names an edit that has gone, goes after it.
        for (let round = 0; view.purge.length > 0; round++) {
          expect(round).toBeLessThan(order.length);
          const gone = new Set(view.purge);
          left = left.map((event) =>
            gone.has(event.id) ? { ...event, sentAt: null, content: { kind: "withheld" } as const } : event,
          );
          view = seen(left, timed);
          expect(view.rows).toEqual(before.rows);
          expect(view.pinned).toEqual(before.pinned);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("[MV1] [MV2] edits and deletions by others change nothing", () => {
    fc.assert(
      fc.property(withOrder, ([, order]) => {
        const authors = new Map(order.map(({ id, account }) => [id, account]));
        const isForeign = ({ account, content }: ViewEvent): boolean => {
          const target = content.kind === "message" || content.kind === "deletion" ? content.replaces : null;
          return target !== null && authors.get(target) !== account;
        };
        const without = order
          .filter((event) => event.content.kind !== "deletion" || !isForeign(event))
          .map((event) => (isForeign(event) ? { ...event, content: { kind: "withheld" } as const } : event));
        expect(seen(without, timed).rows).toEqual(seen(order, timed).rows);
        expect(seen(without, timed).pinned).toEqual(seen(order, timed).pinned);
      }),
      { numRuns: 150 },
    );
  });

  it("[MV2] what is deleted never comes back, whatever else arrives", () => {
    fc.assert(
      fc.property(withOrder, ([, order]) => {
        const deleted = new Set<string>();
        for (let count = 1; count <= order.length; count++) {
          const rows = rowsOf(order.slice(0, count));
          for (const { id, kind } of rows) if (kind === "deleted") deleted.add(id);
          for (const id of deleted) expect(rows.find((row) => row.id === id)?.kind).toBe("deleted");
        }
      }),
      { numRuns: 80 },
    );
  });
});
