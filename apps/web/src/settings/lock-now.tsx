import { Trans } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { Button, ErrorNote } from "../ui/basics.tsx";

export function LockNow(): ReactElement {
  const lock = useIntent("lock");
  return (
    <div className="actions">
      <Button icon="lock" isBusy={lock.isBusy} onClick={() => void lock.run({})}>
        <Trans>Lock now</Trans>
      </Button>
      <ErrorNote code={lock.error} />
    </div>
  );
}
