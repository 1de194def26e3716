/**
 * What every store does, whatever it lies on: named cases that need no test framework, so that the same ones run in
 * Node and in a browser's worker. A case fails by throwing.
 *
 * for (const { name, run } of STORE_CONTRACT) it(name, () => run(await freshPlace()));
 */
import {
  StoreError,
  type EventRecord,
  type Store,
  type StoreChange,
  type StoreErrorCode,
  type StoreOpener,
} from "@xchat/client/ports";
import {
  bytes,
  hexId,
  sampleEvent,
  sampleConversation,
  sampleContact,
  putEvents,
  changesOf,
  outboxItem,
} from "./sample-records.ts";

export interface StoreContractCase {
  readonly name: string;
  /** @param opener makes an opener of one and the same place, which is empty when the case starts. */
  readonly run: (opener: () => StoreOpener) => Promise<void>;
}

// ---- expectations

class ContractFailure extends Error {
  override readonly name = "ContractFailure";
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (value instanceof Set) return { set: [...value].map(plain).toSorted() };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, plain((value as Record<string, unknown>)[key])]));
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [JSON.stringify(plain(actual)), JSON.stringify(plain(expected))];
  if (found !== wanted) throw new ContractFailure(`${what}: expected ${wanted}, found ${found}`);
}

async function fails(action: Promise<unknown>, code: StoreErrorCode, what: string): Promise<void> {
  const error: unknown = await action.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  const found = error instanceof StoreError ? error.code : `no StoreError (${String(error)})`;
  if (found !== code) throw new ContractFailure(`${what}: expected ${code}, found ${found}`);
}

async function refused(action: Promise<unknown>, what: string): Promise<void> {
  const isRefused = await action.then(
    () => false,
    () => true,
  );
  if (!isRefused) throw new ContractFailure(`${what}: expected a refusal`);
}

const ids = (events: readonly EventRecord[]): readonly number[] => events.map((event) => Number.parseInt(event.id, 16));
const at = (n: number): { depth: number; id: string } => ({ depth: n, id: hexId(n) });
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** A case on one store, which is closed however it ends. */
const onStore = (name: string, run: (store: Store) => Promise<void>): StoreContractCase => ({
  name,
  run: async (opener) => {
    const store = await opener().create(null);
    try {
      await run(store);
    } finally {
      await store.close();
    }
  },
});

// ---- cases

const LIFE: readonly StoreContractCase[] = [
  {
    name: "an empty place has no store, and opening makes none",
    run: async (opener) => {
      same(await opener().state(), "none", "state");
      await fails(opener().open(null), "store-missing", "open");
      same(await opener().state(), "none", "state afterwards");
    },
  },
  {
    name: "[S1] what was written is there after closing and opening",
    run: async (opener) => {
      const first = await opener().create(null);
      await first.write([{ put: "contact", record: sampleContact }, ...putEvents(sampleEvent(1))]);
      same(await opener().state(), "open-key", "state");
      await first.close();
      const second = await opener().open(null);
      same(await second.get("contact", sampleContact.accountId), sampleContact, "contact");
      same(await second.eventsById([hexId(1)]), [sampleEvent(1)], "event");
      same(second.hasPassphrase(), false, "passphrase");
      await second.close();
    },
  },
  {
    name: "a place has one store, and one that has it open",
    run: async (opener) => {
      const store = await opener().create(null);
      await fails(opener().open(null), "store-in-use", "open twice");
      await fails(opener().create(null), "store-in-use", "create beside it");
      await fails(opener().destroy(), "store-in-use", "destroy under it");
      await store.close();
      await fails(opener().create(null), "store-failed", "create over it");
      const again = await opener().open(null);
      await again.close();
    },
  },
  {
    name: "closing commits what was written, can be repeated, and ends everything else",
    run: async (opener) => {
      const store = await opener().create(null);
      const written = store.write([{ document: "a", value: bytes(1) }]);
      await store.close();
      await written;
      await store.close();
      await fails(store.write([]), "store-failed", "write after close");
      await fails(store.document("a"), "store-failed", "read after close");
      const again = await opener().open(null);
      same(await again.document("a"), bytes(1), "document");
      await again.close();
    },
  },
  {
    name: "destroying leaves an empty place",
    run: async (opener) => {
      const store = await opener().create(null);
      await store.write([{ document: "a", value: bytes(1) }]);
      await store.close();
      await opener().destroy();
      same(await opener().state(), "none", "state");
      const fresh = await opener().create(null);
      same(await fresh.document("a"), null, "document");
      await fresh.close();
    },
  },
];

