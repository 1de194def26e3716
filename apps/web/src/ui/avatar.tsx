import type { ReactElement } from "react";
import { initialOf } from "../text/shape.ts";

const TONES = 8;

/** A tone that stays with an account, whatever it is called. */
function toneOf(accountId: string): number {
  let sum = 0;
  for (let index = 0; index < accountId.length; index++) sum = (sum * 31 + accountId.charCodeAt(index)) >>> 0;
  return sum % TONES;
}

export function Avatar({
  name,
  accountId,
  size = "medium",
}: {
  readonly name: string;
  readonly accountId: string;
  readonly size?: "small" | "medium" | "large";
}): ReactElement {
  return (
    <span className={`avatar avatar-${size} tone-${toneOf(accountId)}`} aria-hidden="true">
      {initialOf(name)}
    </span>
  );
}
