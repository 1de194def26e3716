/**
 * The node's folder: its format, its identity key, and a lock, since one process owns it.
 *
 * DF1 A folder of a newer version, or one that another process has open, is refused and left as it was.
 */
import { mkdir, open, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";

const FORMAT = 1;
const SEED_LENGTH = 32;

export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
  readonly code: "folder-in-use" | "folder-newer" | "folder-damaged" | "folder-unusable";
  constructor(code: DataFolderError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface DataFolder {
  readonly path: string;
  /** Ed25519 seed of the node's identity. */
  readonly identitySeed: Uint8Array;
  release(): Promise<void>;
}

export async function openDataFolder(path: string, randomBytes: (length: number) => Uint8Array): Promise<DataFolder> {
  try {
    await makeFolder(path);
  } catch (error) {
    throw new DataFolderError("folder-unusable", `The data folder ${path} cannot be made or written to.`, error);
  }
  await expectFormat(path);
  const lock = join(path, "lock");
  await takeLock(lock, path);
  try {
    const identitySeed = await loadIdentity(path, randomBytes);
    await writeWhole(join(path, "format.json"), `${JSON.stringify({ program: "xchat-node", format: FORMAT })}\n`);
    return { path, identitySeed, release: () => rm(lock, { force: true }) };
  } catch (error) {
    await rm(lock, { force: true });
    throw error;
  }
}

/** With what is missing above it. Node's own recursive way never ends where a parent takes no folders, as in /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

async function expectFormat(path: string): Promise<void> {
  const text = await readIfThere(join(path, "format.json"));
  if (text === null) return;
  let format: unknown;
  try {
    format = (JSON.parse(text.toString("utf8")) as { format?: unknown }).format;
  } catch {
    format = undefined;
  }
  if (typeof format !== "number") {
    throw new DataFolderError(
      "folder-damaged",
      `${path} is not a data folder of an X Chat node, or its format.json is damaged.`,
    );
  }
  if (format > FORMAT) {
    throw new DataFolderError(
      "folder-newer",
      `${path} was written by a newer version of the node (format ${format}; this one knows ${FORMAT}). ` +
        "Run that version, or name another folder with --data. Nothing was changed.",
    );
  }
}

/** The file holds the process's id and start, so that a lock left by a crash is told from one that is held. */
async function takeLock(lock: string, path: string): Promise<void> {
  const own = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = await open(lock, "wx", 0o600);
      await handle.writeFile(own);
      await handle.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new DataFolderError("folder-unusable", `The data folder ${path} cannot be written to.`, error);
      }
    }
    if (await isHeld(lock)) {
      throw new DataFolderError(
        "folder-in-use",
        `Another node has ${path} open. Stop it first, or name another folder with --data.`,
      );
    }
    await unlink(lock).catch(() => {});
  }
  throw new DataFolderError("folder-in-use", `Another node is opening ${path} at this moment.`);
}

async function isHeld(lock: string): Promise<boolean> {
  const text = await readIfThere(lock);
  if (text === null) return false;
  try {
    const held = JSON.parse(text.toString("utf8")) as { pid: number; host: string; started: string };
    // On another machine nobody here can tell whether it still runs.
    if (held.host !== hostname()) return true;
    process.kill(held.pid, 0);
    return held.pid !== process.pid && (await startOf(held.pid)) === held.started;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began, in the kernel's own words; empty where the system does not tell. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

async function loadIdentity(path: string, randomBytes: (length: number) => Uint8Array): Promise<Uint8Array> {
  const file = join(path, "identity.key");
  const stored = await readIfThere(file);
  if (stored !== null) {
    if (stored.length !== SEED_LENGTH) {
      throw new DataFolderError(
        "folder-damaged",
        `${file} is damaged: people have pinned this key, so put back a copy of it.`,
      );
    }
    return new Uint8Array(stored);
  }
  const seed = randomBytes(SEED_LENGTH);
  await writeWhole(file, seed);
  return seed;
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new DataFolderError("folder-unusable", `${file} cannot be read.`, error);
  }
}

/** Whole or not at all, on the disk when it returns. */
async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(`${file}.new`, "w", 0o600);
  await handle.writeFile(content);
  await handle.sync();
  await handle.close();
  await rename(`${file}.new`, file);
}
