import { useEffect, useRef } from "react";
import { usePlace } from "./places.ts";

/**
 * What had the focus may go with the place or the step that showed it. Then the focus goes to what is there now, so that
 * who has only the keyboard or hears the screen goes on from there, and not from the top of the page.
 */
export function useKeptFocus(): void {
  const place = usePlace();
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    // On a narrow screen the list may be hidden and have the focus still, which the browser takes away later.
    const { activeElement, body } = document;
    if (activeElement === body || activeElement?.checkVisibility() !== true) focusPlace();
  }, [place]);
}

/** The same where something else than a place has gone: a form that is done, a card that is answered, a toast. */
export function useLostFocus(): void {
  useEffect(() => {
    // Null where the focus was given up by a press elsewhere.
    let last: EventTarget | null = null;
    const onFocus = ({ target }: FocusEvent): void => void (last = target);
    const onPress = (): void => void (last = null);
    const observer = new MutationObserver(() => {
      if (document.activeElement === document.body && last instanceof Node && !last.isConnected) focusPlace();
    });
    document.addEventListener("focusin", onFocus);
    document.addEventListener("pointerdown", onPress, true);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener("focusin", onFocus);
      document.removeEventListener("pointerdown", onPress, true);
      observer.disconnect();
    };
  }, []);
}

function focusPlace(): void {
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  const content = document.getElementById("content");
  const field = matchMedia("(pointer: coarse)").matches ? null : content?.querySelector("textarea");
  const list = document.getElementById("list");
  const isAtList = document.querySelector('.shell[data-at="chats"]') !== null;
  const wanted =
    dialog === undefined ? (isAtList ? [list, content] : [field, content, list]) : [dialog.querySelector("h2")];
  wanted.find((element) => element?.checkVisibility() === true)?.focus({ preventScroll: true });
}
