import { useEffect, useEffectEvent } from "react";
import { useServices } from "./context.tsx";
import { go, goBack, usePlace } from "./places.ts";

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));

export const isApple = /Mac|iPhone|iPad/u.test(typeof navigator === "undefined" ? "" : navigator.userAgent);

/** The app's shortcuts. None of them takes a key that is being typed, nor one that works inside an open dialog or menu. */
export function useShortcuts(showHelp: () => void): void {
  const { views } = useServices();
  const place = usePlace();
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open], [role=menu]") !== null)
      return;
    const hasCommand = isApple ? event.metaKey : event.ctrlKey;
    const run = action(event, hasCommand);
    if (run === null) return;
    event.preventDefault();
    run();
  });

  const action = (event: KeyboardEvent, hasCommand: boolean): (() => void) | null => {
    const { key, altKey, code } = event;
    if (hasCommand && !altKey && code === "KeyK") return () => go({ at: "search" });
    if (hasCommand && !altKey && code === "KeyF" && place.at === "chat" && place.panel !== "search")
      return () => go({ ...place, panel: "search" });
    if (altKey && (key === "ArrowUp" || key === "ArrowDown")) return () => step(key === "ArrowDown" ? 1 : -1);
    if (altKey && code === "KeyI" && place.at === "chat")
      return () => go(place.panel === "contact" ? { at: "chat", chat: place.chat } : { ...place, panel: "contact" });
    if (altKey && code === "KeyG") return () => go({ at: "new-group" });
    if (altKey && code === "KeyN") return () => go({ at: "people" });
    if (key === "Escape" && place.at !== "chats") return goBack;
    if (key === "?" && !isTyping(event.target)) return showHelp;
    if (key === "/" && !isTyping(event.target)) return () => go({ at: "search" });
    return null;
  };

  const step = (by: 1 | -1): void => {
    const chats = views.last("chats") ?? [];
    if (chats.length === 0) return;
    const index =
      place.at === "chat" ? chats.findIndex((chat) => chat.id === place.chat) : by === 1 ? -1 : chats.length;
    const next = chats[Math.max(0, Math.min(chats.length - 1, index + by))];
    if (next !== undefined) go({ at: "chat", chat: next.id });
  };

  useEffect(() => {
    const listener = (event: KeyboardEvent): void => press(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
