/** The picture of a group: set from a file, written into one, or taken away. */
import { open, writeFile } from "node:fs/promises";
import { UsageError } from "./command.ts";
import type { GroupInput } from "./group.ts";

const USAGE = "group picture CHAT FILE.jpg | none | save FILE.jpg";
/** A photograph as a camera makes it is far larger than what a group can have: it is not read for that. */
const MAX_FILE_BYTES = 1 << 20;

export async function picture(input: GroupInput): Promise<void> {
  const { api, out, chat, rest } = input;
  const [what, file] = rest;
  if (what === undefined) throw new UsageError(USAGE);
  if (what === "save") return save(input, file);
  const jpeg = what === "none" ? null : (await readSmall(what)).toString("base64url");
  await api.call("setGroupPicture", { chat: chat.id, jpeg });
  out.result(
    { type: "group", chat: chat.id, hasPicture: jpeg !== null },
    jpeg === null ? "Saved: the picture is being taken away." : "Saved: the picture is being changed.",
  );
}

async function save({ api, out, chat }: GroupInput, file: string | undefined): Promise<void> {
  if (file === undefined) throw new UsageError(USAGE);
  const found = await api.call("groupPicture", { chat: chat.id });
  if (found === null) throw new UsageError("There is no picture here. It may be on its way: xchat group info CHAT");
  const bytes = Buffer.from(found.jpeg, "base64url");
  // What is there stays.
  await writeFile(file, bytes, { flag: "wx" }).catch((error: unknown) => {
    throw new UsageError(`${file} cannot be written: ${codeOf(error)}`);
  });
  out.result({ type: "group", chat: chat.id, file, bytes: bytes.length }, `Written to ${file}.`);
}

async function readSmall(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE_BYTES));
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${codeOf(error)}`);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
