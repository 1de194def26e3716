import { nodeCryptoProvider } from "@xchat/crypto/node";
import { equalBytes, expectOk } from "@xchat/codec";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isListedDevice, readOperation, verifyChain } from "../identity/chain.ts";
import {
  bitFlips,
  keyOf,
  mustExtend,
  mustVerify,
  newPerson,
  NOW,
  seedOf,
  type Person,
} from "../identity/test-actors.ts";
import { openEnvelope, sealEnvelopes } from "../envelope/envelope.ts";
import { collectFragment, emptyReassembly } from "../envelope/reassembly.ts";
import type { NodeHint } from "../node-hint.ts";
import { LINK_CODE_LIFETIME_MS, linkRendezvous } from "./link-code.ts";
import { LINK_ANSWER_PATIENCE_MS, LINK_PERSON_PATIENCE_MS, startExistingLink } from "./link-existing.ts";
import { decodeLinkFrame, encodeLinkFrame, LINK_NUMBER } from "./link-messages.ts";
import {
  exchange,
  lastSeen,
  newExistingSide,
  newNewSide,
  tellExisting,
  tellNew,
  type ExistingSide,
  type Mailbox,
  type NewSide,
} from "./test-actors.ts";

const provider = nodeCryptoProvider();
let alice: Person;
let mallory: Person;
let mailbox: Mailbox;
let phone: ExistingSide;
let laptop: NewSide;
/** How far `go` has read the mailbox. */
let at: number;

beforeAll(async () => {
  alice = await newPerson(provider, "alice");
  mallory = await newPerson(provider, "mallory");
});

beforeEach(async () => {
  mailbox = [];
  at = 0;
  phone = await newExistingSide(provider, alice, mailbox);
  laptop = newNewSide(provider, phone.state.code);
});

const go = async (): Promise<void> => {
  at = await exchange(provider, phone, laptop, mailbox, at);
};
const tellPhone = (input: Parameters<typeof tellExisting>[3]) => tellExisting(provider, phone, mailbox, input);
const tellLaptop = (input: Parameters<typeof tellNew>[3]) => tellNew(provider, laptop, mailbox, input);
const numbers = (): readonly number[] => mailbox.map((frame) => expectOk(decodeLinkFrame(frame), "frame").number);

/** To where the person has typed the digits on the phone. */
async function approve(): Promise<void> {
  await go();
  await tellPhone({ kind: "digits", typed: lastSeen(laptop, "show-digits").digits });
  await go();
}

async function grant(): Promise<Uint8Array> {
  await approve();
  await tellLaptop({ kind: "accept-account" });
  await go();
  return lastSeen(phone, "save-chain").chain;
}

async function toWelcome(): Promise<void> {
  await grant();
  await tellPhone({ kind: "chain-saved" });
  await go();
  await tellLaptop({ kind: "identity-saved" });
  await tellLaptop({ kind: "key-package", keyPackage: Uint8Array.of(7) });
  await go();
}

const newcomer = (welcome: Uint8Array): { readonly welcome: Uint8Array; readonly introduction: Uint8Array } => ({
  welcome,
  introduction: Uint8Array.of(9),
});

