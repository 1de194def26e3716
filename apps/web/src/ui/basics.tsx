/** Small parts that every screen is made of. */
import type { IntentErrorCode } from "@xchat/client/api";
import { useLingui } from "@lingui/react/macro";
import { useId, type ComponentProps, type ReactElement, type ReactNode } from "react";
import { ERROR_WORDS } from "../app/errors.ts";
import { Icon, type IconName } from "./icon.tsx";

export const classes = (...names: readonly (string | false | undefined | null)[]): string =>
  names.filter(Boolean).join(" ");

type ButtonProps = Omit<ComponentProps<"button">, "type"> & {
  readonly kind?: "primary" | "plain" | "quiet" | "danger";
  readonly icon?: IconName;
  readonly isBusy?: boolean;
  readonly type?: "button" | "submit";
};

/** While busy it keeps its place and focus, and does nothing. */
export function Button({
  kind = "plain",
  icon,
  isBusy = false,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps): ReactElement {
  return (
    <button
      type="button"
      {...rest}
      className={classes("button", `button-${kind}`, className)}
      aria-busy={isBusy || undefined}
      aria-disabled={isBusy || undefined}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
    >
      {icon !== undefined && <Icon name={icon} size={20} />}
      <span>{children}</span>
      {isBusy && <Spinner />}
    </button>
  );
}

type IconButtonProps = Omit<ComponentProps<"button">, "type" | "children"> & {
  readonly icon: IconName;
  readonly label: string;
  readonly size?: number;
};

export function IconButton({ icon, label, className, size, ...rest }: IconButtonProps): ReactElement {
  return (
    <button type="button" {...rest} className={classes("icon-button", className)} aria-label={label} title={label}>
      <Icon name={icon} {...(size === undefined ? {} : { size })} />
    </button>
  );
}

function Spinner(): ReactElement {
  return <span className="spinner" aria-hidden="true" />;
}

type FieldProps = ComponentProps<"input"> & { readonly label: string; readonly hint?: ReactNode };

export function Field({ label, hint, className, ...rest }: FieldProps): ReactElement {
  const id = useId();
  return (
    <div className={classes("field", className)}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        dir="auto"
        autoComplete="off"
        // By a placeholder a style can tell that the field is empty.
        placeholder=" "
        {...rest}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export function Note({
  kind = "info",
  icon,
  title,
  children,
}: {
  readonly kind?: "info" | "warning" | "bad" | "good";
  readonly icon?: IconName;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className={`note note-${kind}`}>
      <Icon name={icon ?? (kind === "good" ? "check" : kind === "info" ? "info" : "warning")} size={20} />
      <div>
        {title !== undefined && <p className="note-title">{title}</p>}
        {children !== undefined && <div>{children}</div>}
      </div>
    </div>
  );
}

/** The words of a refusal, told to screen readers at once. Takes no room while there is none. */
export function ErrorNote({ code }: { readonly code: IntentErrorCode | null }): ReactElement {
  const { t } = useLingui();
  return (
    <div role="alert">
      {code !== null && (
        <Note kind="bad" title={t(ERROR_WORDS[code].title)}>
          {t(ERROR_WORDS[code].text)}
        </Note>
      )}
    </div>
  );
}

/** A name that a person chose: kept apart from the direction of what stands around it. */
export function Name({ children }: { readonly children: string }): ReactElement {
  return (
    <bdi className="name" dir="auto">
      {children}
    </bdi>
  );
}

export function Hidden({ children }: { readonly children: ReactNode }): ReactElement {
  return <span className="visually-hidden">{children}</span>;
}

export function EmptyState({
  icon,
  title,
  children,
}: {
  readonly icon: IconName;
  readonly title: ReactNode;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={30} />
      </span>
      <p className="empty-title">{title}</p>
      {children !== undefined && <div className="empty-text">{children}</div>}
    </div>
  );
}
