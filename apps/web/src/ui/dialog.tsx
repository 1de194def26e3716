import { useLingui } from "@lingui/react/macro";
import { useId, useLayoutEffect, useRef, type ReactElement, type ReactNode } from "react";
import { Button, IconButton, classes } from "./basics.tsx";

/**
 * A modal dialog on the platform's own element: it keeps the focus inside, hides what is behind from screen readers,
 * closes by Escape and gives the focus back. It is open as long as it is rendered.
 */
export function Dialog({
  title,
  onClose,
  children,
  size = "medium",
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly size?: "medium" | "wide";
}): ReactElement {
  const { t } = useLingui();
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // It has to be closed while it still stands in the page: one that is gone gives no focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={classes("dialog", size === "wide" && "dialog-wide")}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-body">
        <header className="dialog-header">
          <h2 id={titleId} tabIndex={-1}>
            {title}
          </h2>
          <IconButton icon="close" label={t`Close`} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

export function ConfirmDialog({
  title,
  children,
  action,
  onConfirm,
  onClose,
  isBusy = false,
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly isBusy?: boolean;
}): ReactElement {
  const { t } = useLingui();
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="dialog-text">{children}</div>
      <div className="actions">
        <Button onClick={onClose}>{t`Cancel`}</Button>
        <Button kind="danger" onClick={onConfirm} isBusy={isBusy}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
