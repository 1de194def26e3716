/**
 * What every adapter of the storage port must pass (`port.ts`, ST1 … ST5). An adapter's test calls `nodeStoreContract`.
 */
import { createHash, randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { EXPIRY_HOURS, MAILBOX_HOURS } from "@xchat/protocol";
import type { NodeStore, StoreLimits, StoreOperation, StoreOutcome } from "./port.ts";

export interface StoreUnderTest {
  readonly store: NodeStore;
  /** Closes it and opens it again over the same data. */
  reopen(): Promise<NodeStore>;
  destroy(): Promise<void>;
}

const HOUR = 500_000;
const key = (): Uint8Array => new Uint8Array(randomBytes(32));
const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(data).digest());
const sized = (length = 8_192): Uint8Array => new Uint8Array(randomBytes(length));

export const openMailbox = (mailbox: Uint8Array, hour = HOUR): StoreOperation => ({
  kind: "open-mailbox",
  mailbox,
  hour,
});
export const deposit = (mailbox: Uint8Array, envelope: Uint8Array, hour = HOUR): StoreOperation => ({
  kind: "deposit",
  to: "mailbox",
  mailbox,
  envelope,
  hash: sha256(envelope),
  hour,
});
const commitOf = (mailbox: Uint8Array, envelopes: readonly Uint8Array[], hour = HOUR): StoreOperation => {
  const hashes = envelopes.map(sha256);
  return { kind: "commit", mailbox, envelopes, hashes, commitHash: sha256(Buffer.concat(hashes)), hour };
};
const blobOf = (over: Partial<Extract<StoreOperation, { kind: "put-blob" }>>): StoreOperation => ({
  kind: "put-blob",
  place: key(),
  owner: key(),
  version: 1,
  blob: sized(5_000),
  expiresHour: HOUR + 100,
  mayTakePlace: true,
  hour: HOUR,
  ...over,
});

const REFUSED = (reason: string): StoreOutcome => ({ kind: "refused", reason }) as StoreOutcome;
const DONE: StoreOutcome = { kind: "done" };

