import { useEffect, useRef } from "react";
import { usePlace } from "./places.ts";

/**
 * What had the focus may go with the place that showed it. Then the focus goes to what the new place is for, so that who
 * has only the keyboard or hears the screen goes on from there, and not from the top of the page.
 */
export function useKeptFocus(): void {
  const place = usePlace();
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    if (document.activeElement !== document.body) return;
    const content = document.getElementById("content");
    const field = matchMedia("(pointer: coarse)").matches ? null : content?.querySelector("textarea");
    (field ?? content)?.focus({ preventScroll: true });
  }, [place]);
}
