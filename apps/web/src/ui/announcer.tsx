/** Tells screen readers what happens out of focus. Two regions in turn, so that equal texts are read again. */
import { useSyncExternalStore, type ReactElement } from "react";

let texts: readonly [string, string] = ["", ""];
let turn = 0;
const listeners = new Set<() => void>();

export function announce(text: string): void {
  turn = 1 - turn;
  texts = turn === 0 ? [text, ""] : ["", text];
  for (const listener of listeners) listener();
}

export function Announcer(): ReactElement {
  const [even, odd] = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => texts,
  );
  return (
    <div className="visually-hidden announcer">
      <div aria-live="polite">{even}</div>
      <div aria-live="polite">{odd}</div>
    </div>
  );
}
