/** A client's link and a real node: every operation of the port, over a real socket (spec/mailbox.md). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import type { MailboxKey, NodeAccess, NodeConnector, NodeOutcome, StoredEnvelope } from "@xchat/client/ports";
import { nodeConnector } from "@xchat/transport/node";
import { startNodeProcess, type NodeProcess } from "../../packages/testkit/src/node-process.ts";

const provider = nodeCryptoProvider();
const clock = {
  now: () => Date.now(),
  after: (milliseconds: number, call: () => void) => {
    const timer = setTimeout(call, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};

const connector = (): NodeConnector => nodeConnector({ provider, clock });
const envelope = (size = 8_192): Uint8Array => provider.randomBytes(size);
const never = new AbortController().signal;

async function newKey(): Promise<MailboxKey> {
  const { publicKey, secretKey } = await provider.ed25519KeyPair(provider.randomBytes(32));
  return { seed: secretKey, publicKey };
}

function valueOf<T>(outcome: NodeOutcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome.error)}`);
  return outcome.value;
}

/** Collects what a subscription brings, and waits for what a test expects. */
function collect(access: NodeAccess, context: string, mailboxes: { key: MailboxKey; after: number }[]) {
  const received: StoredEnvelope[] = [];
  const batches: number[] = [];
  const abort = new AbortController();
  let changed: () => void = () => {};
  let isCaughtUp = false;
  const done = access.subscribe({
    context,
    mailboxes,
    signal: abort.signal,
    onEnvelopes: (envelopes) => {
      received.push(...envelopes);
      batches.push(envelopes.length);
      changed();
    },
    onCaughtUp: () => {
      isCaughtUp = true;
      changed();
    },
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  return {
    received,
    batches,
    done,
    stop: () => abort.abort(),
    caughtUp: () => until(() => isCaughtUp),
    count: (wanted: number) => until(() => received.length >= wanted),
  };
}

describe("a client's link to a node", () => {
  let node: NodeProcess;
  let access: NodeAccess;
  let links: NodeConnector;

  beforeAll(async () => {
    node = await startNodeProcess();
    links = connector();
    access = links.access(node.hint);
  });
  afterAll(async () => {
    access.close();
    await node.remove();
  });

  it("[D1] discovers the key of a node at an address that a person typed", async () => {
    const found = valueOf(await links.discover(`localhost:${new URL(node.webAddress).port}`, never));
    expect(found).toEqual({ address: node.hint.address, keyHash: node.hint.keyHash });
  });

  it("[D1] does not speak with a node of another key", async () => {
    const other = connector().access({ ...node.hint, keyHash: provider.randomBytes(32) });
    const outcome = await other.getBlob({ place: provider.randomBytes(32) });
    expect(outcome).toEqual({ ok: false, error: { kind: "key-changed" } });
    expect(other.state).toBe("key-changed");
    other.close();
  });

  it("[D1] reaches a node for which somebody has named the address of another one", async () => {
    const another = await startNodeProcess();
    const claimed = connector();
    const wrong = claimed.access({ address: another.hint.address, keyHash: node.hint.keyHash });
    const place = provider.randomBytes(32);
    expect(await wrong.getBlob({ place })).toEqual({ ok: false, error: { kind: "key-changed" } });
    const right = claimed.access(node.hint);
    expect(await right.getBlob({ place })).toEqual({ ok: true, value: null });
    wrong.close();
    right.close();
    await another.remove();
  });

  it("[MB12] stores an envelope in a mailbox that it opens, with a receipt that anybody can verify", async () => {
    const mailbox = await newKey();
    const sent = envelope();
    const receipt = valueOf(await access.deposit({ context: "a", mailbox, envelope: sent }));
    const shown = await links.discover(node.hint.address, never);
    expect(shown.ok).toBe(true);
    const again = valueOf(await access.deposit({ context: "a", mailbox, envelope: sent }));
    expect(again.bytes.length).toBe(receipt.bytes.length);
    const reader = collect(access, "a", [{ key: mailbox, after: 0 }]);
    await reader.caughtUp();
    expect(reader.received.map((row) => row.envelope)).toEqual([sent]);
    reader.stop();
    expect(await reader.done).toEqual({ ok: true, value: undefined });
  });

  it("[MB24] catches up, tells so, and then pushes what comes, of all mailboxes of a subscription", async () => {
    const [first, second] = [await newKey(), await newKey()];
    const early = [envelope(), envelope(65_536), envelope()];
    for (const sent of early) valueOf(await access.deposit({ context: "b", mailbox: first, envelope: sent }));
    const reader = collect(access, "b", [
      { key: first, after: 0 },
      { key: second, after: 0 },
    ]);
    await reader.caughtUp();
    expect(reader.received.map((row) => row.envelope)).toEqual(early);
    const late = envelope();
    valueOf(await access.deposit({ context: "b", mailbox: second, envelope: late }));
    await reader.count(4);
    expect(reader.received[3]).toMatchObject({ mailbox: second.publicKey, envelope: late });
    reader.stop();

    const after = (reader.received[1] as StoredEnvelope).cursor;
    const resumed = collect(access, "b", [{ key: first, after }]);
    await resumed.caughtUp();
    expect(resumed.received.map((row) => row.envelope)).toEqual(early.slice(2));
    resumed.stop();
  });

  it("hands out together what a node has kept, so that it is saved together", async () => {
    const mailbox = await newKey();
    const sent = Array.from({ length: 40 }, () => envelope());
    for (const one of sent) valueOf(await access.deposit({ context: "together", mailbox, envelope: one }));
    // Nothing but the end of what is there makes it hand out: its patience has no end here.
    const patient = {
      ...clock,
      after: (wait: number, call: () => void) => clock.after(wait < 1_000 ? 2_000_000_000 : wait, call),
    };
    const other = nodeConnector({ provider, clock: patient }).access(node.hint);
    const reading = collect(other, "together", [{ key: mailbox, after: 0 }]);
    await reading.caughtUp();
    expect(reading.received.map((one) => one.envelope)).toEqual(sent);
    expect(reading.batches).toEqual([40]);
    // What comes from then on does not wait.
    valueOf(await access.deposit({ context: "together", mailbox, envelope: envelope() }));
    await reading.count(41);
    reading.stop();
    await reading.done;
    other.close();
  });

  it("[MB19] gives a commit slot to the first commit, and the same receipt to the same commit", async () => {
    const mailbox = await newKey();
    const winner = [envelope(65_536), envelope(65_536), envelope()];
    expect(valueOf(await access.fetchSlot({ context: "c", mailbox }))).toBeNull();
    valueOf(await access.depositCommit({ context: "c", mailbox, envelopes: winner }));
    valueOf(await access.depositCommit({ context: "c", mailbox, envelopes: winner }));
    const loser = await access.depositCommit({ context: "c", mailbox, envelopes: [envelope()] });
    expect(loser).toEqual({ ok: false, error: { kind: "refused", reason: "slot-taken" } });
    const slot = valueOf(await access.fetchSlot({ context: "c", mailbox }));
    expect(slot?.envelopes).toEqual(winner);
    const reader = collect(access, "c", [{ key: mailbox, after: 0 }]);
    await reader.caughtUp();
    expect(reader.received.map((row) => row.envelope)).toEqual(winner);
    reader.stop();
  });

  it("[MB3] takes a commit of sixteen large envelopes", async () => {
    const mailbox = await newKey();
    const envelopes = Array.from({ length: 16 }, () => envelope(65_536));
    valueOf(await access.depositCommit({ context: "d", mailbox, envelopes }));
    const slot = valueOf(await access.fetchSlot({ context: "d", mailbox }));
    expect(slot?.envelopes).toEqual(envelopes);
  });

  it("[MB20] [MB22] opens a contact inbox that strangers write to and only its owner reads", async () => {
    const inbox = await newKey();
    const stranger = connector().access(node.hint);
    const unknown = await stranger.depositInbox({ inboxPublicKey: inbox.publicKey, envelope: envelope() });
    expect(unknown).toEqual({ ok: false, error: { kind: "refused", reason: "inbox-unknown" } });
    valueOf(await access.openInbox({ inbox, expiresAt: Date.now() + 86_400_000 }));
    const sent = envelope();
    valueOf(await stranger.depositInbox({ inboxPublicKey: inbox.publicKey, envelope: sent }));
    const reader = collect(access, "inbox", [{ key: inbox, after: 0 }]);
    await reader.caughtUp();
    expect(reader.received.map((row) => row.envelope)).toEqual([sent]);
    reader.stop();
    const thief: MailboxKey = { ...(await newKey()), publicKey: inbox.publicKey };
    const stolen = collect(stranger, "x", [{ key: thief, after: 0 }]);
    expect(await stolen.done).toMatchObject({ ok: false });
    expect(stolen.received).toEqual([]);
    stranger.close();
  });

  it("[MB26] [MB27] [MB28] keeps a blob for its first owner, in growing versions, and keeps the place when it is removed", async () => {
    const [owner, other, place] = [await newKey(), await newKey(), provider.randomBytes(32)];
    const expiresAt = Date.now() + 30 * 86_400_000;
    const [first, second] = [provider.randomBytes(5_000), provider.randomBytes(65_536)];
    expect(valueOf(await access.getBlob({ place }))).toBeNull();
    valueOf(await access.putBlob({ place, owner, version: 1, blob: first, expiresAt }));
    expect(valueOf(await access.getBlob({ place }))).toEqual({ blob: first, version: 1 });
    valueOf(await access.putBlob({ place, owner, version: 2, blob: second, expiresAt }));
    valueOf(await access.putBlob({ place, owner, version: 2, blob: second, expiresAt }));
    expect(valueOf(await access.getBlob({ place }))).toEqual({ blob: second, version: 2 });
    const refusal = (outcome: NodeOutcome<unknown>) =>
      outcome.ok ? "none" : (outcome.error as { reason: string }).reason;
    expect(refusal(await access.putBlob({ place, owner, version: 1, blob: first, expiresAt }))).toBe("version-old");
    expect(refusal(await access.putBlob({ place, owner: other, version: 3, blob: first, expiresAt }))).toBe(
      "place-taken",
    );
    valueOf(await access.removeBlob({ place, owner, version: 3 }));
    expect(valueOf(await access.getBlob({ place }))).toBeNull();
    expect(refusal(await access.putBlob({ place, owner: other, version: 4, blob: first, expiresAt }))).toBe(
      "place-taken",
    );
  });

  it("tells where STUN is, and that the node is gone", async () => {
    expect(access.stunAddress()).toBe(`stun:localhost:${new URL(node.webAddress).port}`);
    const mailbox = await newKey();
    const reader = collect(access, "e", [{ key: mailbox, after: 0 }]);
    await reader.caughtUp();
    await node.kill();
    expect(await reader.done).toEqual({ ok: false, error: { kind: "unreachable" } });
    expect(await access.deposit({ context: "e", mailbox, envelope: envelope() })).toEqual({
      ok: false,
      error: { kind: "unreachable" },
    });
    expect(access.state).toBe("down");
    await node.restart();
    valueOf(await access.deposit({ context: "e", mailbox, envelope: envelope() }));
    expect(access.state).toBe("ready");
  });
});
