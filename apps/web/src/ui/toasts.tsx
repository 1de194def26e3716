/** Short notices at the edge of the screen, some with a way back. One at a time: a new one settles the one before. */
import { useSyncExternalStore, type ReactElement } from "react";

export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Called when the toast goes without its action having been taken. */
  readonly onSettled?: () => void;
}

const PLAIN_MILLISECONDS = 3_500;
const UNDO_MILLISECONDS = 7_000;

let current: Toast | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function show(next: Toast | null): void {
  current = next;
  for (const listener of listeners) listener();
}

function settle(): void {
  clearTimeout(timer);
  const settled = current;
  show(null);
  settled?.onSettled?.();
}

export function toast(next: Toast): void {
  settle();
  show(next);
  timer = setTimeout(settle, next.action === undefined ? PLAIN_MILLISECONDS : UNDO_MILLISECONDS);
}

// What waits for its undo is done when the page goes, since nobody can take it back any more.
if (typeof window !== "undefined") window.addEventListener("pagehide", settle);

export function Toasts(): ReactElement {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
  return (
    <div className="toasts" role="status">
      {shown !== null && (
        <div className="toast">
          <span>{shown.text}</span>
          {shown.action !== undefined && (
            <button
              type="button"
              onClick={() => {
                const { action } = shown;
                clearTimeout(timer);
                show(null);
                action?.run();
              }}
            >
              {shown.action.label}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
