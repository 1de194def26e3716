/**
 * Where the person is in the app. Places live in the history's state and never in the address, so that neither the
 * browser's list of visited pages nor a shared address tells whom someone talks to.
 */
import { useSyncExternalStore } from "react";

export type Place =
  | { readonly at: "chats" }
  | { readonly at: "chat"; readonly chat: string; readonly panel?: "contact" | "search"; readonly message?: string }
  | { readonly at: "search" }
  | { readonly at: "requests" }
  | { readonly at: "people" }
  | { readonly at: "new-group" }
  | { readonly at: "network" }
  | { readonly at: "settings"; readonly section?: SettingsSection };

export type SettingsSection =
  | "words"
  | "backup"
  | "devices"
  | "passphrase"
  | "privacy"
  | "look"
  | "data"
  | "doctor"
  | "about";

const HOME: Place = { at: "chats" };
const listeners = new Set<() => void>();

const placeOf = (state: unknown): Place =>
  typeof state === "object" && state !== null && "at" in state && typeof state.at === "string"
    ? (state as Place)
    : HOME;

let current = typeof history === "undefined" ? HOME : placeOf(history.state);

function arrive(place: Place): void {
  current = place;
  for (const listener of listeners) listener();
}

if (typeof window !== "undefined") window.addEventListener("popstate", (event) => arrive(placeOf(event.state)));

const depth = (place: Place): number =>
  place.at === "chats" ? 0 : place.at === "chat" && place.panel !== undefined ? 2 : 1;

/** Moves on: from the home or deeper it adds to the history, sideways it replaces, so that "back" always leads home. */
export function go(place: Place): void {
  if (depth(place) > depth(current)) history.pushState(place, "");
  else history.replaceState(place, "");
  arrive(place);
}

/** One step towards home. */
export function goBack(): void {
  const { at } = current;
  if (at === "chat" && current.panel !== undefined) go({ at: "chat", chat: current.chat });
  else if (at === "settings" && current.section !== undefined) go({ at: "settings" });
  else go(HOME);
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}
