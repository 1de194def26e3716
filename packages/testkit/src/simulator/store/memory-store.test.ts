/** The store of simulations keeps the contract of all stores, and loses by a crash what the port allows and no more. */
import { describe, expect, it, test } from "vitest";
import { STORE_CONTRACT } from "@xchat/store-sqlite/contract";
import { memoryOpener, MemoryPlace } from "./memory-store.ts";

const synced = (call: () => void): void => queueMicrotask(call);

describe("store of simulations", () => {
  for (const { name, run } of STORE_CONTRACT) {
    it(name, async () => {
      const place = new MemoryPlace();
      await run(() => memoryOpener({ place, synced }));
    });
  }
});

const named = (name: string): { readonly document: string; readonly value: Uint8Array } => ({
  document: name,
  value: new Uint8Array([1]),
});

describe("a crash", () => {
  test("[S1] keeps what has resolved", async () => {
    const place = new MemoryPlace();
    const store = await memoryOpener({ place, synced }).create(null);
    await store.write([named("a")]);
    place.crash(() => 0);
    const again = await memoryOpener({ place, synced }).open(null);
    expect(await again.document("a")).not.toBeNull();
  });

  test.each([0, 1, 2, 3])("[S2] keeps a prefix of what has not: %i of three", async (kept) => {
    const place = new MemoryPlace();
    const waiting: (() => void)[] = [];
    const store = await memoryOpener({ place, synced: (call) => waiting.push(call) }).create(null);
    for (const name of ["a", "b", "c"]) void store.write([named(name), named(`${name}2`)]);
    place.crash(() => kept);
    const again = await memoryOpener({ place, synced }).open(null);
    const found = await Promise.all(["a", "a2", "b", "b2", "c", "c2"].map((name) => again.document(name)));
    expect(found.map((value) => value !== null)).toEqual([0, 0, 1, 1, 2, 2].map((n) => n < kept));
  });

  test("takes back nothing that has been read", async () => {
    const place = new MemoryPlace();
    const store = await memoryOpener({ place, synced: () => {} }).create(null);
    void store.write([named("a")]);
    expect(await store.document("a")).not.toBeNull();
    place.crash(() => 0);
    const again = await memoryOpener({ place, synced }).open(null);
    expect(await again.document("a")).not.toBeNull();
  });

  test("leaves the image of a disk as it was when it was taken", async () => {
    const place = new MemoryPlace();
    const store = await memoryOpener({ place, synced }).create(null);
    await store.write([named("a")]);
    const image = place.image();
    await store.write([named("b")]);
    const old = await memoryOpener({ place: image, synced }).open(null);
    expect([await old.document("a"), await old.document("b")].map((value) => value === null)).toEqual([false, true]);
  });
});
