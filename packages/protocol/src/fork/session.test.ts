/** One device among forks, input by input. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Candidate, Hex } from "./facts.ts";
import {
  ALONE_PATIENCE,
  FINALITY,
  MAX_CANDIDATES,
  OUTAGE_PATIENCE,
  PUBLISH_AFTER,
  SETTLE_PATIENCE,
  startFork,
  UNCERTIFIED_FINALITY,
  type ForkEffect,
  type ForkInput,
  type ForkSession,
} from "./session-state.ts";
import { forkStep } from "./session.ts";
import { carryOver } from "./undone.ts";
import { accountOf, modelCommit, type Change, type ModelCommit, type ModelEpoch } from "./test-model.ts";
import { rootEpoch } from "./test-world.ts";

const SELF = "anna/1";
const ROOT = rootEpoch(
  ["olga/1", SELF, "bob/1", "carol/1", "mallory/1"],
  new Map([
    ["olga", "owner"],
    ["anna", "admin"],
    ["mallory", "admin"],
  ]),
);
const UPDATE: Change = { kind: "update" };

let session: ForkSession;
let now: number;
let epochs: Map<Hex, ModelEpoch>;
let salt: number;

beforeEach(() => {
  session = startFork(SELF, ROOT);
  now = 1_000_000;
  epochs = new Map([[ROOT.id, ROOT]]);
  salt = 0;
});

function tell(input: ForkInput, after = 0): readonly ForkEffect[] {
  now += after;
  const step = forkStep(session, input, {
    now,
    random: 0,
    members: (epoch) => (epochs.get(epoch)?.leaves ?? []).map((leaf) => ({ leaf, account: accountOf(leaf) })),
  });
  session = step.session;
  return step.effects;
}

const kinds = (effects: readonly ForkEffect[]): readonly string[] => effects.map(({ kind }) => kind);
const wait = (milliseconds: number): readonly ForkEffect[] => tell({ kind: "tick" }, milliseconds);
const see = (candidate: Candidate): readonly ForkEffect[] => tell({ kind: "candidate", candidate });
const sign = (candidate: Candidate, ...nodes: readonly Hex[]): readonly ForkEffect[] =>
  nodes.flatMap((node) => signHash(candidate.parent, candidate.id, node));
const signHash = (epoch: Hex, candidate: Hex | null, node: Hex): readonly ForkEffect[] =>
  tell({ kind: "receipt", receipt: { node, epoch, hash: `${candidate ?? "garbage"}`, candidate } });

function commit(parent: ModelEpoch, author: Hex, change: Change = UPDATE, events = 0): ModelCommit {
  const made = modelCommit({ parent, author, change, events, salt: salt++ });
  if (made === null) throw new Error("not allowed");
  epochs.set(made.id, made.after);
  return made;
}

function want(
  change: Change,
  isDecree = false,
  intent = "wish",
): { readonly made: ModelCommit; readonly effects: readonly ForkEffect[] } {
  expect(kinds(tell({ kind: "want", intent, isDecree }))).toContain("make-commit");
  const made = commit(epochs.get(session.head) as ModelEpoch, SELF, change);
  return { made, effects: tell({ kind: "made", candidate: made, hasWelcome: change.kind === "addition" }) };
}

describe("own commits", () => {
  it("[FR13] are offered to every slot, applied with a certificate, and not before", () => {
    const { made, effects } = want(UPDATE);
    expect(effects).toContainEqual({ kind: "offer-slot", epoch: ROOT.id, candidate: made.id, nodes: ROOT.homeNodes });
    expect(kinds(sign(made, "n1"))).not.toContain("apply");
    expect(sign(made, "n2")).toContainEqual({ kind: "apply", path: [made.id] });
  });

  it("[FR13] are not made where a commit of the epoch is known, and one epoch has one", () => {
    see(commit(ROOT, "bob/1"));
    expect(kinds(tell({ kind: "want", intent: "late", isDecree: false }))).not.toContain("make-commit");
    session = startFork(SELF, ROOT);
    want(UPDATE);
    expect(kinds(tell({ kind: "want", intent: "another", isDecree: true }))).not.toContain("make-commit");
  });

  it("[FR13] are taken back unseen when another has all the slots, and wanted again after it", () => {
    const { made } = want({ kind: "removal", leaves: ["carol/1"] }, true);
    const first = commit(ROOT, "bob/1");
    see(first);
    const effects = sign(first, "n1", "n2");
    expect(effects).toContainEqual({ kind: "apply", path: [first.id] });
    expect(effects).toContainEqual({ kind: "make-commit", intent: "wish", epoch: first.id });
    expect(session.facts.candidates).not.toContain(made);
  });

  it("[FR13] but a decree that has lost before is shown, and then overrules", () => {
    want({ kind: "removal", leaves: ["carol/1"] }, true);
    const first = commit(ROOT, "bob/1");
    see(first);
    sign(first, "n1", "n2");
    const again = commit(first.after, SELF, { kind: "removal", leaves: ["carol/1"] });
    const effects = tell({ kind: "made", candidate: again, hasWelcome: false });
    expect(effects).toContainEqual({ kind: "publish", candidate: again.id });
    const second = commit(first.after, "bob/1", UPDATE, 5);
    see(second);
    sign(second, "n1", "n2", "n3");
    expect(wait(SETTLE_PATIENCE)).toContainEqual({ kind: "apply", path: [again.id] });
  });

  it("[FR13] without a certificate are also sent to the members", () => {
    const { made } = want(UPDATE);
    expect(kinds(wait(PUBLISH_AFTER - 1))).not.toContain("publish");
    expect(wait(1)).toContainEqual({ kind: "publish", candidate: made.id });
  });

  it("[FR15] send their Welcome with a certificate", () => {
    const { made } = want({ kind: "addition", leaf: "dora/1" });
    expect(sign(made, "n1", "n2")).toContainEqual({ kind: "send-welcome", candidate: made.id });
    expect(kinds(sign(made, "n3"))).not.toContain("send-welcome");
  });

  it("[FR15] or after an hour without nodes", () => {
    const { made } = want({ kind: "addition", leaf: "dora/1" });
    expect(kinds(wait(OUTAGE_PATIENCE - 1))).not.toContain("send-welcome");
    expect(wait(1)).toContainEqual({ kind: "send-welcome", candidate: made.id });
  });
});

describe("when a winner is settled", () => {
  it("[FR14] with nodes down, an hour after it was seen", () => {
    const first = commit(ROOT, "bob/1");
    see(first);
    expect(kinds(wait(OUTAGE_PATIENCE - 1))).not.toContain("apply");
    expect(wait(1)).toContainEqual({ kind: "apply", path: [first.id] });
  });

  it("[FR14] a decree after a minute", () => {
    const removal = commit(ROOT, "olga/1", { kind: "removal", leaves: ["mallory/1"] });
    see(removal);
    expect(wait(SETTLE_PATIENCE)).toContainEqual({ kind: "apply", path: [removal.id] });
  });

  it("[FR3] [FR14] garbage in the slots holds nobody up", () => {
    const first = commit(ROOT, "bob/1");
    see(first);
    signHash(ROOT.id, null, "n1");
    signHash(ROOT.id, null, "n2");
    expect(wait(SETTLE_PATIENCE)).toContainEqual({ kind: "apply", path: [first.id] });
  });

  it("[FR14] with the certificate of one further on, at once", () => {
    const first = commit(ROOT, "bob/1");
    const second = commit(first.after, "carol/1");
    see(first);
    see(second);
    expect(sign(second, "n1", "n2")).toContainEqual({ kind: "apply", path: [first.id, second.id] });
  });
});

describe("what has no certificate yet", () => {
  const wakesIn = (): number | null => {
    const environment = { now, random: 0, members: () => [] };
    const { wakeAt } = forkStep(session, { kind: "tick" }, environment);
    return wakeAt === null ? null : wakeAt - now;
  };

  it("[FR14] is looked for again soon, ever less often, whatever else comes meanwhile", () => {
    const made = commit(ROOT, "bob/1");
    see(made);
    const waits: (number | null)[] = [];
    for (let i = 0; i < 6; i++) {
      waits.push(wakesIn());
      wait(7);
      wait((wakesIn() ?? 0) as number);
    }
    expect(waits).toEqual([500, 500, 1_000, 2_000, 4_000, 8_000]);
    now += 20_000;
    // Others help by then (FR16).
    expect(wakesIn()).toBeGreaterThan(16_000);
    expect(sign(made, "n1", "n2")).toContainEqual({ kind: "apply", path: [made.id] });
  });

  it("[FR14] is not looked for by whoever has made it: they bring it there", () => {
    want(UPDATE);
    expect(wakesIn()).toBeGreaterThan(1_000);
  });
});

describe("moving", () => {
  it("[FR12] goes back for a certificate that comes late, and says so", () => {
    const first = commit(ROOT, "bob/1");
    const late = commit(ROOT, "carol/1");
    see(first);
    wait(OUTAGE_PATIENCE);
    see(late);
    const effects = sign(late, "n1", "n2");
    expect(effects).toContainEqual({ kind: "replay", from: ROOT.id, path: [late.id], left: [first.id] });
    expect(effects).toContainEqual({ kind: "healed", epoch: ROOT.id, winner: late.id, by: "witnesses" });
  });

  it("[FR12] says that this device was removed", () => {
    const removal = commit(ROOT, "olga/1", { kind: "removal", leaves: [SELF] });
    see(removal);
    expect(sign(removal, "n1", "n2")).toContainEqual({ kind: "removed", by: removal.id });
  });

  it("[FR12] an own commit that this store never made means a clone or an old copy: it rejoins", () => {
    const foreign = commit(ROOT, SELF);
    see(foreign);
    expect(sign(foreign, "n1", "n2")).toContainEqual({ kind: "rejoin", reason: "own-commit-unknown" });
  });

  const heard = (member: Hex, epoch: Hex): readonly ForkEffect[] =>
    tell({ kind: "head", member, account: accountOf(member), epoch });

  it("[FR20] who is alone for a day rejoins; strangers do not count, and one more here than there is enough", () => {
    heard("stranger/1", "elsewhere");
    expect(kinds(wait(ALONE_PATIENCE))).not.toContain("rejoin");
    heard("bob/1", "elsewhere");
    expect(kinds(wait(ALONE_PATIENCE - 1))).not.toContain("rejoin");
    heard("bob/1", "elsewhere");
    heard("carol/1", ROOT.id);
    expect(kinds(wait(1))).not.toContain("rejoin");
    heard("carol/1", "elsewhere");
    expect(wait(ALONE_PATIENCE)).toContainEqual({ kind: "rejoin", reason: "alone" });
  });

  it("[FR20] who rejoined elsewhere is known by their account", () => {
    heard("olga/new", "elsewhere");
    expect(wait(ALONE_PATIENCE)).toContainEqual({ kind: "rejoin", reason: "alone" });
  });

  it("[FR20] who was heard here long ago is no company", () => {
    heard("olga/1", ROOT.id);
    wait(ALONE_PATIENCE + 1);
    heard("bob/1", "elsewhere");
    expect(wait(ALONE_PATIENCE)).toContainEqual({ kind: "rejoin", reason: "alone" });
  });

  it("[FR20] the higher level decides who is alone", () => {
    heard("bob/1", ROOT.id);
    heard("carol/1", ROOT.id);
    heard("olga/1", "elsewhere");
    expect(wait(ALONE_PATIENCE)).toContainEqual({ kind: "rejoin", reason: "alone" });
  });

  it("[FR20] who is behind is not elsewhere", () => {
    const first = commit(ROOT, "bob/1");
    see(first);
    sign(first, "n1", "n2");
    wait(FINALITY);
    expect(session.facts.root.id).toBe(first.id);
    heard("olga/1", ROOT.id);
    expect(kinds(wait(ALONE_PATIENCE))).not.toContain("rejoin");
  });
});

describe("a removal that was undone", () => {
  /** Olga's removal of Bob is applied; then Bob, helped by an admin who has not heard of it, has the certificate. */
  function undo(): readonly ForkEffect[] {
    const removal = commit(ROOT, "mallory/1", { kind: "removal", leaves: ["bob/1"] });
    see(removal);
    wait(SETTLE_PATIENCE);
    expect(session.head).toBe(removal.id);
    const sibling = commit(ROOT, "bob/1");
    const lured = commit(sibling.after, "olga/1");
    see(sibling);
    see(lured);
    return sign(sibling, "n1", "n2");
  }

  it("[FR17] holds what would be sealed for who was removed, until they are out again", () => {
    expect(undo()).toContainEqual({ kind: "hold", leaves: ["bob/1"] });
    const again = commit(epochs.get(session.head) as ModelEpoch, "mallory/1", { kind: "removal", leaves: ["bob/1"] });
    see(again);
    expect(sign(again, "n1", "n2")).toContainEqual({ kind: "release" });
  });

  it("[FR17] or until who had removed them may not any more", () => {
    undo();
    const demotion = commit(epochs.get(session.head) as ModelEpoch, "olga/1", {
      kind: "role",
      account: "mallory",
      role: "member",
    });
    see(demotion);
    expect(sign(demotion, "n1", "n2")).toContainEqual({ kind: "release" });
  });

  it("[FR17] goes for the leaf that replaces the old one, and survives a rejoin", () => {
    undo();
    const back = commit(epochs.get(session.head) as ModelEpoch, "bob/new", { kind: "external", replaced: "bob/1" });
    see(back);
    expect(sign(back, "n1", "n2")).toContainEqual({ kind: "hold", leaves: ["bob/new"] });
    const carried = carryOver(session);
    session = startFork("anna/new", back.after, carried);
    expect(wait(0)).toContainEqual({ kind: "hold", leaves: ["bob/new"] });
  });
});

