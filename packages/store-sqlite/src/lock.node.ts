/**
 * One process at a time has a profile open. The lock is a file that names its holder; it appears with its content in
 * one step (a link), and the lock of a process that is gone is taken over.
 *
 * A process is known by its number and, where the system tells, by when it started, so that a number that has been
 * given out again does not hold a profile for ever. Holders in another container or on another machine cannot be seen:
 * a profile folder belongs to one machine.
 */
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { StoreError } from "@xchat/client/ports";
import { isNoRoom } from "./no-room.node.ts";

const LOCK_FILE = "lock";
const TAKEOVER_FILE = "lock.takeover";

interface Holder {
  readonly pid: number;
  /** Clock ticks from the system's start to the process's, where known. */
  readonly started: string | null;
  readonly token: string;
}

/** Locks of this process: a second store of one folder is refused too, and a lock from an earlier life is not ours. */
const held = new Set<string>();

/** @throws StoreError `store-in-use`, `store-full` or `store-failed`, with nothing left behind. @returns a function that gives the lock back. */
export function takeLock(directory: string): () => void {
  const path = join(directory, LOCK_FILE);
  const own: Holder = { pid: process.pid, started: startOf(process.pid), token: randomUUID() };
  held.add(own.token);
  try {
    if (!appear(path, own)) takeOver(directory, path, own);
  } catch (error) {
    held.delete(own.token);
    throw error;
  }
  return () => {
    if (!held.delete(own.token)) return;
    if (readHolder(path)?.token === own.token) fs.rmSync(path, { force: true });
  };
}

function takeOver(directory: string, path: string, own: Holder): void {
  refuseIfAlive(path);
  // Two that find the same stale lock at once must not both have it: only one can make this file.
  const takeover = join(directory, TAKEOVER_FILE);
  if (!appear(takeover, own)) {
    refuseIfAlive(takeover);
    // Left by one that died within these few lines: the one case in which two could still meet.
    fs.rmSync(takeover, { force: true });
    if (!appear(takeover, own)) throw inUse(readHolder(takeover), takeover);
  }
  try {
    refuseIfAlive(path);
    fs.rmSync(path, { force: true });
    if (!appear(path, own)) throw inUse(readHolder(path), path);
  } finally {
    fs.rmSync(takeover, { force: true });
  }
}

function refuseIfAlive(path: string): void {
  const holder = readHolder(path);
  if (holder !== null && isAlive(holder)) throw inUse(holder, path);
}

const inUse = (holder: Holder | null, path: string): StoreError =>
  new StoreError("store-in-use", new Error(`process ${holder?.pid ?? "?"} has this profile open (${path})`));

/** Makes the file whole, in one step; `false` when there is one. */
function appear(path: string, holder: Holder): boolean {
  const draft = `${path}.${holder.token}`;
  try {
    fs.writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 });
    fs.linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw new StoreError(isNoRoom(error) ? "store-full" : "store-failed", error);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** `null` when there is none, or none that a lock of ours could have written. */
function readHolder(path: string): Holder | null {
  try {
    const value: unknown = JSON.parse(fs.readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null) return null;
    const { pid, started, token } = value as Record<string, unknown>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || typeof token !== "string") return null;
    return { pid: pid as number, started: typeof started === "string" ? started : null, token };
  } catch {
    return null;
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.pid === process.pid) return held.has(holder.token);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // Without permission to signal it, it is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const started = startOf(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** Field 22 of /proc/…/stat, on Linux. The name in field 2 may hold spaces and brackets. */
function startOf(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
