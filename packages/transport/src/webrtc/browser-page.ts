/**
 * For tests: transports that live in a page of Chromium, driven from the test. Skipped loudly where there is none.
 */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser, type Page } from "playwright-core";
import { rolldown } from "rolldown";
import type { TestInput, TestTransport } from "./direct-contract.ts";

const CHROMIUM = process.env["XCHAT_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const hasChromium = existsSync(CHROMIUM);
if (!hasChromium)
  console.warn(`SKIPPED: no Chromium at ${CHROMIUM} (XCHAT_CHROMIUM); its direct connections are not tested`);

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS });

/** Serves the two scripts of the test pages on loopback. */
export async function servePages(): Promise<{ readonly origin: string; close(): void }> {
  const scripts = new Map<string, string>();
  for (const name of ["page", "worker"]) {
    const bundle = await rolldown({ input: new URL(`./fixtures/${name}.dom.ts`, import.meta.url).pathname });
    const { output } = await bundle.generate({ format: "esm" });
    await bundle.close();
    scripts.set(`/${name}.js`, output[0].code);
  }
  const server: Server = createServer((request, response) => {
    const script = scripts.get(request.url ?? "");
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(script ?? '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}

/** What a page tells of one of its peers. Messages cross as base64. */
export type Told =
  | { readonly kind: "signal"; readonly id: number; readonly value: Parameters<TestInput["onSignal"]>[0] }
  | { readonly kind: "state"; readonly id: number; readonly value: Parameters<TestInput["onState"]>[0] }
  | { readonly kind: "message"; readonly id: number; readonly value: string };

/** Where a peer lives: `bridge` is a worker whose channels stay in its page. */
type Place = "page" | "worker" | "bridge";

/** The functions that the test pages offer. */
export interface PageDriver {
  create(id: number, where: Place, role: TestInput["role"], stunAddresses: readonly string[]): void;
  accept(id: number, signal: unknown): void;
  send(id: number, base64: string): Promise<boolean>;
  close(id: number): void;
}

declare global {
  var driver: PageDriver;
  var tell: (told: Told) => void;
}

export async function pageTransport(
  browser: Browser,
  origin: string,
  where: Place,
): Promise<TestTransport & { readonly page: Page; idle(): Promise<unknown> }> {
  const page = await (await browser.newContext()).newPage();
  const inputs = new Map<number, TestInput>();
  await page.exposeBinding("tell", (_, told: Told) => {
    const input = inputs.get(told.id);
    if (told.kind === "signal") input?.onSignal(told.value);
    else if (told.kind === "state") input?.onState(told.value);
    else input?.onMessage(Uint8Array.from(Buffer.from(told.value, "base64")));
  });
  await page.goto(origin);
  await page.waitForFunction(() => "driver" in globalThis);
  let lastId = 0;
  // One after the other, as a call in the same process would be.
  let work: Promise<unknown> = Promise.resolve();
  const then = <T>(step: () => Promise<T>): Promise<T> => {
    const done = work.then(step);
    work = done;
    return done;
  };
  return {
    page,
    /** Resolves when everything that was asked of the page is done. */
    idle: () => work,
    createPeer: (input) => {
      const id = ++lastId;
      inputs.set(id, input);
      const { role, stunAddresses } = input;
      void then(() =>
        page.evaluate((a) => driver.create(a.id, a.where, a.role, a.stunAddresses), { id, where, role, stunAddresses }),
      );
      return {
        acceptSignal: (signal) => void then(() => page.evaluate((a) => driver.accept(a.id, a.signal), { id, signal })),
        send: (message) => {
          const base64 = Buffer.from(message).toString("base64");
          return then(() => page.evaluate((a) => driver.send(a.id, a.base64), { id, base64 }));
        },
        close: () => void then(() => page.evaluate((a) => driver.close(a.id), { id })),
      };
    },
  };
}
