/** Where a profile lies, and how its process is reached. */
import { createHash } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { homedir, platform, tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface ProfileFolder {
  readonly directory: string;
  readonly store: string;
  /** A Unix socket in the folder, or a named pipe. */
  readonly socket: string;
}

/** Longest path of a Unix socket (`sun_path`), less a byte for the end. */
const MAX_SOCKET_PATH = 100;

export function profileFolder(given: string | undefined): ProfileFolder {
  const base = process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share");
  const directory = resolve(given ?? process.env["XCHAT_PROFILE"] ?? join(base, "xchat"));
  return { directory, store: join(directory, "store"), socket: socketPath(directory) };
}

/** For its owner alone. */
export async function makeFolder({ directory }: ProfileFolder): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
}

function socketPath(directory: string): string {
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 24);
  if (platform() === "win32") return `\\\\.\\pipe\\xchat-${name}`;
  const inFolder = join(directory, "socket");
  return inFolder.length <= MAX_SOCKET_PATH ? inFolder : join(tmpdir(), `xchat-${process.getuid?.() ?? 0}-${name}`);
}
