/** How a message is asked what can be done with it, by pointer or finger; and the swipe that answers it. */
import { useRef } from "react";
import type { MenuPlace } from "./message-menu.tsx";

const LONG_PRESS_MILLISECONDS = 450;
/** A finger that has moved further scrolls or swipes, and does not press. Pixels. */
const STILL = 10;
const SWIPE = 56;

interface Presses {
  readonly onContextMenu: (event: React.MouseEvent) => void;
  readonly onPointerDown: (event: React.PointerEvent) => void;
  readonly onPointerMove: (event: React.PointerEvent) => void;
  readonly onPointerUp: (event: React.PointerEvent) => void;
  readonly onPointerCancel: () => void;
}

const isOnLink = (target: EventTarget): boolean => target instanceof Element && target.closest("a") !== null;

export function usePress(id: string, openMenu: (place: MenuPlace) => void, onSwipe: () => void): Presses {
  const start = useRef<{ readonly x: number; readonly y: number } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const end = (): void => {
    clearTimeout(timer.current);
    start.current = null;
  };
  return {
    onContextMenu: (event) => {
      // Links and selected text keep the menu of the browser.
      if (isOnLink(event.target) || getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      const isByKey = event.clientX === 0 && event.clientY === 0;
      const box = event.currentTarget.getBoundingClientRect();
      openMenu(isByKey ? { id, x: box.left, y: box.bottom } : { id, x: event.clientX, y: event.clientY });
    },
    onPointerDown: (event) => {
      if (event.pointerType !== "touch" || isOnLink(event.target)) return;
      const at = { x: event.clientX, y: event.clientY };
      start.current = at;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        start.current = null;
        getSelection()?.removeAllRanges();
        openMenu({ id, ...at });
      }, LONG_PRESS_MILLISECONDS);
    },
    onPointerMove: (event) => {
      if (start.current === null) return;
      if (Math.hypot(event.clientX - start.current.x, event.clientY - start.current.y) > STILL)
        clearTimeout(timer.current);
    },
    onPointerUp: (event) => {
      const from = start.current;
      end();
      if (from === null) return;
      const isRightToLeft = document.documentElement.dir === "rtl";
      const along = (event.clientX - from.x) * (isRightToLeft ? -1 : 1);
      if (along > SWIPE && Math.abs(event.clientY - from.y) < SWIPE / 2) onSwipe();
    },
    onPointerCancel: end,
  };
}
