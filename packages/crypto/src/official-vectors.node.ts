/** Where the official test vectors are: beside the project, or in the folder that XCHAT_VECTORS names. For tests. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = process.env["XCHAT_VECTORS"] ?? join(import.meta.dirname, "../../../../shared/vectors");

/** The parsed file, or `null` with loud words when it is not there. */
export function officialVectors<T>(path: string): T | null {
  const file = join(FOLDER, path);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as T;
  console.warn(`OFFICIAL VECTORS ARE ABSENT: ${path} (set XCHAT_VECTORS); the tests that need them are skipped.`);
  return null;
}
