import { Trans } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { newVersion } from "../platform/service-worker.ts";
import { Button } from "../ui/basics.tsx";

/** A newer app waits. It is taken only when the person says so, and then in all windows. */
export default function NewVersion(): ReactElement {
  return (
    <aside className="new-version" role="status">
      <p>
        <Trans>A new version of X Chat is ready.</Trans>
      </p>
      <Button kind="primary" icon="refresh" onClick={() => newVersion.take()}>
        <Trans>Reload</Trans>
      </Button>
    </aside>
  );
}
