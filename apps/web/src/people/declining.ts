/**
 * Requests whose decline can still be undone: hidden, and not answered yet. Kept for the session of this tab, since a
 * page that goes takes the client with it before the answer is saved: then the next page gives it.
 */
import type { ClientApi } from "@xchat/client/api";

const STORAGE_KEY = "xchat.declining";
const listeners = new Set<() => void>();
/** Left over by a page before this one: nobody can undo them any more. */
const leftOver = stored();
let ids: ReadonlySet<string> = leftOver;

function stored(): ReadonlySet<string> {
  if (typeof sessionStorage === "undefined") return new Set();
  return new Set((sessionStorage.getItem(STORAGE_KEY) ?? "").split(" ").filter((id) => id !== ""));
}

function set(next: ReadonlySet<string>): void {
  ids = next;
  sessionStorage.setItem(STORAGE_KEY, [...ids].join(" "));
  for (const listener of listeners) listener();
}

export const declining = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  ids: (): ReadonlySet<string> => ids,
  add: (id: string): void => set(new Set([...ids, id])),
  remove: (id: string): void => set(new Set([...ids].filter((one) => one !== id))),
};

/** Should it fail, the request stays in the view and shows again; should the page go, the next one tries. */
export function decline(api: ClientApi, id: string): void {
  void api
    .call("answerRequest", { id, answer: "decline", mayDirect: false })
    .catch(() => {})
    .finally(() => {
      if (!isLeaving) declining.remove(id);
    });
}

let isLeaving = false;
if (typeof window !== "undefined") {
  window.addEventListener("pagehide", () => (isLeaving = true));
  window.addEventListener("pageshow", () => (isLeaving = false));
}

/** To be called once the identity is open. */
export function declineLeftOver(api: ClientApi): void {
  for (const id of leftOver) decline(api, id);
}