describe("what is kept", () => {
  it("[FR16] the winner is offered to every slot that is not known to be taken, again and again", () => {
    const first = commit(ROOT, "bob/1");
    see(first);
    sign(first, "n1", "n2");
    expect(wait(2 * SETTLE_PATIENCE)).toContainEqual({
      kind: "offer-slot",
      epoch: ROOT.id,
      candidate: first.id,
      nodes: ["n3"],
    });
    expect(kinds(wait(SETTLE_PATIENCE))).not.toContain("offer-slot");
    expect(kinds(wait(10 * SETTLE_PATIENCE))).toContain("offer-slot");
    sign(first, "n3");
    expect(kinds(wait(100 * SETTLE_PATIENCE))).not.toContain("offer-slot");
  });

  it("[FR18] an epoch is final when it has a certificate and all were heard past it", () => {
    const first = commit(ROOT, "bob/1");
    see(first);
    sign(first, "n1", "n2");
    const others = ["olga/1", "bob/1", "carol/1", "mallory/1"];
    for (const member of others.slice(1)) tell({ kind: "head", member, account: accountOf(member), epoch: first.id });
    expect(session.facts.root.id).toBe(ROOT.id);
    expect(kinds(tell({ kind: "head", member: "olga/1", account: "olga", epoch: first.id }))).toContain("forget");
    expect(session.facts.root.id).toBe(first.id);
  });

  for (const moment of [-1, 0, 1]) {
    it(`[FR8] [FR18] a late release ${moment} ms from finality moves nobody who has a certificate`, () => {
      const first = commit(ROOT, "bob/1");
      see(first);
      sign(first, "n1", "n2");
      const removal = commit(first.after, "olga/1", { kind: "removal", leaves: ["mallory/1"] });
      see(removal);
      sign(removal, "n1", "n2");
      wait(FINALITY + moment);
      see(commit(ROOT, "mallory/1", { kind: "removal", leaves: ["bob/1"] }));
      wait(SETTLE_PATIENCE);
      expect(session.head).toBe(removal.id);
      expect(session.standing).toBe("member");
    });
  }

  it("[FR18] without a certificate after 28 days", () => {
    const first = commit(ROOT, "bob/1");
    see(first);
    wait(OUTAGE_PATIENCE);
    wait(UNCERTIFIED_FINALITY - OUTAGE_PATIENCE - 1);
    expect(session.facts.root.id).toBe(ROOT.id);
    wait(1);
    expect(session.facts.root.id).toBe(first.id);
  });

  it("[FR19] a flood of valid candidates pushes out itself, and not the winner", () => {
    const first = commit(ROOT, "bob/1");
    see(first);
    sign(first, "n1", "n2");
    for (let i = 0; i < MAX_CANDIDATES + 30; i++) see(commit(ROOT, "mallory/1", { kind: "name", name: `${i}` }, i));
    expect(session.facts.candidates).toHaveLength(MAX_CANDIDATES);
    expect(session.facts.candidates).toContain(first);
    expect(session.head).toBe(first.id);
    const removal = commit(first.after, "olga/1", { kind: "removal", leaves: ["mallory/1"] });
    see(removal);
    expect(sign(removal, "n1", "n2")).toContainEqual({ kind: "apply", path: [removal.id] });
  });

  it("[FR19] garbage of a colluding node does not keep out what it says for a candidate", () => {
    const first = commit(ROOT, "bob/1");
    for (let i = 0; i < 20; i++) {
      tell({ kind: "receipt", receipt: { node: "n1", epoch: ROOT.id, hash: `garbage ${i}`, candidate: null } });
    }
    expect(session.facts.receipts).toHaveLength(2);
    see(first);
    expect(sign(first, "n1", "n2")).toContainEqual({ kind: "apply", path: [first.id] });
  });

  it("[FR6] a node that signs twice is told, once", () => {
    const first = commit(ROOT, "bob/1");
    const second = commit(ROOT, "carol/1");
    see(first);
    see(second);
    sign(first, "n1");
    expect(kinds(sign(second, "n1"))).toContain("evidence");
    expect(kinds(wait(0))).not.toContain("evidence");
  });
});
