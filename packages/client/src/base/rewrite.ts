/**
 * Once a day the store is written anew, so that copies of moved rows that its engine leaves in pages are gone within a
 * day (S4 of the store port). When that was is kept in the store itself.
 */
import { decode, encode, uint } from "@xchat/codec";
import { StoreError, type Store } from "../ports.ts";

const DOCUMENT = "rewrite";
const INTERVAL = 24 * 60 * 60_000;

/** A disk without room for a second copy puts it off by an hour, as often as it must. */
export async function rewriteDaily(store: Store, now: number): Promise<void> {
  const stored = await store.document(DOCUMENT);
  const last = stored === null ? null : decode(uint(), stored);
  // A clock that was set back must not put it off for ever.
  if (last?.ok === true && last.value <= now && now - last.value < INTERVAL) return;
  try {
    await store.rewrite();
  } catch (error) {
    if (error instanceof StoreError && error.code === "store-full") return;
    throw error;
  }
  await store.write([{ document: DOCUMENT, value: encode(uint(), now) }]);
}