const WRITING: readonly StoreContractCase[] = [
  onStore("every table gives back what was put, replaces it and deletes it", async (store) => {
    const records: readonly Extract<StoreChange, { readonly put: unknown }>[] = [
      {
        put: "invitation",
        record: {
          id: "i1",
          label: "for Sam",
          isLasting: false,
          state: "open",
          createdAt: 1,
          expiresAt: Number.MAX_SAFE_INTEGER,
          uses: 0,
          secrets: bytes(1),
        },
      },
      {
        put: "keyPackage",
        record: {
          id: "k1",
          invitationId: "i1",
          keyPackage: bytes(1),
          privatePart: bytes(2),
          createdAt: -1,
          expiresAt: 3,
        },
      },
      {
        put: "request",
        record: {
          id: "r1",
          invitationId: "i1",
          accountId: "xc1",
          name: "n",
          greeting: "hello",
          receivedAt: 4,
          state: "pending",
          body: bytes(),
        },
      },
      { put: "contact", record: sampleContact },
      { put: "conversation", record: sampleConversation("c1") },
      { put: "group", record: { conversationId: "c1", epochPart: bytes(1, 2), ratchetPart: bytes(3) } },
      { put: "event", record: sampleEvent(1, { body: null, isOwn: true, delivery: "queued", via: "nodes" }) },
      { put: "mark", record: { id: hexId(1), conversationId: "c1", isStarred: false, isHidden: true, changedAt: 8 } },
      { put: "outbox", record: { id: "o1", conversationId: "c1", sequence: 1, item: bytes(9), createdAt: 5 } },
      {
        put: "mailbox",
        record: {
          id: "m1",
          conversationId: "c1",
          invitationId: "",
          epoch: 0,
          secrets: bytes(4),
          createdAt: 6,
          retireAt: 0,
        },
      },
      { put: "cursor", record: { id: "m1/n1", cursor: 2 ** 40 } },
      {
        put: "held",
        record: { id: "h1", conversationId: "c1", reason: "epoch-ahead", envelope: bytes(5), expiresAt: 7 },
      },
    ];
    const keyOf = ({ record }: (typeof records)[number]): string => Object.values(record)[0] as string;
    await store.write(records);
    await store.write(records);
    for (const one of records) same(await store.get(one.put, keyOf(one)), one.record, one.put);
    await store.write(records.map((one) => ({ delete: one.put, key: keyOf(one) })));
    await store.write(records.map((one) => ({ delete: one.put, key: keyOf(one) })));
    for (const one of records) same(await store.get(one.put, keyOf(one)), null, one.put);
  }),
  onStore("a write is applied whole or not at all", async (store) => {
    await store.write([{ document: "a", value: bytes(1) }]);
    await refused(
      store.write([
        { document: "a", value: bytes(2) },
        { ratchet: "no such group", ratchetPart: bytes(1) },
      ]),
      "ratchet of no group",
    );
    same(await store.document("a"), bytes(1), "document");
  }),
  onStore("a malformed write fails alone among those that go with it", async (store) => {
    const results = await Promise.allSettled([
      store.write([{ document: "a", value: bytes(1) }]),
      store.write([{ ratchet: "no such group", ratchetPart: bytes(1) }]),
      store.write([{ put: "cursor", record: { id: "x", cursor: 0.5 } }]),
      store.write([{ document: "b", value: bytes(2) }]),
    ]);
    same(
      results.map((result) => result.status),
      ["fulfilled", "rejected", "rejected", "fulfilled"],
      "results",
    );
    same([await store.document("a"), await store.document("b")], [bytes(1), bytes(2)], "documents");
  }),
  onStore("[S3] a read sees every write that was given before it, in their order", async (store) => {
    const writes = range(1, 50).map((n) => store.write([{ document: "a", value: bytes(n) }]));
    same(await store.document("a"), bytes(50), "document");
    await Promise.all(writes);
  }),
  onStore("what happens meanwhile reads the change, once, before the write is done", async (store) => {
    const order: string[] = [];
    const first = store.write([{ document: "a", value: bytes(1) }], async () => {
      same(await store.document("a"), bytes(1), "document");
      order.push("meanwhile");
    });
    const second = store.write([{ document: "b", value: bytes(2) }]);
    await Promise.all([first.then(() => order.push("first")), second.then(() => order.push("second"))]);
    same(order, ["meanwhile", "first", "second"], "order");
    same([await store.document("a"), await store.document("b")], [bytes(1), bytes(2)], "documents");
  }),
  onStore("nothing happens meanwhile where the change cannot be made", async (store) => {
    let calls = 0;
    const write = store.write([{ ratchet: "nowhere", ratchetPart: bytes(1) }], async () => void calls++);
    await write.catch(() => {});
    same(calls, 0, "calls");
  }),
  onStore("moving a ratchet leaves the epoch as it is", async (store) => {
    const group = { conversationId: "c1", epochPart: bytes(1, 2, 3), ratchetPart: bytes(4) };
    await store.write([{ put: "group", record: group }]);
    await store.write([{ ratchet: "c1", ratchetPart: bytes(5, 6) }]);
    same(await store.get("group", "c1"), { ...group, ratchetPart: bytes(5, 6) }, "group");
  }),
  onStore("documents are set and taken away", async (store) => {
    await store.write([{ document: "profile", value: bytes() }]);
    same(await store.document("profile"), bytes(), "empty document");
    await store.write([{ document: "profile", value: null }]);
    same(await store.document("profile"), null, "no document");
  }),
  onStore("seen hashes are remembered until their time is over", async (store) => {
    await store.write([{ seen: ["aa", "bb"], until: 100 }]);
    await store.write([{ seen: ["bb", "cc"], until: 200 }]);
    await store.write([{ seen: ["cc"], until: 50 }]);
    same(await store.seen(["aa", "bb", "cc", "dd"]), new Set(["aa", "bb", "cc"]), "seen");
    await store.write([{ forgetSeenBefore: 101 }]);
    same(await store.seen(["aa", "bb", "cc", "dd"]), new Set(["bb", "cc"]), "seen later");
    same(await store.seen([]), new Set(), "seen of none");
  }),
  onStore("forgetting a conversation takes all of it, and nothing of others", async (store) => {
    await store.write([...changesOf("c1", 10), ...changesOf("c2", 20)]);
    await store.write([{ forget: "c1" }]);
    same(
      (await store.all("conversation")).map((one) => one.id),
      ["c2"],
      "conversations",
    );
    same([await store.get("group", "c1"), await store.get("event", hexId(10))], [null, null], "group and event");
    same((await store.pendingEvents("c1")).length, 0, "pending events");
    same(ids(await store.search("findable", null, 10)), [20], "search");
    same((await store.summary("c1", null)).unread, 0, "unread");
    same(
      (await store.all("outbox")).map((one) => one.id),
      ["o20"],
      "outbox",
    );
    same(
      (await store.all("mailbox")).map((one) => one.id),
      ["m20"],
      "mailboxes",
    );
    same(
      (await store.all("cursor")).map((one) => one.id),
      ["m20/node"],
      "cursors",
    );
    same([(await store.held("c1")).length, (await store.held("c2")).length], [0, 1], "held");
    same((await store.all("contact")).length, 2, "contacts");
    same((await store.marks([hexId(10), hexId(20)])).length, 1, "marks");
  }),
  onStore("parts come by conversation and kind, in the order of their ids", async (store) => {
    const part = (conversationId: string, kind: string, name: string): StoreChange => ({
      put: "part",
      record: {
        id: `${conversationId}/${kind}/${name}`,
        conversationId,
        kind,
        value: bytes(name.length),
        createdAt: 1,
      },
    });
    await store.write([part("c1", "own", "bb"), part("c1", "own", "a"), part("c1", "epoch", "e")]);
    await store.write([part("c1", "session", ""), part("c2", "own", "x")]);
    const found = async (...kinds: readonly string[]): Promise<readonly string[]> =>
      (await store.parts("c1", kinds)).map(({ id }) => id);
    same(await found("own", "session"), ["c1/own/a", "c1/own/bb", "c1/session/"], "own and session");
    same(await found("none"), [], "none");
    same((await store.parts("c3", ["own"])).length, 0, "another conversation");
    await store.write([{ forgetParts: "c1", kinds: ["own", "session"] }, part("c1", "own", "new")]);
    same(await found("own", "session", "epoch"), ["c1/epoch/e", "c1/own/new"], "what was not forgotten");
    same((await store.parts("c2", ["own"])).length, 1, "of another conversation");
  }),
  onStore("the outbox comes in the order in which things were asked for", async (store) => {
    await store.write([outboxItem("a", 30), outboxItem("b", 4), outboxItem("c", 200)]);
    same(
      (await store.all("outbox")).map((one) => one.id),
      ["b", "a", "c"],
      "outbox",
    );
  }),
];