export function nodeStoreContract(name: string, open: (limits: Partial<StoreLimits>) => Promise<StoreUnderTest>): void {
  const opened: StoreUnderTest[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.destroy();
  });
  const start = async (limits: Partial<StoreLimits> = {}): Promise<StoreUnderTest> => {
    const one = await open(limits);
    opened.push(one);
    return one;
  };
  const envelopesOf = async (store: NodeStore, mailbox: Uint8Array, after = 0, hour = HOUR): Promise<Uint8Array[]> =>
    (await store.read(mailbox, after, 1_000, hour)).map(({ envelope }) => envelope);

  describe(`storage: ${name}`, () => {
    it("[ST1] keeps what it answered, in order, over a reopening", async () => {
      const under = await start();
      const mailbox = key();
      const sent = [sized(), sized(65_536), sized()];
      const outcomes = await under.store.apply([
        openMailbox(mailbox),
        ...sent.map((envelope) => deposit(mailbox, envelope)),
      ]);
      expect(outcomes[0]).toEqual(DONE);
      expect(outcomes[1]).toEqual({ kind: "stored", isNew: true, hour: HOUR, expiresHour: HOUR + EXPIRY_HOURS });
      expect(await envelopesOf(under.store, mailbox)).toEqual(sent);
      const store = await under.reopen();
      expect(await envelopesOf(store, mailbox)).toEqual(sent);
      await store.apply([deposit(mailbox, sized())]);
      const cursors = (await store.read(mailbox, 0, 10, HOUR)).map(({ cursor }) => cursor);
      expect(cursors).toEqual(cursors.toSorted((a, b) => a - b));
      expect(new Set(cursors).size).toBe(4);
    });

    it("[ST2] operations of a batch see those before them", async () => {
      const { store } = await start();
      const mailbox = key();
      const envelope = sized();
      const outcomes = await store.apply([
        deposit(mailbox, envelope),
        openMailbox(mailbox),
        deposit(mailbox, envelope),
        deposit(mailbox, envelope),
      ]);
      expect(outcomes.map((outcome) => (outcome.kind === "stored" ? outcome.isNew : outcome))).toEqual([
        REFUSED("mailbox-unknown"),
        DONE,
        true,
        false,
      ]);
      expect(await envelopesOf(store, mailbox)).toEqual([envelope]);
    });

    it("[ST3] [MB14] the same envelope again keeps its first copy and its hours, also later", async () => {
      const under = await start();
      const [mailbox, other, envelope] = [key(), key(), sized()];
      await under.store.apply([openMailbox(mailbox), openMailbox(other), deposit(mailbox, envelope)]);
      const [again] = await under.store.apply([deposit(mailbox, envelope, HOUR + 5)]);
      expect(again).toEqual({ kind: "stored", isNew: false, hour: HOUR, expiresHour: HOUR + EXPIRY_HOURS });
      const [elsewhere] = await under.store.apply([deposit(other, envelope, HOUR + 5)]);
      expect(elsewhere).toMatchObject({ isNew: true, hour: HOUR + 5 });
      expect(await envelopesOf(await under.reopen(), mailbox)).toEqual([envelope]);
    });

    it("[ST4] [MB19] a slot goes to the first commit only, also within a batch and over a reopening", async () => {
      const under = await start();
      const mailbox = key();
      const [first, second] = [[sized(), sized(65_536)], [sized()]];
      const outcomes = await under.store.apply([
        openMailbox(mailbox),
        commitOf(mailbox, first),
        commitOf(mailbox, second),
      ]);
      expect(outcomes.slice(1)).toEqual([
        { kind: "stored", isNew: true, hour: HOUR, expiresHour: HOUR + EXPIRY_HOURS },
        REFUSED("slot-taken"),
      ]);
      const store = await under.reopen();
      expect(await store.apply([commitOf(mailbox, second, HOUR + 1), commitOf(mailbox, first, HOUR + 1)])).toEqual([
        REFUSED("slot-taken"),
        { kind: "stored", isNew: false, hour: HOUR, expiresHour: HOUR + EXPIRY_HOURS },
      ]);
      const slot = store.slot(mailbox, HOUR);
      expect(slot).toMatchObject({ count: 2, hour: HOUR });
      expect([await slot?.envelope(0), await slot?.envelope(1)]).toEqual(first);
      expect(await envelopesOf(store, mailbox)).toEqual(first);
      expect(store.mailbox(mailbox, HOUR)).toMatchObject({ kind: "mailbox", hasSlot: true });
    });

    it("[ST4] [MB18] [MB19] a slot has space of its own in a full mailbox, and stays taken when its envelopes have expired", async () => {
      const { store } = await start({ mailboxBytes: 8_192 });
      const mailbox = key();
      await store.apply([openMailbox(mailbox), deposit(mailbox, sized())]);
      const [full, slot] = await store.apply([deposit(mailbox, sized()), commitOf(mailbox, [sized(65_536)])]);
      expect(full).toEqual(REFUSED("mailbox-full"));
      expect(slot).toMatchObject({ kind: "stored" });
      const later = HOUR + EXPIRY_HOURS;
      await store.expire(later);
      expect(store.slot(mailbox, later)).toBeNull();
      expect(await envelopesOf(store, mailbox, 0, later)).toEqual([]);
      expect(await store.apply([commitOf(mailbox, [sized()], later)])).toEqual([REFUSED("slot-taken")]);
      expect(await store.apply([deposit(mailbox, sized(), later)])).toMatchObject([{ kind: "stored" }]);
    });

    it("[ST5] [MB16] reads go on behind a cursor, and nothing expired is read", async () => {
      const { store } = await start();
      const mailbox = key();
      const [early, late] = [
        [sized(), sized()],
        [sized(), sized()],
      ];
      await store.apply([openMailbox(mailbox), ...early.map((one) => deposit(mailbox, one))]);
      await store.apply(late.map((one) => deposit(mailbox, one, HOUR + 3)));
      const rows = await store.read(mailbox, 0, 2, HOUR);
      expect(rows.map(({ envelope }) => envelope)).toEqual(early);
      expect(await envelopesOf(store, mailbox, rows[1]?.cursor)).toEqual(late);
      expect(await envelopesOf(store, mailbox, 0, HOUR + EXPIRY_HOURS)).toEqual(late);
      expect((await store.read(mailbox, 0, 1, HOUR + EXPIRY_HOURS))[0]?.envelope).toEqual(late[0]);
      await store.expire(HOUR + EXPIRY_HOURS);
      expect(await envelopesOf(store, mailbox, 0, HOUR + EXPIRY_HOURS)).toEqual(late);
      await store.expire(HOUR + EXPIRY_HOURS + 3);
      expect(await envelopesOf(store, mailbox, 0, HOUR)).toEqual([]);
    });

    it("[MB15] expiry gives back space, quota and, in the end, the mailbox, but never a cursor", async () => {
      const { store } = await start({ mailboxBytes: 16_384 });
      const mailbox = key();
      await store.apply([openMailbox(mailbox), deposit(mailbox, sized()), deposit(mailbox, sized())]);
      const before = store.mailbox(mailbox, HOUR)?.lastCursor as number;
      expect(await store.apply([deposit(mailbox, sized())])).toEqual([REFUSED("mailbox-full")]);
      const used = store.usage().bytes;
      const later = HOUR + EXPIRY_HOURS;
      await store.expire(later);
      expect(store.usage().bytes).toBeLessThan(used);
      expect(await store.apply([deposit(mailbox, sized(), later)])).toMatchObject([{ kind: "stored" }]);
      expect(store.mailbox(mailbox, later)?.lastCursor).toBeGreaterThan(before);
      const gone = later + MAILBOX_HOURS;
      await store.expire(gone - 1);
      expect(store.mailbox(mailbox, gone - 1)).not.toBeNull();
      await store.expire(gone);
      expect(store.mailbox(mailbox, gone)).toBeNull();
      expect(store.usage().mailboxes).toBe(0);
      expect(await store.apply([deposit(mailbox, sized(), gone)])).toEqual([REFUSED("mailbox-unknown")]);
    });

    it("[MB17] cursors begin behind 65,536 for each hour, and grow over the loss of everything", async () => {
      const mailbox = key();
      const cursorsFrom = async (hour: number): Promise<number[]> => {
        const { store } = await start();
        await store.apply([
          openMailbox(mailbox, hour),
          deposit(mailbox, sized(), hour),
          deposit(mailbox, sized(), hour),
        ]);
        return (await store.read(mailbox, 0, 10, hour)).map(({ cursor }) => cursor);
      };
      const before = await cursorsFrom(HOUR);
      expect(before[0]).toBeGreaterThan(65_536 * HOUR);
      expect(before[1]).toBeGreaterThan(before[0] as number);
      // A store that knows nothing of the first one, an hour later.
      expect((await cursorsFrom(HOUR + 1))[0]).toBeGreaterThan(before[1] as number);
    });

    it("foresees what it would answer, and does nothing for it", async () => {
      const { store } = await start({ inboxEnvelopes: 1 });
      const inbox = key();
      const toInbox = (): StoreOperation => ({ ...deposit(inbox, sized()), to: "inbox" }) as StoreOperation;
      expect(store.foresee(toInbox())).toEqual(REFUSED("inbox-unknown"));
      await store.apply([{ kind: "open-inbox", mailbox: inbox, expiresHour: HOUR + 24, hour: HOUR }]);
      expect(store.foresee(toInbox())).toMatchObject({ kind: "stored", isNew: true });
      expect(await envelopesOf(store, inbox)).toEqual([]);
      await store.apply([toInbox()]);
      expect(store.foresee(toInbox())).toEqual(REFUSED("inbox-full"));
    });

    it("[MB20] an inbox has its own quota, takes no commit and no ordinary deposit, and ends at its hour", async () => {
      const { store } = await start({ inboxEnvelopes: 2 });
      const inbox = key();
      const toInbox = (envelope: Uint8Array): StoreOperation =>
        ({ ...deposit(inbox, envelope), to: "inbox" }) as StoreOperation;
      await store.apply([{ kind: "open-inbox", mailbox: inbox, expiresHour: HOUR + 24, hour: HOUR }]);
      const outcomes = await store.apply([
        toInbox(sized()),
        toInbox(sized()),
        toInbox(sized()),
        deposit(inbox, sized()),
        commitOf(inbox, [sized()]),
      ]);
      expect(outcomes.slice(2)).toEqual([
        REFUSED("inbox-full"),
        REFUSED("mailbox-unknown"),
        REFUSED("mailbox-unknown"),
      ]);
      expect(await store.apply([openMailbox(inbox)])).toEqual([REFUSED("mailbox-unknown")]);
      expect(store.mailbox(inbox, HOUR + 24)).toBeNull();
    });

    it("[MB26] [MB27] [MB28] a blob belongs to its first owner, in growing versions, and its place is kept when it is removed", async () => {
      const under = await start();
      const [place, owner, big] = [key(), key(), sized(65_536)];
      const at = (over: object): StoreOperation => blobOf({ place, owner, ...over });
      const remove = (version: number, by = owner): StoreOperation => ({
        kind: "remove-blob",
        place,
        owner: by,
        version,
        hour: HOUR,
      });
      expect(await under.store.apply([at({ mayTakePlace: false })])).toEqual([REFUSED("stamp-needed")]);
      const first = sized(100);
      const outcomes = await under.store.apply([
        at({ blob: first }),
        at({ blob: first }),
        at({ blob: sized(100) }),
        at({ version: 2, blob: big }),
        at({ version: 1, blob: first }),
        at({ version: 9, owner: key() }),
        remove(9, key()),
      ]);
      expect(outcomes).toEqual([
        DONE,
        DONE,
        REFUSED("version-old"),
        DONE,
        REFUSED("version-old"),
        REFUSED("place-taken"),
        REFUSED("place-taken"),
      ]);
      const store = await under.reopen();
      expect(store.blob(place, HOUR)).toEqual({ version: 2, blob: big });
      await store.apply([at({ version: 3, blob: first })]);
      expect(store.blob(place, HOUR)).toEqual({ version: 3, blob: first });
      expect(await store.apply([remove(3), remove(4), remove(4)])).toEqual([REFUSED("version-old"), DONE, DONE]);
      expect(store.blob(place, HOUR)).toBeNull();
      expect(store.isPlaceTaken(place, HOUR)).toBe(true);
      await store.expire(HOUR + 100);
      expect(store.isPlaceTaken(place, HOUR)).toBe(false);
      expect(store.usage().blobs).toBe(0);
    });

    it("the node as a whole has limits, and a full one says so without harm", async () => {
      const { store } = await start({ totalBytes: 40_000, mailboxes: 2, blobs: 1 });
      const [first, second] = [key(), key()];
      const opened = await store.apply([openMailbox(first), openMailbox(second), openMailbox(key())]);
      expect(opened).toEqual([DONE, DONE, REFUSED("node-full")]);
      expect(await store.apply([blobOf({ blob: sized(10) }), blobOf({})])).toEqual([DONE, REFUSED("node-full")]);
      const sent = Array.from({ length: 6 }, () => sized());
      const outcomes = await store.apply(sent.map((envelope) => deposit(first, envelope)));
      const stored = sent.filter((_, i) => outcomes[i]?.kind === "stored");
      expect(stored.length).toBeGreaterThan(0);
      expect(outcomes.at(-1)).toEqual(REFUSED("node-full"));
      expect(await envelopesOf(store, first)).toEqual(stored);
    });

    it("many writers at once lose nothing", async () => {
      const { store } = await start();
      const mailboxes = Array.from({ length: 10 }, key);
      await store.apply(mailboxes.map((mailbox) => openMailbox(mailbox)));
      const sent = new Map(mailboxes.map((mailbox) => [mailbox, Array.from({ length: 20 }, () => sized())]));
      await Promise.all(
        [...sent].flatMap(([mailbox, envelopes]) =>
          envelopes.map((envelope) => store.apply([deposit(mailbox, envelope)])),
        ),
      );
      for (const [mailbox, envelopes] of sent) expect(await envelopesOf(store, mailbox)).toEqual(envelopes);
    });
  });
}
