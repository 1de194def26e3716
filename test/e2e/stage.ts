/** What the stories of one file share: a node that serves the built app, and the browsers of the story at hand. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startNodeProcess, type NodeProcess } from "@xchat/testkit";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { browserProfile, type BrowserProfile, type ProfileOptions } from "./browser.ts";
import { acceptRequest, answerInvitation, createIdentity, invite } from "./people.ts";

/** What ships. */
const BUILT_NODE = join(import.meta.dirname, "../../apps/node/dist/main.js");
/** A folder that takes a picture of each page as its story left it. */
const PICTURES = process.env["XCHAT_PICTURES"];

const DAY = 86_400_000;

export interface Couple {
  readonly alice: BrowserProfile;
  readonly bob: BrowserProfile;
  readonly alicesPage: Page;
  readonly bobsPage: Page;
}

export interface CoupleOptions {
  /** Both say yes to direct connections. */
  readonly mayDirect?: boolean;
  readonly alice?: ProfileOptions;
  readonly bob?: ProfileOptions;
}

export interface Stage {
  readonly node: NodeProcess;
  /** All that runs sleeps for days, or nobody looks at it for so long: the node, which starts anew, and the clients. */
  pass(days: number): Promise<void>;
  /** Taken away after the story in which it was opened, or after all where that was before the first. */
  browser(options?: ProfileOptions): Promise<BrowserProfile>;
  /** A browser that came back. */
  keep(profile: BrowserProfile): BrowserProfile;
  /** Alice and Bob, acquainted, each with their chat open. */
  acquainted(options?: CoupleOptions): Promise<Couple>;
  /** Run after the story, the last one first. */
  cleanUp(task: () => Promise<unknown>): void;
}

/** To be called once, at the top of a file. */
export function stage(): Stage {
  let node: NodeProcess | undefined;
  const profiles: BrowserProfile[] = [];
  const tasks: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    node = await startNodeProcess({ withApp: true, main: BUILT_NODE });
  });
  let ofAll = 0;
  beforeEach(() => {
    ofAll = profiles.length;
  });
  afterEach(async ({ task }) => {
    if (PICTURES !== undefined) await takePictures(PICTURES, task.name, profiles);
    await Promise.all(profiles.splice(ofAll).map((profile) => profile.remove()));
    for (const cleanUp of tasks.splice(0).toReversed()) await cleanUp();
  });
  afterAll(async () => {
    await Promise.all(profiles.splice(0).map((profile) => profile.remove()));
    await node?.remove();
  });
  const keep = (profile: BrowserProfile): BrowserProfile => {
    profiles.push(profile);
    return profile;
  };
  const running = (): NodeProcess => {
    if (node === undefined) throw new Error("the node does not run before the first story");
    return node;
  };
  const browser = async (options: ProfileOptions = {}): Promise<BrowserProfile> => keep(await browserProfile(options));
  return {
    get node() {
      return running();
    },
    pass: async (days) => {
      await running().stop();
      await inTheFuture(days * DAY, () => running().restart());
      await Promise.all(profiles.map((profile) => profile.sleep(days * DAY)));
    },
    browser,
    keep,
    cleanUp: (task) => tasks.push(task),
    acquainted: async ({ mayDirect = false, ...options } = {}) => {
      const [alice, bob] = await Promise.all([browser(options.alice), browser(options.bob)]);
      const alicesPage = await alice.page(running().webAddress);
      await createIdentity(alicesPage, "Alice");
      const bobsPage = await bob.page(await invite(alicesPage));
      await answerInvitation(bobsPage, "Bob", { mayDirect });
      await acceptRequest(alicesPage, mayDirect);
      return { alice, bob, alicesPage, bobsPage };
    },
  };
}

/** What is started meanwhile has its clock set ahead. */
async function inTheFuture(duration: number, start: () => Promise<void>): Promise<void> {
  const setClock = `const now = Date.now.bind(Date); Date.now = () => now() + ${duration};`;
  process.env["NODE_OPTIONS"] = `--import=data:text/javascript,${encodeURIComponent(setClock)}`;
  try {
    await start();
  } finally {
    delete process.env["NODE_OPTIONS"];
  }
}

async function takePictures(folder: string, story: string, profiles: readonly BrowserProfile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = story.replaceAll(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60);
  for (const [person, profile] of profiles.entries())
    for (const [tab, page] of profile.pages().entries())
      if (page.url().startsWith("http"))
        await page.screenshot({ path: join(folder, `${name}-${person}-${tab}.png`) }).catch(() => undefined);
}