const READING: readonly StoreContractCase[] = [
  onStore("pages go by position in both directions, and say what lies beyond", async (store) => {
    await store.write(putEvents(...range(1, 25).map((n) => sampleEvent(n))));
    await store.write(putEvents(sampleEvent(26, { state: "pending" }), sampleEvent(27, { conversationId: "c2" })));
    const newest = await store.eventsBefore("c1", null, 10);
    same([ids(newest.events), newest.hasOlder, newest.hasNewer], [range(16, 25), true, false], "newest");
    const middle = await store.eventsBefore("c1", at(16), 10);
    same([ids(middle.events), middle.hasOlder, middle.hasNewer], [range(6, 15), true, true], "middle");
    const oldest = await store.eventsBefore("c1", at(6), 10);
    same([ids(oldest.events), oldest.hasOlder, oldest.hasNewer], [range(1, 5), false, true], "oldest");
    const after = await store.eventsAfter("c1", at(20), 3);
    same([ids(after.events), after.hasOlder, after.hasNewer], [[21, 22, 23], true, true], "after");
    const end = await store.eventsAfter("c1", at(25), 3);
    same([ids(end.events), end.hasOlder, end.hasNewer], [[], true, false], "end");
    const start = await store.eventsAfter("c1", { depth: -1, id: "" }, 100);
    same([ids(start.events), start.hasOlder, start.hasNewer], [range(1, 25), false, false], "all");
    same(await store.eventsBefore("none", null, 5), { events: [], hasOlder: false, hasNewer: false }, "no such chat");
  }),
  onStore("events of one depth are ordered by id", async (store) => {
    await store.write(putEvents(...[3, 1, 2].map((n) => sampleEvent(n, { depth: 7 }))));
    same(ids((await store.eventsBefore("c1", null, 10)).events), [1, 2, 3], "order");
    same(ids((await store.eventsBefore("c1", { depth: 7, id: hexId(3) }, 1)).events), [2], "before");
    same(ids((await store.eventsAfter("c1", { depth: 7, id: hexId(1) }, 1)).events), [2], "after");
  }),
  onStore("events are found by id, by author and while pending", async (store) => {
    await store.write(
      putEvents(
        ...[5, 2, 9].map((n) => sampleEvent(n, { author: "a2" })),
        sampleEvent(30, { state: "pending", receivedAt: 9 }),
        sampleEvent(31, { state: "pending", receivedAt: 3 }),
      ),
    );
    same(ids(await store.eventsById([hexId(9), hexId(77), hexId(2), hexId(9)])), [9, 2], "by id");
    same(ids(await store.eventsOfAuthor("c1", "a2", 3, 10)), [5, 9], "by author");
    same(ids(await store.eventsOfAuthor("c1", "a2", 0, 2)), [2, 5], "limited");
    same(ids(await store.pendingEvents("c1")), [31, 30], "pending");
  }),
  onStore("the summary follows every change of the conversation", async (store) => {
    const unread = async (n: number | null): Promise<number> =>
      (await store.summary("c1", n === null ? null : at(n))).unread;
    same(await store.summary("c1", null), { last: null, unread: 0 }, "empty");
    await store.write(putEvents(...range(1, 6).map((n) => sampleEvent(n, { isOwn: n === 4 }))));
    same([(await store.summary("c1", null)).last, await unread(null), await unread(2)], [sampleEvent(6), 5, 3], "some");
    await store.write(putEvents(sampleEvent(7), sampleEvent(8, { state: "pending" }), sampleEvent(9, { isOwn: true })));
    same(await unread(2), 4, "one more");
    await store.write(putEvents(sampleEvent(8), sampleEvent(8)));
    same(await unread(2), 5, "pending one shown");
    await store.write([
      { delete: "event", key: hexId(7) },
      { delete: "event", key: hexId(1) },
    ]);
    same(await unread(2), 4, "one deleted");
    await store.write(putEvents(sampleEvent(2, { depth: 20 })));
    same([await unread(2), await unread(6), (await store.summary("c1", null)).last?.depth], [5, 2, 20], "one moved");
  }),
  onStore("what is no row is on no page, counts as nothing, and is found by what it acts on", async (store) => {
    const [first, edit] = [hexId(1), hexId(3)];
    await store.write(
      putEvents(
        ...range(1, 2).map((n) => sampleEvent(n)),
        sampleEvent(3, { row: "none", text: "", replaces: first }),
        sampleEvent(4, { row: "none", text: "", target: hexId(2), replaces: edit }),
        sampleEvent(5, { row: "quiet", kind: "pin", text: "", target: first }),
        sampleEvent(6, { row: "none", text: "", target: first, state: "pending" }),
        sampleEvent(7, { row: "none", text: "hidden words", target: first, conversationId: "c2" }),
      ),
    );
    same(ids((await store.eventsBefore("c1", null, 10)).events), [1, 2, 5], "before");
    same(ids((await store.eventsAfter("c1", at(1), 10)).events), [2, 5], "after");
    const summary = await store.summary("c1", null);
    same([summary.unread, summary.last?.id], [2, hexId(5)], "summary");
    same(ids(await store.eventsAbout("c1", [first])).toSorted(), [3, 5], "about the first");
    same(ids(await store.eventsAbout("c1", [first, edit, ""])).toSorted(), [3, 4, 5], "about both");
    same(ids(await store.pins("c1", 10)), [5], "pins");
    same(ids(await store.search("hidden", null, 10)), [], "search");
    await store.write(putEvents(sampleEvent(1, { row: "none" }), sampleEvent(2, { row: "quiet" })));
    same((await store.summary("c1", null)).unread, 0, "unread after they changed");
  }),
  onStore("what disappears is found by its moment, or by its place while that is not known", async (store) => {
    const own = { isOwn: true, delivery: "queued" };
    await store.write(
      putEvents(
        sampleEvent(1, { disappearsAt: 300 }),
        sampleEvent(2, { disappearsAt: 200 }),
        sampleEvent(3, { disappearsAt: 100, ...own }),
        sampleEvent(4, { disappearsAt: -1 }),
        sampleEvent(5, { disappearsAt: -1 }),
        sampleEvent(6),
        sampleEvent(7, { disappearsAt: 50, isOwn: true, delivery: "unsent" }),
      ),
    );
    same(ids(await store.disappearing("c1", 10)), [2, 1], "by time");
    same(ids(await store.disappearing("c1", 1)), [2], "the next");
    same(ids(await store.waitingForReading("c1", at(4))), [4], "up to the first");
    same(ids(await store.waitingForReading("c1", at(9))).toSorted(), [4, 5], "up to the end");
    await store.write(putEvents(sampleEvent(3, { disappearsAt: 100, ...own, delivery: "stored" })));
    same(ids(await store.disappearing("c1", 10)), [3, 2, 1], "once it has gone somewhere");
  }),
  onStore("stars are listed with the latest first, over all chats, while their row is there", async (store) => {
    const star = (n: number, conversationId: string, isStarred = true): StoreChange => ({
      put: "mark",
      record: { id: hexId(n), conversationId, isStarred, isHidden: false, changedAt: 100 - n },
    });
    await store.write(putEvents(...range(1, 5).map((n) => sampleEvent(n, { conversationId: n < 4 ? "c1" : "c2" }))));
    await store.write([star(1, "c1"), star(2, "c1"), star(3, "c1", false), star(4, "c2"), star(9, "c1")]);
    same(ids(await store.starred(null, 10)), [1, 2, 4], "all");
    same(ids(await store.starred("c1", 10)), [1, 2], "one chat");
    await store.write(putEvents(sampleEvent(1, { row: "none" })));
    same(ids(await store.starred(null, 10)), [2, 4], "once the row has gone");
    await store.write(putEvents(sampleEvent(2, { row: "quiet", kind: "deleted" })));
    same(ids(await store.starred(null, 10)), [4], "once it was deleted for everyone");
    same((await store.marks([hexId(1), hexId(3), hexId(5)])).length, 2, "marks");
    same((await store.all("mark")).map(({ id }) => id).toSorted(), [1, 2, 3, 4, 9].map(hexId).toSorted(), "all marks");
  }),
  onStore("an export goes through every event, also when they change under it", async (store) => {
    await store.write(
      putEvents(...range(1, 450).map((n) => sampleEvent(n, { state: n % 7 === 0 ? "pending" : "shown" }))),
    );
    const seen: number[] = [];
    for await (const event of store.everyEvent("c1")) {
      seen.push(...ids([event]));
      if (seen.length === 100) await store.write([{ delete: "event", key: hexId(50) }]);
    }
    same(seen, range(1, 450), "events");
    const rest: number[] = [];
    for await (const event of store.everyEvent("c1", sampleEvent(430))) rest.push(...ids([event]));
    same(rest, range(431, 450), "behind a position");
  }),
  onStore("search finds words as people type them, in their scripts", async (store) => {
    const texts: readonly string[] = [
      "Grüße aus der Straße in KÖLN",
      "Ein Café, bitte! naïve résumé",
      "東京都に行きました",
      "バスに乗る",
      "שָׁלוֹם עולם",
      "مُحَمَّد إلى السوق",
      "Привет, ёлка",
      "ΟΔΥΣΣΕΥΣ",
      "สวัสดีชาวโลก",
      "नमस्ते दुनिया",
      "안녕하세요 여러분",
      "İstanbul ılık",
      "ﬁnancial Ｆｕｌｌ",
      'quotes " AND NOT near* (x)',
    ];
    await store.write(putEvents(...texts.map((text, index) => sampleEvent(index + 1, { text }))));
    const cases: readonly (readonly [query: string, found: readonly number[]])[] = [
      ["strasse", [1]],
      ["STRASSE koln", [1]],
      ["gru", [1]],
      ["cafe", [2]],
      ["RESUME", [2]],
      ["京都", [3]],
      ["京", [3]],
      ["東京都に", [3]],
      ["大阪", []],
      ["ハス", []],
      ["バス", [4]],
      ["שלום", [5]],
      ["محمد", [6]],
      ["الي", []],
      ["إلى", [6]],
      ["елка", [7]],
      ["οδυσσευσ", [8]],
      ["οδυσσεύς", [8]],
      ["ชาว", [9]],
      ["नमस्ते", [10]],
      ["दुनि", [10]],
      ["하세", [11]],
      ["istanbul ilik", [12]],
      ["financial full", [13]],
      ['"', []],
      ["NEAR", [14]],
      ["x) OR (", []],
      ["not", [14]],
      ["", []],
      ["   ", []],
    ];
    for (const [query, found] of cases) same(ids(await store.search(query, null, 10)), found, `search for ${query}`);
  }),
  onStore("search is newest first, limited, within a conversation, and follows edits and deletions", async (store) => {
    await store.write(
      putEvents(
        ...range(1, 8).map((n) => sampleEvent(n, { text: "apple pie", conversationId: n % 2 === 0 ? "c2" : "c1" })),
        sampleEvent(9, { text: "apple", state: "pending" }),
      ),
    );
    same(ids(await store.search("app", null, 3)), [8, 7, 6], "all");
    same(ids(await store.search("app", "c1", 10)), [7, 5, 3, 1], "one conversation");
    await store.write(putEvents(sampleEvent(7, { text: "pear" }), sampleEvent(5, { text: "" })));
    await store.write([{ delete: "event", key: hexId(3) }, ...putEvents(sampleEvent(9, { text: "apple" }))]);
    same(ids(await store.search("apple", "c1", 10)), [9, 1], "after changes");
    same(ids(await store.search("pear", null, 10)), [7], "new word");
    same(ids(await store.search("apple pear", null, 10)), [], "all words are wanted");
  }),
];

