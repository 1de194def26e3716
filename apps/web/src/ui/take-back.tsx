import { useState, type ReactElement, type ReactNode } from "react";
import { Button, Note } from "./basics.tsx";

/** A button that asks once more at its own place. Who keeps what it would take stands at the button again. */
export function TakeBack({
  label,
  title,
  keep,
  confirm,
  isBusy,
  onConfirm,
  children,
}: {
  readonly label: ReactNode;
  readonly title: ReactNode;
  readonly keep: ReactNode;
  readonly confirm: ReactNode;
  readonly isBusy: boolean;
  readonly onConfirm: () => void;
  /** What follows from it. */
  readonly children: ReactNode;
}): ReactElement {
  const [state, setState] = useState<"new" | "asking" | "kept">("new");
  if (state !== "asking") {
    return (
      <Button kind="quiet" icon="trash" autoFocus={state === "kept"} onClick={() => setState("asking")}>
        {label}
      </Button>
    );
  }
  return (
    <div ref={showWhole}>
      <Note kind="warning" title={title}>
        {children}
        <div className="actions">
          <Button key="keep" autoFocus onClick={() => setState("kept")}>
            {keep}
          </Button>
          <Button kind="danger" isBusy={isBusy} onClick={onConfirm}>
            {confirm}
          </Button>
        </div>
      </Note>
    </div>
  );
}

/** A question at the end of a dialog that is longer than its window is one that nobody sees. */
const showWhole = (element: HTMLElement | null): void => element?.scrollIntoView({ block: "nearest" });
