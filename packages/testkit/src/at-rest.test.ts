/** [CL1] Somebody who has just made an identity: what of the client they need, and what comes with the first thing they do. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackupView, ClientApi, NetworkView, Query } from "@xchat/client/api";
import { StoreError, type Store, type StoreOpener } from "@xchat/client/ports";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { nodeStoreOpener } from "@xchat/store-sqlite/node";
import { afterEach, describe, expect, test } from "vitest";
import {
  memoryConnector,
  memoryNodes,
  passUntil,
  person,
  present,
  until,
  VirtualClock,
  type Person,
  type PersonInput,
} from "./index.ts";

const WATCHED = [
  "profile",
  "chats",
  "requests",
  "invitations",
  "network",
  "backup",
  "recovery",
  "link",
  "devices",
  "joining",
] as const satisfies readonly Query["view"][];

const NOW = 1_795_512_600_000;
const INVITATION = { label: "", isLasting: false, days: 7 } as const;
const isUp = ({ nodes }: NetworkView): boolean => nodes.every(({ state }) => state === "ready");
const isKept = (view: BackupView): boolean => view.state === "on" && view.storedAt === 1 && !view.isBehind;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const nodes = memoryNodes(1);

/** Counts how often the greater part is loaded. */
async function alice(more: Partial<PersonInput> = {}): Promise<{ readonly who: Person; readonly loads: () => number }> {
  let loads = 0;
  const who = await person({
    name: "Alice",
    nodes: nodes.map(({ hint }) => hint),
    connector: memoryConnector(nodes),
    ...more,
    onLoad: async () => {
      loads++;
      await more.onLoad?.();
    },
  });
  cleanUps.push(() => who.close());
  return { who, loads: () => loads };
}

const allViews = (api: ClientApi): Promise<readonly unknown[]> =>
  Promise.all(WATCHED.map((view) => present(api, { view } as never)));

describe("[CL1] somebody who has just made an identity", () => {
  test("is there, backed up, with nothing of conversations loaded; the first thing they do shows the same views", async () => {
    const clock = new VirtualClock(NOW);
    const { who, loads } = await alice({ clock });
    await until(who.api, { view: "network" }, isUp);
    await passUntil(clock, who.api, { view: "backup" }, isKept, { step: 10_000, atMost: 600_000 });
    const before = await allViews(who.api);
    expect(loads()).toBe(0);
    await who.api.call("retryNow", {});
    expect(loads()).toBe(1);
    expect(await allViews(who.api)).toEqual(before);
  });

  test("may do several things at once: one session opens, and they are done in their order", async () => {
    const { who, loads } = await alice();
    const labels = ["first", "second", "third"];
    const made = await Promise.all(labels.map((label) => who.api.call("createInvitation", { ...INVITATION, label })));
    expect(loads()).toBe(1);
    expect(made.map(({ label }) => label)).toEqual(labels);
    await until(who.api, { view: "invitations" }, (invitations) => invitations.length === 3);
  });

  test("is told where that part cannot be loaded; nothing was done, and the next time it is asked for again", async () => {
    let isGone = true;
    const { who } = await alice({ onLoad: async () => (isGone ? Promise.reject(new Error("gone")) : undefined) });
    await expect(who.api.call("createInvitation", INVITATION)).rejects.toMatchObject({ code: "part-missing" });
    expect(await present(who.api, { view: "invitations" })).toEqual([]);
    isGone = false;
    await who.api.call("createInvitation", INVITATION);
    await until(who.api, { view: "invitations" }, (invitations) => invitations.length === 1);
  });

  test("closes without it, and the next time everything is opened at once", async () => {
    const directory = await mkdtemp(join(tmpdir(), "xchat-at-rest-"));
    cleanUps.push(() => rm(directory, { recursive: true }));
    const first = await alice({ directory });
    await first.who.close();
    expect(first.loads()).toBe(0);
    const second = await alice({ directory });
    expect(second.loads()).toBe(1);
    expect(await present(second.who.api, { view: "profile" })).toMatchObject({ state: "ready", name: "Alice" });
  });

  test("locks and unlocks: without that part the store stays closed, and can be opened later", async () => {
    const directory = await mkdtemp(join(tmpdir(), "xchat-at-rest-"));
    cleanUps.push(() => rm(directory, { recursive: true }));
    const passphrase = "correct horse battery";
    const first = await alice({ directory, withoutProfile: true });
    await first.who.api.call("createProfile", { name: "Alice", passphrase });
    await first.who.close();
    let isGone = true;
    const { who } = await alice({
      directory,
      onLoad: async () => (isGone ? Promise.reject(new Error("gone")) : undefined),
    });
    await expect(who.api.call("unlock", { passphrase })).rejects.toMatchObject({ code: "part-missing" });
    expect(await present(who.api, { view: "profile" })).toEqual({ state: "locked" });
    isGone = false;
    await who.api.call("unlock", { passphrase });
    expect(await present(who.api, { view: "profile" })).toMatchObject({ state: "ready" });
  });

  test("stays locked, and can be tried again, where what lies behind the passphrase cannot be read", async () => {
    const directory = await mkdtemp(join(tmpdir(), "xchat-at-rest-"));
    cleanUps.push(() => rm(directory, { recursive: true }));
    const passphrase = "correct horse battery";
    const first = await alice({ directory, withoutProfile: true });
    await first.who.api.call("createProfile", { name: "Alice", passphrase });
    await first.who.close();
    let unreadable: "document" | "all" | null = "document";
    const own = nodeStoreOpener({ directory, provider: nodeCryptoProvider(), now: () => NOW });
    const stores: StoreOpener = {
      state: () => own.state(),
      destroy: () => own.destroy(),
      create: (given) => own.create(given),
      open: async (given) => failing(await own.open(given), (name) => name === unreadable),
    };
    const { who } = await alice({ directory, stores });
    for (const name of ["document", "all"] as const) {
      unreadable = name;
      await expect(who.api.call("unlock", { passphrase })).rejects.toMatchObject({ code: "store-damaged" });
      expect(await present(who.api, { view: "profile" })).toEqual({ state: "locked" });
      await expect(who.api.call("retryNow", {})).rejects.toMatchObject({ code: "locked" });
    }
    unreadable = null;
    await who.api.call("unlock", { passphrase });
    expect(await present(who.api, { view: "profile" })).toMatchObject({ state: "ready", name: "Alice" });
  });
});

/** A store with damaged pages under some of its questions. */
const failing = (store: Store, isDamaged: (name: keyof Store) => boolean): Store =>
  new Proxy(store, {
    get: (_, name: keyof Store) => {
      if (isDamaged(name)) return () => Promise.reject(new StoreError("store-damaged"));
      const value: unknown = store[name];
      return typeof value === "function" ? value.bind(store) : value;
    },
  });