const KEEPING: readonly StoreContractCase[] = [
  {
    name: "a passphrase is set, changed and taken away, and everything stays",
    run: async (opener) => {
      const store = await opener().create(null);
      await store.write([{ document: "a", value: bytes(1) }, ...putEvents(sampleEvent(1))]);
      await store.setPassphrase(null, "first");
      same([store.hasPassphrase(), await opener().state()], [true, "passphrase"], "after setting");
      await store.write([{ document: "b", value: bytes(2) }]);
      await fails(store.setPassphrase(null, "x"), "passphrase-needed", "change without the old one");
      await fails(store.setPassphrase("wrong", "x"), "wrong-passphrase", "change with a wrong one");
      await store.setPassphrase("first", "second");
      await store.close();
      await fails(opener().open("first"), "wrong-passphrase", "open with the old one");
      await fails(opener().open(null), "passphrase-needed", "open with none");
      const again = await opener().open("second");
      same([await again.document("a"), await again.document("b")], [bytes(1), bytes(2)], "documents");
      same(ids(await again.search("message", null, 5)), [1], "search");
      await again.setPassphrase("second", null);
      await again.close();
      const open = await opener().open(null);
      same([open.hasPassphrase(), await open.document("b")], [false, bytes(2)], "without");
      same((await open.health("full")).problems, [], "problems");
      await open.close();
    },
  },
  {
    name: "a store made with a passphrase opens with it alone",
    run: async (opener) => {
      const store = await opener().create("geheim");
      same([store.hasPassphrase(), await opener().state()], [true, "passphrase"], "state");
      await store.close();
      await fails(opener().open("Geheim"), "wrong-passphrase", "another");
      const again = await opener().open("geheim");
      await again.close();
    },
  },
  onStore("writes that are given while the passphrase changes are kept", async (store) => {
    const change = store.setPassphrase(null, "p");
    const writes = range(1, 20).map((n) => store.write([{ document: `d${n}`, value: bytes(n) }]));
    await Promise.all([change, ...writes]);
    await store.write([{ document: "last", value: bytes(99) }]);
    for (const n of range(1, 20)) same(await store.document(`d${n}`), bytes(n), `d${n}`);
    same(await store.document("last"), bytes(99), "last");
  }),
  onStore("health tells the bytes in use and finds nothing wrong", async (store) => {
    await store.write(putEvents(...range(1, 100).map((n) => sampleEvent(n))));
    const health = await store.health("full");
    same([health.problems, health.bytes > 10_000], [[], true], "health");
  }),
];

export const STORE_CONTRACT: readonly StoreContractCase[] = [...LIFE, ...WRITING, ...READING, ...KEEPING];
