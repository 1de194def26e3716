import { Trans } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { Icon } from "./icon.tsx";

/** Looks like a button, and takes the keyboard and the files as an input does. */
export function PictureInput({ onFile }: { readonly onFile: (file: File | undefined) => void }): ReactElement {
  return (
    <label className="button button-plain file-button">
      <Icon name="image" size={20} />
      <span>
        <Trans>Choose a picture</Trans>
      </span>
      <input
        className="visually-hidden"
        type="file"
        accept="image/*"
        onChange={(event) => onFile(event.target.files?.[0])}
      />
    </label>
  );
}
