/** Browser tests run in Debian's Chromium. Installs it when this process may, else says what to do. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

export const CHROMIUM = process.env["XCHAT_CHROMIUM"] ?? "/usr/bin/chromium";

export function ensureChromium(): boolean {
  if (existsSync(CHROMIUM)) return true;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    process.stdout.write(
      "Chromium is missing, so the browser tests cannot run. Install it (Debian: sudo apt-get install chromium), " +
        "or name another one in XCHAT_CHROMIUM.\n",
    );
    return false;
  }
  process.stdout.write("Installing Debian's chromium for the browser tests …\n");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit", env });
  execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], { stdio: "ignore", env });
  return existsSync(CHROMIUM);
}
