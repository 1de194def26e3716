/**
 * Two chains of one account, side by side (spec/identity.md, section 5). Both must have been verified: here they are
 * only read, so that it can be done where nothing may be awaited.
 *
 * ID9 A chain that begins with the whole of the other extends it.
 * ID10 Where they part, recovery outranks devices: the one whose further part holds an operation of the recovery key,
 *      where the other's holds none, overrules it, whatever came first.
 * ID11 Where both hold one, the one that retires the recovery key at the fork wins over the one that does not; else
 *      the one with more recovery operations.
 * ID12 Otherwise they conflict: what came after the fork adds nothing, what either removed is removed, until a recovery
 *      operation decides.
 */
import { equalBytes, err, ok, type Result } from "@xchat/codec";
import { devicesAfter, hasDevice, type IdentityDevice } from "./chain.ts";
import {
  decodeOperation,
  decodeOperationBody,
  HOUR_MS,
  splitChain,
  type ChainMalformed,
  type OperationBody,
} from "./operation.ts";

export type Extension = "same" | "extends" | "overrules";

export interface ForkRefusal {
  readonly reason:
    | ChainMalformed["reason"]
    | "another-account"
    /** The newer one is a beginning of the older: somebody shows an old state. */
    | "chain-rolled-back"
    /** A recovery operation of the older one has decided against the newer. */
    | "chain-overruled"
    | "conflicting-chains";
}

/** May `newer` take the place of `older`, which is pinned? Never throws. */
export function extendsChain(older: Uint8Array, newer: Uint8Array): Result<Extension, ForkRefusal> {
  const pair = readPair(older, newer);
  if (!pair.ok) return pair;
  const { shared, olderRest, newerRest } = pair.value;
  if (shared.length === 0) return err({ reason: "another-account" });
  if (olderRest.length === 0) return ok(newerRest.length === 0 ? "same" : "extends");
  if (newerRest.length === 0) return err({ reason: "chain-rolled-back" });
  const rank = compareRecovery(newerRest, olderRest);
  if (rank > 0) return ok("overrules");
  return err({ reason: rank < 0 ? "chain-overruled" : "conflicting-chains" });
}

/** ID12: the devices that two conflicting chains leave: listed where they part, and removed by neither. */
export function devicesWhileConflicting(
  one: Uint8Array,
  other: Uint8Array,
): Result<readonly IdentityDevice[], ForkRefusal> {
  const pair = readPair(one, other);
  if (!pair.ok) return pair;
  const { shared, olderRest, newerRest } = pair.value;
  if (shared.length === 0) return err({ reason: "another-account" });
  const atFork = foldDevices([], shared);
  const afterOne = foldDevices(atFork, olderRest);
  const afterOther = foldDevices(atFork, newerRest);
  return ok(atFork.filter(({ deviceKey }) => hasDevice(afterOne, deviceKey) && hasDevice(afterOther, deviceKey)));
}

/** The devices that a verified chain lists, by reading only. */
export function listedDevices(chainBytes: Uint8Array): Result<readonly IdentityDevice[], ForkRefusal> {
  const pair = readPair(chainBytes, chainBytes);
  return pair.ok ? ok(foldDevices([], pair.value.shared)) : pair;
}

/**
 * Whether an account was recovered after `operations` of its chain: whoever has seen no more than those does not know
 * that the devices listed there are out. A chain that cannot be read says no.
 */
export function isRecoveredAfter(chainBytes: Uint8Array, operations: number): boolean {
  const pair = readPair(chainBytes, chainBytes);
  return pair.ok && pair.value.shared.slice(operations).some((body) => body.action.kind === "recover");
}

/** How many operations two verified chains share, from the first on; 0 where either cannot be read. */
export function sharedOperations(one: Uint8Array, other: Uint8Array): number {
  const pair = readPair(one, other);
  return pair.ok ? pair.value.shared.length : 0;
}

// ---- below: reading and ranking

interface Pair {
  readonly shared: readonly OperationBody[];
  readonly olderRest: readonly OperationBody[];
  readonly newerRest: readonly OperationBody[];
}

function readPair(older: Uint8Array, newer: Uint8Array): Result<Pair, ForkRefusal> {
  const a = splitChain(older);
  if (!a.ok) return a;
  const b = splitChain(newer);
  if (!b.ok) return b;
  let fork = 0;
  while (fork < a.value.length && fork < b.value.length && equalBytes(a.value[fork]!, b.value[fork]!)) fork++;
  const bodiesA = readBodies(a.value);
  const bodiesB = readBodies(b.value);
  if (bodiesA === null || bodiesB === null) return err({ reason: "chain-malformed" });
  return ok({ shared: bodiesA.slice(0, fork), olderRest: bodiesA.slice(fork), newerRest: bodiesB.slice(fork) });
}

function readBodies(operations: readonly Uint8Array[]): readonly OperationBody[] | null {
  const bodies: OperationBody[] = [];
  for (const encoded of operations) {
    const operation = decodeOperation(encoded);
    const body = operation.ok ? decodeOperationBody(operation.value.body) : operation;
    if (!body.ok) return null;
    bodies.push(body.value);
  }
  return bodies;
}

/** Positive when `a` wins (ID10, ID11); 0 when recovery does not decide. */
function compareRecovery(a: readonly OperationBody[], b: readonly OperationBody[]): number {
  const countA = countOf(a, isOfRecovery);
  const countB = countOf(b, isOfRecovery);
  if (countA === 0 || countB === 0) return countA - countB;
  // The recovery key at the fork signs the first recovery operation of both. Once rotated away it is worth less than
  // its successor: otherwise whoever finds old words could undo the rotation that was made against them.
  const retiresA = countOf(a, isRotation) > 0;
  const retiresB = countOf(b, isRotation) > 0;
  if (retiresA !== retiresB) return retiresA ? 1 : -1;
  return retiresA ? 0 : countA - countB;
}

const countOf = (bodies: readonly OperationBody[], test: (body: OperationBody) => boolean): number =>
  bodies.filter(test).length;
const isRotation = (body: OperationBody): boolean => body.action.kind === "rotate";
const isOfRecovery = (body: OperationBody): boolean => isRotation(body) || body.action.kind === "recover";

const foldDevices = (start: readonly IdentityDevice[], bodies: readonly OperationBody[]): readonly IdentityDevice[] =>
  bodies.reduce((devices, body) => devicesAfter(devices, body.action, body.hour * HOUR_MS), start);
