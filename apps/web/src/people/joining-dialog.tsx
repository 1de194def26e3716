import { Trans, useLingui } from "@lingui/react/macro";
import type { JoiningView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Button, ErrorNote } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";

/** A group that this person has asked to come into: since when, what is waited for, and giving up. */
export default function JoiningDialog({
  joining,
  onClose,
}: {
  readonly joining: JoiningView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  const giveUp = useIntent("giveUpJoining");
  const run = async (): Promise<void> => {
    if ((await giveUp.run({ group: joining.group })).ok) onClose();
  };
  const { by, askedAt, state, needsApproval } = joining;
  const name = joining.name === "" ? t`A group without a name` : joining.name;
  return (
    <Dialog title={name} onClose={onClose}>
      <div className="dialog-text">
        <p>
          <Trans>
            You asked to come in on {words.full(askedAt)}, by a link of <bdi>{by}</bdi>.
          </Trans>
        </p>
        {state === "over" ? (
          <p>
            <Trans>Nobody has answered, and the link is not good any more. Ask for a new one.</Trans>
          </p>
        ) : state === "sending" ? (
          <p>
            <Trans>Your request has not reached a node yet. It goes as soon as one can be reached.</Trans>
          </p>
        ) : needsApproval ? (
          <p>
            <Trans>An admin has to agree. A no is not told: you can wait, or give up.</Trans>
          </p>
        ) : (
          <p>
            <Trans>The next device of somebody there that comes online lets you in.</Trans>
          </p>
        )}
      </div>
      <ErrorNote code={giveUp.error} />
      <div className="actions">
        <Button kind="quiet" isBusy={giveUp.isBusy} onClick={() => void run()}>
          {state === "over" ? <Trans>Take it off the list</Trans> : <Trans>Wait no more</Trans>}
        </Button>
        <Button kind="primary" onClick={onClose}>
          <Trans>Close</Trans>
        </Button>
      </div>
    </Dialog>
  );
}
