import { Switch } from "radix-ui";
import { useId, type ReactElement, type ReactNode } from "react";

/** A setting that is on or off, with plain words on what that means. */
export function SwitchRow({
  label,
  children,
  isOn,
  onChange,
  isDisabled = false,
}: {
  readonly label: string;
  readonly children?: ReactNode;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
  readonly isDisabled?: boolean;
}): ReactElement {
  const id = useId();
  return (
    <div className="switch-row">
      <div>
        <label htmlFor={id}>{label}</label>
        {children !== undefined && (
          <p className="hint" id={`${id}-hint`}>
            {children}
          </p>
        )}
      </div>
      <Switch.Root
        id={id}
        className="switch"
        checked={isOn}
        onCheckedChange={onChange}
        disabled={isDisabled}
        aria-describedby={children === undefined ? undefined : `${id}-hint`}
      >
        <Switch.Thumb className="switch-thumb" />
      </Switch.Root>
    </div>
  );
}