describe("a link", () => {
  it("[DV7] [DV8] [DV10] [DV13] makes a laptop a device of Alice", async () => {
    await go();
    expect(lastSeen(phone, "ask-person").deviceName).toBe("laptop");
    const { digits } = lastSeen(laptop, "show-digits");
    expect(digits).toMatch(/^\d{6}$/);
    await tellPhone({ kind: "digits", typed: `${digits.slice(0, 3)} ${digits.slice(3)}` });
    await go();
    expect(lastSeen(laptop, "confirm-account")).toMatchObject({ accountId: alice.accountId, name: "alice" });
    expect(phone.seen.map(({ kind }) => kind)).toEqual(["ask-person"]);
    await tellLaptop({ kind: "accept-account" });
    await go();
    const { chain } = lastSeen(phone, "save-chain");
    expect(numbers()).not.toContain(LINK_NUMBER.grant);
    await tellPhone({ kind: "chain-saved" });
    await go();
    expect(lastSeen(laptop, "save-identity").chain).toEqual(chain);
    await tellLaptop({ kind: "identity-saved" });
    await tellLaptop({ kind: "key-package", keyPackage: Uint8Array.of(1, 2) });
    await go();
    expect(lastSeen(phone, "welcome-device").keyPackage).toEqual(Uint8Array.of(1, 2));
    await tellPhone({ kind: "welcome", newcomer: newcomer(Uint8Array.of(3)) });
    await go();
    expect(lastSeen(laptop, "join").newcomer.welcome).toEqual(Uint8Array.of(3));
    await tellLaptop({ kind: "joined" });
    await go();
    const identity = await mustVerify(provider, chain);
    expect(identity.accountId).toBe(alice.accountId);
    expect(isListedDevice(identity, await keyOf(provider, "laptop"))).toBe(true);
    expect(lastSeen(phone, "linked").deviceName).toBe("laptop");
    expect(lastSeen(laptop, "linked").chain).toEqual(chain);
    expect(numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("[DV7] what comes twice, out of turn or from nowhere changes nothing", async () => {
    await toWelcome();
    const before = mailbox.length;
    for (const frame of mailbox.slice(0, before)) {
      await tellPhone({ kind: "frame", frame });
      await tellLaptop({ kind: "frame", frame });
    }
    expect(mailbox.length).toBe(before);
    await tellPhone({ kind: "welcome", newcomer: newcomer(Uint8Array.of(3)) });
    await go();
    await tellLaptop({ kind: "joined" });
    await go();
    expect(phone.state.phase.kind).toBe("linked");
    expect(laptop.state.phase.kind).toBe("linked");
    // A new code meets the frames of the old link.
    const again = await newExistingSide(provider, alice, []);
    for (const frame of mailbox) await tellExisting(provider, again, [], { kind: "frame", frame });
    expect(again.state.phase.kind).toBe("offered");
  });

  it("[DV3] travels in envelopes that look like any others, a large Welcome too", async () => {
    await toWelcome();
    await tellPhone({ kind: "welcome", newcomer: newcomer(new Uint8Array(300_000).fill(7)) });
    const { secret, nodes } = phone.state.code;
    const { wrapKey } = linkRendezvous(provider, secret, (nodes[0] as NodeHint).keyHash);
    const sizes = new Set<number>();
    for (const frame of mailbox) {
      const envelopes = await sealEnvelopes(provider, wrapKey, frame);
      let reassembly = emptyReassembly();
      let payload: Uint8Array | null = null;
      for (const envelope of envelopes) {
        sizes.add(envelope.length);
        const opened = expectOk(await openEnvelope(provider, wrapKey, envelope), "envelope");
        if (opened.kind === "whole") payload = opened.payload;
        else {
          const collected = collectFragment(provider, reassembly, opened);
          reassembly = collected.state;
          payload = collected.payload ?? payload;
        }
      }
      expect(payload).toEqual(frame);
    }
    expect([...sizes].toSorted((a, b) => a - b)).toEqual([8_192, 65_536]);
    await go();
    expect(lastSeen(laptop, "join").newcomer.welcome.length).toBe(300_000);
  });

  it("[DV8] nothing is signed before the digits are right, and three slips end it", async () => {
    await go();
    const { digits } = lastSeen(laptop, "show-digits");
    const wrong = digits === "000000" ? "000001" : "000000";
    await tellPhone({ kind: "digits", typed: wrong });
    expect(lastSeen(phone, "digits-wrong").triesLeft).toBe(2);
    await tellPhone({ kind: "digits", typed: "" });
    await tellPhone({ kind: "digits", typed: wrong });
    expect(lastSeen(phone, "ended")).toEqual({ kind: "ended", reason: "digits-mismatch", listed: null });
    await go();
    expect(lastSeen(laptop, "ended").reason).toBe("other-digits-mismatch");
    expect(numbers()).not.toContain(LINK_NUMBER.draft);
    await tellPhone({ kind: "digits", typed: digits });
    expect(phone.seen.some(({ kind }) => kind === "save-chain")).toBe(false);
  });

  it("[DV8] slips before the right digits are forgiven", async () => {
    await go();
    await tellPhone({ kind: "digits", typed: "12345" });
    await approve();
    expect(lastSeen(laptop, "confirm-account").accountId).toBe(alice.accountId);
  });

  it("[DV9] a second device that answers ends the link", async () => {
    const thief = newNewSide(provider, phone.state.code, "thief");
    const offer = mailbox[0] as Uint8Array;
    await tellNew(provider, thief, mailbox, { kind: "frame", frame: offer });
    await go();
    expect(lastSeen(phone, "ended").reason).toBe("two-devices");
    expect(phone.seen.map(({ kind }) => kind)).not.toContain("save-chain");
  });

  it("[DV9] whoever saw the code and answers first does not have the person's digits", async () => {
    const thief = newNewSide(provider, phone.state.code, "thief");
    at = await exchange(provider, phone, thief, mailbox);
    expect(lastSeen(phone, "ask-person").deviceName).toBe("thief");
    const { digits } = lastSeen(thief, "show-digits");
    // The laptop has read the same offer; its hello comes second.
    await tellLaptop({ kind: "frame", frame: mailbox[0] as Uint8Array });
    expect(laptop.seen).toEqual([]);
    await tellPhone({ kind: "frame", frame: mailbox.at(-1) as Uint8Array });
    expect(lastSeen(phone, "ended").reason).toBe("two-devices");
    await tellPhone({ kind: "digits", typed: digits });
    expect(phone.seen.map(({ kind }) => kind)).not.toContain("save-chain");
  });

  it("[DV10] a chain that moved is drafted again, and signed again", async () => {
    await approve();
    await tellLaptop({ kind: "accept-account" });
    const add = { kind: "add-device", by: alice.deviceKey, deviceKey: await keyOf(provider, "tablet") } as const;
    const moved = await mustExtend(provider, alice.chain, add, "alice phone", "tablet");
    await tellPhone({ kind: "chain-changed", chain: moved });
    await go();
    const first = lastSeen(phone, "save-chain").chain;
    expect((await mustVerify(provider, first)).length).toBe(3);
    const remove = { kind: "remove-device", by: alice.deviceKey, deviceKey: await keyOf(provider, "tablet") } as const;
    const movedAgain = await mustExtend(provider, moved, remove, "alice phone");
    await tellPhone({ kind: "chain-changed", chain: movedAgain });
    await go();
    const second = lastSeen(phone, "save-chain").chain;
    expect((await mustVerify(provider, second)).length).toBe(4);
    expect(laptop.seen.filter(({ kind }) => kind === "confirm-account").length).toBe(1);
    await tellPhone({ kind: "chain-saved" });
    await tellPhone({ kind: "chain-changed", chain: alice.chain });
    await go();
    expect(lastSeen(laptop, "save-identity").chain).toEqual(second);
  });

  it("[DV10] a phone that was removed meanwhile lets nobody in", async () => {
    await go();
    const add = { kind: "add-device", by: alice.deviceKey, deviceKey: await keyOf(provider, "tablet") } as const;
    const tablet = await mustExtend(provider, alice.chain, add, "alice phone", "tablet");
    const remove = { kind: "remove-device", by: add.deviceKey, deviceKey: alice.deviceKey } as const;
    await tellPhone({ kind: "chain-changed", chain: await mustExtend(provider, tablet, remove, "tablet") });
    await tellPhone({ kind: "digits", typed: lastSeen(laptop, "show-digits").digits });
    expect(lastSeen(phone, "ended").reason).toBe("chain-refused");
  });

  it("[DV11] answers no other key than the code's", async () => {
    const other = await newExistingSide(provider, mallory, []);
    const forged: Mailbox = [];
    await newExistingSide(provider, mallory, forged);
    await tellLaptop({ kind: "frame", frame: forged[0] as Uint8Array });
    expect(laptop.state.phase.kind).toBe("reading");
    expect(equalBytes(other.state.code.keyHash, phone.state.code.keyHash)).toBe(false);
  });

  it("[DV12] signs nothing before its person has seen the account", async () => {
    await approve();
    expect(numbers()).not.toContain(LINK_NUMBER.signature);
    await tellLaptop({ kind: "cancel" });
    await go();
    expect(lastSeen(phone, "ended")).toEqual({ kind: "ended", reason: "other-cancelled", listed: null });
    expect(lastSeen(laptop, "ended").isListed).toBe(false);
  });

  it("says whether the chain lists a device whose link did not end well", async () => {
    await grant();
    await tellPhone({ kind: "chain-saved" });
    await go();
    await tellLaptop({ kind: "cancel" });
    await go();
    expect(lastSeen(laptop, "ended").isListed).toBe(true);
    expect(lastSeen(phone, "ended").listed).toEqual(await keyOf(provider, "laptop"));
  });

  it("ends by itself when nobody answers", async () => {
    phone.now = NOW + LINK_CODE_LIFETIME_MS - 1;
    await tellPhone({ kind: "tick" });
    expect(phone.state.phase.kind).toBe("offered");
    phone.now++;
    await tellPhone({ kind: "tick" });
    expect(lastSeen(phone, "ended").reason).toBe("timeout");
    await go();
    expect(laptop.state.phase.kind).toBe("greeted");
    laptop.now = NOW + LINK_ANSWER_PATIENCE_MS;
    await tellLaptop({ kind: "tick" });
    expect(lastSeen(laptop, "ended").reason).toBe("timeout");
  });

  it("ends when the person does not answer, and tells the other side", async () => {
    await go();
    phone.now = NOW + LINK_PERSON_PATIENCE_MS;
    await tellPhone({ kind: "tick" });
    await go();
    expect(lastSeen(laptop, "ended").reason).toBe("other-timeout");
    expect((await tellPhone({ kind: "deny" })).length).toBe(0);
  });

  it("is denied with one tap", async () => {
    await go();
    await tellPhone({ kind: "deny" });
    await go();
    expect(lastSeen(laptop, "ended").reason).toBe("other-denied");
  });

  it("is not offered by a device or for a chain that could not go through with it", async () => {
    const environment = { provider, now: NOW, deviceSeed: seedOf(provider, "nobody") };
    const input = { chain: alice.chain, name: "alice", nodes: [] };
    expect(await startExistingLink(environment, input)).toMatchObject({ error: { reason: "device-not-listed" } });
    let chain = alice.chain;
    for (let i = 0; i < 7; i++) {
      const deviceKey = await keyOf(provider, `device ${i}`);
      chain = await mustExtend(
        provider,
        chain,
        { kind: "add-device", by: alice.deviceKey, deviceKey },
        "alice phone",
        `device ${i}`,
      );
    }
    const own = { provider, now: NOW, deviceSeed: alice.deviceSeed };
    const full = await startExistingLink(own, { ...input, chain });
    expect(full).toMatchObject({ error: { reason: "too-many-devices" } });
  });
});

describe("somebody in the middle of two links", () => {
  /**
   * Mallory gave the laptop a code of their own and answers Alice's code with a device of their own. Both links are
   * sound; the digits are not the same but for one chance in a million.
   */
  it("[DV5] has other digits on either side", async () => {
    const toLaptop: Mailbox = [];
    const fake = await newExistingSide(provider, mallory, toLaptop);
    const victim = newNewSide(provider, fake.state.code);
    await exchange(provider, fake, victim, toLaptop);
    const thief = newNewSide(provider, phone.state.code, "thief");
    await exchange(provider, phone, thief, mailbox);
    const shown = lastSeen(victim, "show-digits").digits;
    expect(shown).not.toBe(lastSeen(thief, "show-digits").digits);
    await tellPhone({ kind: "digits", typed: shown });
    expect(lastSeen(phone, "digits-wrong").triesLeft).toBe(2);
  });

  it("[DV5] cannot change the nonce once it has seen the other's", async () => {
    // The laptop's own machine, but its state is swapped for one with another nonce after the commitment went out.
    await tellLaptop({ kind: "frame", frame: mailbox[0] as Uint8Array });
    const { phase } = laptop.state;
    if (phase.kind !== "greeted") throw new Error("test link");
    laptop.state = { ...laptop.state, phase: { ...phase, nonce: seedOf(provider, "another") } };
    at = 1;
    await go();
    expect(lastSeen(phone, "ended").reason).toBe("protocol");
  });

  it("[DV6] every changed bit of every frame is let pass or ends the link; nothing throws, nothing is signed", async () => {
    await go();
    const frames = mailbox.slice();
    for (const frame of frames) {
      for (const flipped of bitFlips(frame, 60)) {
        await tellPhone({ kind: "frame", frame: flipped });
        await tellLaptop({ kind: "frame", frame: flipped });
      }
    }
    expect(phone.state.phase.kind).toBe("comparing");
    expect(laptop.state.phase.kind).toBe("showing");
  });

  it("[DV6] a message that is moved to another place in the order is let pass", async () => {
    await go();
    for (const frame of mailbox.slice()) {
      const { content } = expectOk(decodeLinkFrame(frame), "frame");
      for (const number of Object.values(LINK_NUMBER)) {
        if (number === LINK_NUMBER.hello) continue;
        const moved = encodeLinkFrame({ number, content });
        await tellPhone({ kind: "frame", frame: moved });
        await tellLaptop({ kind: "frame", frame: moved });
      }
    }
    expect([phone.state.phase.kind, laptop.state.phase.kind]).toEqual(["comparing", "showing"]);
  });

  it("never throws for random frames in any phase", async () => {
    const anyFrame = fc.record({ number: fc.nat(11), content: fc.uint8Array({ maxLength: 1_300 }) });
    for (const prepare of [async () => undefined, go, approve, grant, toWelcome]) {
      mailbox = [];
      at = 0;
      phone = await newExistingSide(provider, alice, mailbox);
      laptop = newNewSide(provider, phone.state.code);
      await prepare();
      const before = [phone.state.phase.kind, laptop.state.phase.kind];
      await fc.assert(
        fc.asyncProperty(anyFrame, fc.uint8Array(), async (frame, random) => {
          for (const bytes of [encodeLinkFrame(frame), random]) {
            await tellPhone({ kind: "frame", frame: bytes });
            await tellLaptop({ kind: "frame", frame: bytes });
          }
        }),
        { numRuns: 40 },
      );
      expect([phone.state.phase.kind, laptop.state.phase.kind]).toEqual(before);
    }
  });
});

describe("any run of a link", () => {
  /**
   * Frames in any order, again and again, and both persons doing anything at any time: what must not happen does not, and
   * who is not disturbed gets to the end.
   */
  it("[DV8] [DV10] [DV12] [DV13] nothing is signed, saved or granted before its time", async () => {
    const act = fc.constantFrom(
      "phone reads",
      "laptop reads",
      "digits",
      "wrong",
      "accept",
      "saved",
      "local",
      "cancel",
      "tick",
    );
    const script = fc.array(fc.tuple(act, fc.nat()), { size: "max", maxLength: 60 });
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(script, fc.boolean(), async (acts, isFinished) => {
        mailbox = [];
        at = 0;
        phone = await newExistingSide(provider, alice, mailbox);
        laptop = newNewSide(provider, phone.state.code);
        const history: string[] = [];
        const run = async (what: string, pick: number): Promise<void> => {
          const frame = mailbox[pick % mailbox.length] as Uint8Array;
          const shown = laptop.seen.find((effect) => effect.kind === "show-digits");
          const before = [phone.seen.length, laptop.seen.length, mailbox.length] as const;
          if (what === "phone reads") await tellPhone({ kind: "frame", frame });
          if (what === "laptop reads") await tellLaptop({ kind: "frame", frame });
          if (what === "digits" && shown !== undefined) await tellPhone({ kind: "digits", typed: shown.digits });
          if (what === "wrong") await tellPhone({ kind: "digits", typed: "no" });
          if (what === "accept") await tellLaptop({ kind: "accept-account" });
          if (what === "saved") await tellPhone({ kind: "chain-saved" });
          if (what === "saved") await tellLaptop({ kind: "identity-saved" });
          if (what === "local") await tellLaptop({ kind: "key-package", keyPackage: Uint8Array.of(1) });
          if (what === "local") await tellPhone({ kind: "welcome", newcomer: newcomer(Uint8Array.of(2)) });
          if (what === "local") await tellLaptop({ kind: "joined" });
          if (what === "cancel") await tellPhone({ kind: "cancel" });
          if (what === "tick") await tellLaptop({ kind: "tick" });
          const sent = numbers().slice(before[2]);
          const seen = [...phone.seen.slice(before[0]), ...laptop.seen.slice(before[1])].map(({ kind }) => kind);
          if (sent.includes(LINK_NUMBER.draft)) expect(what).toBe("digits");
          if (sent.includes(LINK_NUMBER.signature)) expect(["accept", "laptop reads"]).toContain(what);
          if (sent.includes(LINK_NUMBER.grant)) expect(what).toBe("saved");
          if (sent.includes(LINK_NUMBER.keys)) expect(history).toContain("save-identity");
          if (sent.includes(LINK_NUMBER.signature)) expect(history).toContain("confirm-account");
          history.push(...seen);
        };
        for (const [what, pick] of acts) await run(what, pick);
        if (isFinished) {
          for (let round = 0; round < 8; round++) {
            for (let n = 0; n < mailbox.length; n++)
              for (const side of ["phone reads", "laptop reads"]) await run(side, n);
            for (const what of ["digits", "accept", "saved", "local"]) await run(what, 0);
          }
        }
        if (isFinished) {
          // Whoever was left alone finds out by time.
          phone.now = laptop.now = NOW + LINK_CODE_LIFETIME_MS;
          await tellPhone({ kind: "tick" });
          await tellLaptop({ kind: "tick" });
        }
        const ends = [phone.state.phase.kind, laptop.state.phase.kind];
        if (isFinished) expect(["linked", "ended"]).toContain(ends[0]);
        if (isFinished) expect(ends[1]).toBe(ends[0]);
        if (ends[0] === "linked") expect(history.filter((kind) => kind === "linked").length).toBeGreaterThan(0);
        expect(history.filter((kind) => kind === "save-chain").length).toBeLessThanOrEqual(1);
        outcomes.add(ends.join());
      }),
      {
        numRuns: 60,
        examples: [
          [[], true],
          [[["cancel", 0]], true],
        ],
      },
    );
    expect([...outcomes]).toEqual(expect.arrayContaining(["linked,linked", "ended,ended"]));
  });
});

describe("what the existing device asks to be signed", () => {
  it("[DV12] a grant of a chain that does not list this device, or is another's, is refused", async () => {
    for (const chain of [alice.chain, mallory.chain, Uint8Array.of(1)]) {
      mailbox = [];
      at = 0;
      phone = await newExistingSide(provider, alice, mailbox);
      laptop = newNewSide(provider, phone.state.code);
      await grant();
      const { phase } = phone.state;
      if (phase.kind !== "saving") throw new Error("test link");
      phone.state = { ...phone.state, phase: { ...phase, chain } };
      await tellPhone({ kind: "chain-saved" });
      await go();
      expect(lastSeen(laptop, "ended")).toEqual({ kind: "ended", reason: "protocol", isListed: false });
    }
  });

  it("[DV12] an operation that is no addition of this very device is refused", async () => {
    await approve();
    const { phase } = laptop.state;
    if (phase.kind !== "confirming") throw new Error("test link");
    const body = expectOk(readOperation(phase.draft.body), "body");
    expect(body.action).toMatchObject({ kind: "add-device", by: alice.deviceKey });
    expect((await verifyChain(provider, phase.draft.chain)).ok).toBe(true);
    // A dishonest existing device: it drafts for another key.
    mailbox = [];
    at = 0;
    const dishonest = await newExistingSide(provider, alice, mailbox);
    laptop = newNewSide(provider, dishonest.state.code);
    phone = dishonest;
    await go();
    const now = phone.state.phase;
    if (now.kind !== "comparing") throw new Error("test link");
    const hello = { ...now.hello, deviceKey: await keyOf(provider, "tablet") };
    phone.state = { ...phone.state, phase: { ...now, hello } };
    await tellPhone({ kind: "digits", typed: now.digits });
    await go();
    expect(lastSeen(laptop, "ended").reason).toBe("protocol");
    expect(numbers()).not.toContain(LINK_NUMBER.signature);
  });
});
