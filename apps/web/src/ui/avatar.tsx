import type { ReactElement } from "react";
import { classes } from "./basics.tsx";
import { initialOf } from "../text/shape.ts";

const TONES = 8;

/** A tone that stays with an account, whatever it is called. */
export function toneOf(accountId: string): number {
  let sum = 0;
  for (let index = 0; index < accountId.length; index++) sum = (sum * 31 + accountId.charCodeAt(index)) >>> 0;
  return sum % TONES;
}

export function Avatar({
  name,
  accountId,
  size = "medium",
  isGroup = false,
}: {
  readonly name: string;
  readonly accountId: string;
  readonly size?: "tiny" | "small" | "medium" | "large";
  readonly isGroup?: boolean;
}): ReactElement {
  return (
    <span
      className={classes("avatar", `avatar-${size}`, `tone-${toneOf(accountId)}`, isGroup && "avatar-group")}
      aria-hidden="true"
    >
      {initialOf(name)}
    </span>
  );
}
