/**
 * Real Chromium with real profiles: each person has a folder of their own, kept over restarts of the browser. It is
 * started as a person's would be, not by the driver, whose flags turn storage partitioning off.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { CHROMIUM } from "../../scripts/chromium.ts";
import type { Line } from "./line.ts";

const ARGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-extensions",
  "--disable-default-apps",
  "--disable-client-side-phishing-detection",
  "--disable-domain-reliability",
  "--disable-features=OptimizationHints,MediaRouter,AutofillServerCommunication,Translate",
  "--remote-debugging-port=0",
];
const START_PATIENCE = 30_000;
/** How long a page may take for what a person waits for, on a machine that has much else to do. */
const PAGE_PATIENCE = 60_000;

export interface ProfileOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: "light" | "dark";
  readonly locale?: string;
  /** Everything but WebRTC goes through it. */
  readonly line?: Line;
  /** Names of other machines that lead here instead. */
  readonly names?: readonly string[];
}

export interface BrowserProfile {
  /** Everything that a page, worker or socket of this profile asked for. */
  readonly requests: string[];
  /** What pages threw or logged as errors. */
  readonly problems: string[];
  page(url: string): Promise<Page>;
  /** Sets the clock of the client ahead in every page that is open, as if the device had slept. Milliseconds from now. */
  sleep(duration: number): Promise<void>;
  /** Cuts every page and worker off, as a device that lost its network. */
  setOffline(isOffline: boolean): Promise<void>;
  /** Ends the whole browser at once, as a power cut would. */
  kill(): Promise<void>;
  pages(): readonly Page[];
  /** The same profile again, after `kill` or `quit`. */
  reopen(): Promise<BrowserProfile>;
  quit(): Promise<void>;
  /** Ends the browser and takes the profile away. */
  remove(): Promise<void>;
}

export async function browserProfile(options: ProfileOptions = {}, kept?: string): Promise<BrowserProfile> {
  const directory = kept ?? (await mkdtemp(join(tmpdir(), "xchat-browser-")));
  const args = [...ARGS, `--user-data-dir=${directory}`, `--lang=${options.locale ?? "en"}`];
  if (options.line !== undefined)
    args.push(`--proxy-server=socks5://127.0.0.1:${options.line.port}`, "--proxy-bypass-list=<-loopback>");
  if (options.names !== undefined)
    args.push(`--host-resolver-rules=${options.names.map((name) => `MAP ${name} 127.0.0.1`).join(", ")}`);
  args.push("about:blank");
  // A group of its own, so that a kill takes the renderers along.
  const child = spawn(CHROMIUM, args, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const browser = await chromium.connectOverCDP(await debuggerAddress(child.stderr));
  const context = browser.contexts()[0];
  if (context === undefined) throw new Error("the browser has no profile");
  context.setDefaultTimeout(PAGE_PATIENCE);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const requests: string[] = [];
  const problems: string[] = [];
  context.on("request", (request) => requests.push(request.url()));
  context.on("page", (page) => {
    page.on("websocket", (socket) => requests.push(socket.url()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
  });
  const kill = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, "SIGKILL");
    await ended;
  };
  const quit = async (): Promise<void> => {
    const session = await browser.newBrowserCDPSession().catch(() => null);
    await session?.send("Browser.close").catch(() => undefined);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5_000))]);
    await kill();
  };
  return {
    requests,
    problems,
    page: async (url) => {
      const page = await context.newPage();
      await page.setViewportSize(options.viewport ?? { width: 1280, height: 800 });
      await page.emulateMedia({ colorScheme: options.colorScheme ?? "light" });
      await page.goto(url);
      return page;
    },
    sleep: async (duration) => {
      for (const worker of context.pages().flatMap((page) => page.workers()))
        await worker.evaluate((ahead) => {
          Date.now = () => Math.round(performance.timeOrigin + performance.now() + ahead);
        }, duration);
    },
    setOffline: (isOffline) => context.setOffline(isOffline),
    kill,
    pages: () => context.pages(),
    quit,
    reopen: () => browserProfile(options, directory),
    remove: async () => {
      await quit();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function debuggerAddress(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`the browser did not start: ${text}`)), START_PATIENCE);
    output.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const address = /DevTools listening on (ws:\/\/\S+)/u.exec(text)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
}
