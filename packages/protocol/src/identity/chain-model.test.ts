/**
 * Random histories against a model that knows names and sets only: a chain verifies exactly as long as every one of
 * its operations is one that the model allows.
 */
import { nodeCryptoProvider } from "@xchat/crypto/node";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { signOperation, verifyChain } from "./chain.ts";
import { encodeChain, encodeOperation, encodeOperationBody, splitChain, type Action } from "./operation.ts";
import { seedOf } from "./test-actors.ts";

const provider = nodeCryptoProvider();
const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] as const;
type Name = (typeof NAMES)[number];
const keys = new Map<Name, Uint8Array>();

beforeAll(async () => {
  for (const name of NAMES) keys.set(name, (await provider.ed25519KeyPair(seedOf(provider, name))).publicKey);
});
const keyOf = (name: Name): Uint8Array => keys.get(name) as Uint8Array;

interface Proposal {
  readonly kind: "genesis" | "add-device" | "remove-device" | "rotate" | "recover";
  readonly by: Name;
  readonly subject: Name;
  readonly kept: readonly Name[];
  /** Who signs in fact; `right` stands for whoever should. */
  readonly signers: "right" | readonly Name[];
  readonly sequenceShift: 0 | 1 | -1;
  readonly previous: "head" | "none" | "other";
}

interface Model {
  readonly recovery: Name;
  readonly devices: readonly Name[];
  readonly used: readonly Name[];
}

/** The rules in the words of the specification: the next state, or `null`. */
function step(model: Model | null, proposal: Proposal): Model | null {
  const { kind, by, subject, kept } = proposal;
  if (proposal.sequenceShift !== 0) return null;
  if (model === null) {
    if (kind !== "genesis" || proposal.previous !== "none" || by === subject) return null;
    return isSignedBy(proposal, [by, subject]) ? { recovery: by, devices: [subject], used: [by, subject] } : null;
  }
  if (proposal.previous !== "head" || kind === "genesis") return null;
  const isListed = (name: Name): boolean => model.devices.includes(name);
  const isNew = !model.used.includes(subject);
  const used = [...model.used, subject];
  switch (kind) {
    case "add-device":
      if (!isListed(by) || !isNew || model.devices.length >= 8) return null;
      return isSignedBy(proposal, [by, subject]) ? { ...model, devices: [...model.devices, subject], used } : null;
    case "remove-device":
      if (!isListed(by) || !isListed(subject) || model.devices.length < 2) return null;
      if (!isSignedBy(proposal, [by])) return null;
      return { ...model, devices: model.devices.filter((name) => name !== subject) };
    case "rotate":
      return isNew && isSignedBy(proposal, [model.recovery, subject]) ? { ...model, recovery: subject, used } : null;
    case "recover":
      if (!isNew || !kept.every(isListed) || new Set(kept).size !== kept.length) return null;
      if (!isSignedBy(proposal, [model.recovery, subject])) return null;
      return { ...model, devices: [...model.devices.filter((name) => kept.includes(name)), subject], used };
  }
}

const isSignedBy = ({ signers }: Proposal, wanted: readonly Name[]): boolean =>
  signers === "right" || (signers.length === wanted.length && signers.every((name, i) => name === wanted[i]));

function rightSigners(model: Model | null, { kind, by, subject }: Proposal): readonly Name[] {
  if (kind === "rotate" || kind === "recover") return [model?.recovery ?? by, subject];
  return kind === "remove-device" ? [by] : [by, subject];
}

function actionOf({ kind, by, subject, kept }: Proposal): Action {
  switch (kind) {
    case "genesis":
      return { kind, recoveryKey: keyOf(by), deviceKey: keyOf(subject) };
    case "add-device":
    case "remove-device":
      return { kind, by: keyOf(by), deviceKey: keyOf(subject) };
    case "rotate":
      return { kind, recoveryKey: keyOf(subject) };
    case "recover":
      return { kind, deviceKey: keyOf(subject), keptDevices: kept.map(keyOf) };
  }
}

async function propose(
  operations: readonly Uint8Array[],
  model: Model | null,
  proposal: Proposal,
): Promise<Uint8Array> {
  const last = operations.at(-1);
  const head = last === undefined ? new Uint8Array(32) : provider.sha256(last);
  const previous = { head, none: null, other: new Uint8Array(32).fill(9) }[proposal.previous];
  const sequence = Math.max(0, operations.length + proposal.sequenceShift);
  const body = encodeOperationBody({ version: 1, suite: 1, sequence, previous, hour: 0, action: actionOf(proposal) });
  const signers = proposal.signers === "right" ? rightSigners(model, proposal) : proposal.signers;
  const signatures: Uint8Array[] = [];
  for (const name of signers) signatures.push(await signOperation(provider, body, seedOf(provider, name)));
  return encodeChain([...operations, encodeOperation({ body, signatures })]);
}

const name = fc.constantFrom(...NAMES);
const proposals = fc.record<Proposal>({
  kind: fc.oneof(
    { weight: 1, arbitrary: fc.constant("genesis" as const) },
    {
      weight: 9,
      arbitrary: fc.constantFrom(
        "add-device" as const,
        "add-device" as const,
        "remove-device" as const,
        "rotate" as const,
        "recover" as const,
      ),
    },
  ),
  by: name,
  subject: name,
  kept: fc.array(name, { maxLength: 3 }),
  signers: fc.oneof(
    { weight: 6, arbitrary: fc.constant("right" as const) },
    { weight: 1, arbitrary: fc.array(name, { minLength: 1, maxLength: 2 }) },
  ),
  sequenceShift: fc.oneof(
    { weight: 20, arbitrary: fc.constant(0 as const) },
    { weight: 1, arbitrary: fc.constantFrom(1 as const, -1 as const) },
  ),
  previous: fc.oneof(
    { weight: 20, arbitrary: fc.constant("head" as const) },
    { weight: 1, arbitrary: fc.constantFrom("none" as const, "other" as const) },
  ),
});

describe("identity chain against its model", () => {
  it("[ID4] [ID5] [ID6] [ID7] verifies exactly what the rules allow", async () => {
    const counts = { allowed: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(proposals, { minLength: 4, maxLength: 24 }), async (history) => {
        let model: Model | null = { recovery: "a", devices: ["b"], used: ["a", "b"] };
        const genesis: Proposal = {
          kind: "genesis",
          by: "a",
          subject: "b",
          kept: [],
          signers: "right",
          sequenceShift: 0,
          previous: "none",
        };
        let chain = await propose([], null, genesis);
        for (const wanted of history) {
          // Half of the proposals name a device that is listed: otherwise hardly any would be allowed.
          const by = wanted.subject < "g" ? (model.devices[0] as Name) : wanted.by;
          const proposal = { ...wanted, by };
          const split = splitChain(chain);
          if (!split.ok) throw new Error("model chain");
          const candidate = await propose(split.value, model, proposal);
          const next: Model | null = step(model, proposal);
          const verified = await verifyChain(provider, candidate);
          expect(verified.ok, JSON.stringify({ model, proposal })).toBe(next !== null);
          counts[verified.ok ? "allowed" : "refused"]++;
          if (next === null || !verified.ok) continue;
          expect(verified.value.devices.map(({ deviceKey }) => deviceKey)).toEqual(next.devices.map(keyOf));
          expect(verified.value.recoveryKey).toEqual(keyOf(next.recovery));
          [model, chain] = [next, candidate];
        }
      }),
      { numRuns: 60 },
    );
    // A model test in which one side never occurs would prove nothing.
    expect(counts.allowed).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(50);
  });
});
