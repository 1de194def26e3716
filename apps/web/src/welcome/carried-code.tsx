import { Trans } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { Note } from "../ui/basics.tsx";
import { CopyButton } from "../ui/copy-button.tsx";

interface Props {
  readonly invitation: string;
}

/** An invitation as it is carried to another place by hand, with what to mind about it. */
export function CarriedCode({ invitation }: Props): ReactElement {
  return (
    <>
      <p className="code-block" dir="ltr">
        {invitation}
      </p>
      <Note kind="info">
        <Trans>Whoever has this code can answer in your place. Do not post it in public.</Trans>
      </Note>
    </>
  );
}

export function CopyCarriedCode({ invitation }: Props): ReactElement {
  return (
    <div className="actions">
      <CopyButton kind="primary" text={invitation}>
        <Trans>Copy the code</Trans>
      </CopyButton>
    </div>
  );
}
