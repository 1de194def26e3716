/** A store in a dedicated worker, as the app has it. */
import { domCryptoProvider } from "@xchat/crypto/dom";
import { StoreError, type Store, type StoreOpener } from "@xchat/client/ports";
import { STORE_CONTRACT } from "../../../src/contract.ts";
import { sampleEvent } from "../../../src/sample-records.ts";
import { seededRandom } from "../../../src/disk.fault.ts";
import { opfsStoreOpener } from "../../../src/open.dom.ts";
import { Workload } from "../../../src/workload.ts";
import type { Order } from "./orders.ts";

const provider = await domCryptoProvider();
const openerOf = (name: string): StoreOpener =>
  opfsStoreOpener({ name, provider, now: Date.now, passphraseParameters: { memoryKiB: 64, passes: 1 } });

let open: Store | null = null;

async function openOrCreate(name: string): Promise<Store> {
  const opener = openerOf(name);
  return (await opener.state()) === "none" ? opener.create(null) : opener.open(null);
}

async function runContract(): Promise<unknown> {
  const results: { name: string; failure: string | null }[] = [];
  for (const [index, { name, run }] of STORE_CONTRACT.entries()) {
    const opener = (): StoreOpener => openerOf(`contract-${index}`);
    const failure = await run(opener).then(
      () => null,
      (error: unknown) => String(error),
    );
    await opener().destroy();
    results.push({ name, failure });
  }
  return results;
}

async function writeForEver(name: string, seed: number, skip: number): Promise<never> {
  const store = await openOrCreate(name);
  const work = new Workload(seededRandom(seed));
  for (let n = 0; n < skip; n++) work.next();
  for (;;) {
    const group = Array.from({ length: 1 + (work.length % 3) }, () => store.write(work.next()));
    await Promise.all(group);
    await fetch(`/acknowledged/${work.length}`, { method: "POST" });
  }
}

async function findPrefix(name: string, seed: number, acknowledged: number): Promise<unknown> {
  const work = new Workload(seededRandom(seed));
  while (work.length < acknowledged + 10) work.next();
  const store = await openerOf(name).open(null);
  const prefix = await work.prefixIn(store, acknowledged);
  const { problems } = await store.health("full");
  await store.close();
  return { prefix, problems };
}

const FILLING = 65_536;

async function fill(name: string): Promise<unknown> {
  const store = await openOrCreate(name);
  open = store;
  let written = 0;
  try {
    for (;;) {
      await store.write([{ document: `d${written}`, value: provider.randomBytes(FILLING) }]);
      written++;
    }
  } catch (error) {
    const refused = error instanceof StoreError ? error.code : String(error);
    return {
      written,
      refused,
      present: await countFilled(store, written),
      beyond: await store.document(`d${written}`),
    };
  }
}

async function countFilled(store: Store, written: number): Promise<number> {
  let present = 0;
  for (let n = 0; n < written; n++) present += (await store.document(`d${n}`))?.length === FILLING ? 1 : 0;
  return present;
}

/** After there is room again: in the same store, and in the next. */
async function refill(name: string, written: number): Promise<unknown> {
  await open?.write([{ document: `d${written}`, value: provider.randomBytes(FILLING) }]);
  await open?.close();
  const store = await openerOf(name).open(null);
  const present = await countFilled(store, written + 1);
  const { problems } = await store.health("full");
  await store.close();
  return { present, problems };
}

const hex = (n: number): string => (n * 2_654_435_761).toString(16).padStart(16, "0").repeat(4);

async function measure(name: string, events: number): Promise<unknown> {
  const timed = async (action: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await action();
    return Math.round((performance.now() - start) * 100) / 100;
  };
  const store = await openOrCreate(name);
  const fillMs = await timed(async () => {
    for (let n = 0; n < events; n += 500) {
      const records = Array.from({ length: 500 }, (_, k) =>
        sampleEvent(n + k, { id: hex(n + k), header: new Uint8Array(300), body: new Uint8Array(150) }),
      );
      await store.write(records.map((record) => ({ put: "event", record })));
    }
  });
  const closeMs = await timed(() => store.close());
  let again: Store | undefined;
  const openMs = await timed(async () => (again = await openerOf(name).open(null)));
  if (again === undefined) throw new Error("not open");
  const opened = again;
  const pageMs = await timed(() => opened.eventsBefore("c1", null, 100));
  const searchMs = await timed(() => opened.search("message", null, 50));
  const writes: number[] = [];
  for (let n = 0; n < 50; n++)
    writes.push(await timed(() => opened.write([{ document: "a", value: new Uint8Array(n) }])));
  await opened.close();
  const writeMs = writes.toSorted((a, b) => a - b)[25];
  return { events, fillMs, closeMs, openMs, pageMs, searchMs, writeMs };
}

async function obey(order: Order): Promise<unknown> {
  switch (order.kind) {
    case "contract":
      return runContract();
    case "state":
      return openerOf(order.name).state();
    case "open":
      open = await openOrCreate(order.name);
      return "open";
    case "close":
      await open?.close();
      return "closed";
    case "write":
      return writeForEver(order.name, order.seed, order.skip);
    case "prefix":
      return findPrefix(order.name, order.seed, order.acknowledged);
    case "fill":
      return fill(order.name);
    case "refill":
      return refill(order.name, order.written);
    default:
      return measure(order.name, order.events);
  }
}

addEventListener("message", (event: MessageEvent<Order>) => {
  const [port] = event.ports;
  obey(event.data).then(
    (answer) => port?.postMessage(answer),
    (error: unknown) => port?.postMessage({ refused: error instanceof StoreError ? error.code : String(error) }),
  );
});
