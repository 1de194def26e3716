/** Where a profile lies, and how its process is reached. */
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export interface ProfileFolder {
  readonly directory: string;
  readonly store: string;
  /** A Unix socket in the folder (elsewhere where its path would be too long), or a named pipe. */
  readonly socket: string;
  /** Last words of the process that owns the profile. */
  readonly log: string;
}

/** Longest path of a Unix socket (`sun_path` of the smallest system, 104 bytes), less the byte for its end. */
const MAX_SOCKET_PATH = 103;
const FOR_OWNER = 0o700;
const OF_OTHERS = 0o077;

export function profileFolder(given: string | undefined, environment: NodeJS.ProcessEnv = process.env): ProfileFolder {
  const base = environment["XDG_DATA_HOME"] || join(homedir(), ".local", "share");
  const directory = resolve(given ?? (environment["XCHAT_PROFILE"] || join(base, "xchat")));
  return {
    directory,
    store: join(directory, "store"),
    socket: socketPath(directory, environment),
    log: join(directory, "process.log"),
  };
}

/** The place that was named for a profile cannot be one. Its message is for people. */
export class FolderError extends Error {
  override readonly name = "FolderError";
}

/** Makes the folders, for their owner alone. @throws FolderError; Error when somebody else could take the socket's place. */
export function makeFolders(folder: ProfileFolder): void {
  try {
    makeDirectories(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new FolderError(`${folder.directory} cannot be made or used as the folder of a profile (${code}).`, {
      cause: error,
    });
  }
}

function makeDirectories({ directory, socket }: ProfileFolder): void {
  if (mkdirSync(directory, { recursive: true, mode: FOR_OWNER }) !== undefined) chmodSync(directory, FOR_OWNER);
  const place = dirname(socket);
  if (place === directory || process.platform === "win32") return;
  mkdirSync(place, { recursive: true, mode: FOR_OWNER });
  refuseForeign(place);
}

/** Whether whoever listens at the socket can only be this account. */
export function isOwnSocket({ socket }: ProfileFolder): boolean {
  if (process.platform === "win32") return true;
  const found = lstatSync(socket, { throwIfNoEntry: false });
  return found !== undefined && found.isSocket() && found.uid === process.getuid?.();
}

function refuseForeign(place: string): void {
  const found = lstatSync(place);
  // In a folder that all may write to, another account could wait for a passphrase under this name.
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & OF_OTHERS) !== 0) {
    throw new Error(`${place} belongs to somebody else, or others may write to it`);
  }
}

function socketPath(directory: string, environment: NodeJS.ProcessEnv): string {
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\xchat-${name}`;
  const inFolder = join(directory, "socket");
  if (Buffer.byteLength(inFolder) <= MAX_SOCKET_PATH) return inFolder;
  const runtime = environment["XDG_RUNTIME_DIR"] || join(tmpdir(), `xchat-${process.getuid?.()}`);
  return join(runtime, `xchat-${name}`);
}
