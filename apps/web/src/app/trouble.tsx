import { Trans, useLingui } from "@lingui/react/macro";
import { type ReactElement } from "react";
import { Button } from "../ui/basics.tsx";
import { Mark } from "../ui/icon.tsx";
import type { ClientStatus } from "./client.ts";
import { ERROR_WORDS } from "./errors.ts";

/** The whole page, where the client cannot run here at all. */
export default function Trouble({
  status,
}: {
  readonly status: Extract<ClientStatus, { kind: "yielded" | "failed" }>;
}): ReactElement {
  const { t } = useLingui();
  const words = status.kind === "failed" ? ERROR_WORDS[status.code] : null;
  return (
    <main className="gate">
      <div className="gate-card">
        <Mark size={52} />
        <h1>{words === null ? <Trans>A newer X Chat is open in another window</Trans> : t(words.title)}</h1>
        <p>
          {words === null ? (
            <Trans>
              This window shows an older version and has stepped back, so that the two do not disturb each other.
              Nothing is lost.
            </Trans>
          ) : (
            t(words.text)
          )}
        </p>
        <div className="actions">
          <Button kind="primary" icon="refresh" onClick={() => location.reload()}>
            <Trans>Reload</Trans>
          </Button>
        </div>
      </div>
    </main>
  );
}
