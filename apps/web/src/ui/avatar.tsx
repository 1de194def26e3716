import { useState, type ReactElement } from "react";
import { classes } from "./basics.tsx";
import { initialOf } from "../text/shape.ts";

const TONES = 8;

export type AvatarSize = "tiny" | "small" | "medium" | "large" | "huge";

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
  picture = null,
}: {
  readonly name: string;
  readonly accountId: string;
  readonly size?: AvatarSize | undefined;
  readonly isGroup?: boolean;
  /** Address of its data. Where it cannot be shown, the letter is. */
  readonly picture?: string | null;
}): ReactElement {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <span
      className={classes("avatar", `avatar-${size}`, `tone-${toneOf(accountId)}`, isGroup && "avatar-group")}
      aria-hidden="true"
    >
      {picture === null || picture === broken ? (
        initialOf(name)
      ) : (
        <img src={picture} alt="" draggable={false} onError={() => setBroken(picture)} />
      )}
    </span>
  );
}
