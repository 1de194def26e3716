/**
 * Of the backups that nodes gave, which one to restore (spec/account-backup.md, section 6).
 *
 * AB9 A backup gives way to one whose chain extends or overrules its own, and, with the same chain, to one with a greater
 *     counter. What is left stands first, the greatest counter before the others; more than one means that two branches
 *     of the chain contradict each other, and the person decides.
 * AB10 A node that gives an older backup of a device than another node does is behind, or rolls back: it is named, and
 *      its answer has no weight against the newer one.
 */
import { bytesToHex, equalBytes } from "@xchat/codec";
import { extendsChain } from "../identity/fork.ts";
import type { Hex } from "../log/state.ts";
import type { OpenedBackup } from "./backup-box.ts";

export interface FoundBackup {
  /** Key hash of the node that gave it. */
  readonly node: Hex;
  readonly backup: OpenedBackup;
}

export interface BackupChoice {
  /** Best first, each once. The app names device, day and counts of each, and proposes the first. */
  readonly ranked: readonly OpenedBackup[];
  /** How many of `ranked` stand level: above 1, the chains contradict each other. */
  readonly level: number;
  /** Nodes that gave an older backup of a device than others did. */
  readonly behind: readonly Hex[];
}

export function chooseBackup(found: readonly FoundBackup[]): BackupChoice {
  const backups = distinct(found.map(({ backup }) => backup));
  const isBeaten = (one: OpenedBackup): boolean => backups.some((other) => beats(other, one));
  const best = backups.filter((one) => !isBeaten(one)).toSorted(compareByCounter);
  const rest = backups.filter(isBeaten).toSorted(compareByCounter);
  return { ranked: [...best, ...rest], level: best.length, behind: nodesBehind(found) };
}

function beats(one: OpenedBackup, other: OpenedBackup): boolean {
  const relation = extendsChain(other.chain, one.chain);
  if (!relation.ok) return false;
  return relation.value === "same" ? compareByCounter(one, other) < 0 : true;
}

/** Of one counter, which only two devices that did not know of each other give, the later hour; then the device key. */
const compareByCounter = (a: OpenedBackup, b: OpenedBackup): number =>
  b.counter - a.counter || b.hour - a.hour || (bytesToHex(a.deviceKey) < bytesToHex(b.deviceKey) ? -1 : 1);

const isSame = (a: OpenedBackup, b: OpenedBackup): boolean =>
  a.counter === b.counter && equalBytes(a.deviceKey, b.deviceKey) && equalBytes(a.chain, b.chain);

const distinct = (backups: readonly OpenedBackup[]): readonly OpenedBackup[] =>
  backups.filter((one, index) => backups.findIndex((other) => isSame(one, other)) === index);

function nodesBehind(found: readonly FoundBackup[]): readonly Hex[] {
  const newest = new Map<Hex, number>();
  const newestAt = new Map<string, number>();
  for (const { node, backup } of found) {
    const device = bytesToHex(backup.deviceKey);
    newest.set(device, Math.max(newest.get(device) ?? 0, backup.counter));
    const at = `${node} ${device}`;
    newestAt.set(at, Math.max(newestAt.get(at) ?? 0, backup.counter));
  }
  const isBehind = (node: Hex): boolean =>
    [...newest].some(([device, counter]) => (newestAt.get(`${node} ${device}`) ?? counter) < counter);
  return [...new Set(found.map(({ node }) => node))].filter(isBehind);
}
