import { Trans } from "@lingui/react/macro";
import type { RecoveredChatView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { InvitationDialog } from "./invitation-dialog.tsx";

/** What can be done about a chat that the account backup has named and that is not back. */
export default function RecoveredChatDialog({
  chat,
  onClose,
}: {
  readonly chat: RecoveredChatView;
  readonly onClose: () => void;
}): ReactElement {
  const [invitation, setInvitation] = useState<string | null>(null);
  const invite = useIntent("createInvitation");
  const drop = useIntent("dropRecoveredChat");
  const make = async (): Promise<void> => {
    const made = await invite.run({ label: chat.name, isLasting: false, days: 30 });
    if (made.ok) setInvitation(made.value.id);
  };
  if (invitation !== null) return <InvitationDialog id={invitation} onClose={onClose} />;
  return (
    <Dialog title={chat.name} onClose={onClose}>
      <div className="dialog-text">
        <p>
          {chat.state === "asked" ? (
            <Trans>
              Your account backup names this chat. Its keys were on the devices that you lost, so whoever is in it is
              being asked to let this device in. As soon as one of their devices is online, the chat is back by itself.
            </Trans>
          ) : (
            <Trans>
              Your account backup says that you talk to each other. The keys of this chat were on the devices that you
              lost, so it has to be begun again.
            </Trans>
          )}
        </p>
        {chat.kind === "pair" ? (
          <p>
            <Trans>
              Send them an invitation by another way, or open one of theirs. Their app tells them that you have
              recovered your account, and here they are who they were: same name, same safety number.
            </Trans>
          </p>
        ) : (
          <p>
            <Trans>Ask somebody of the group to add you again.</Trans>
          </p>
        )}
        <Note>
          <Trans>What was said before stays on their devices. It is not in the backup.</Trans>
        </Note>
      </div>
      <ErrorNote code={invite.error ?? drop.error} />
      <div className="actions">
        <Button kind="quiet" isBusy={drop.isBusy} onClick={() => void drop.run({ chat: chat.id })}>
          <Trans>Take it off the list</Trans>
        </Button>
        <Button
          onClick={() => {
            onClose();
            go({ at: "people" });
          }}
        >
          <Trans>I have an invitation</Trans>
        </Button>
        {chat.kind === "pair" && (
          <Button kind="primary" icon="link" isBusy={invite.isBusy} onClick={() => void make()}>
            <Trans>Invite them</Trans>
          </Button>
        )}
      </div>
    </Dialog>
  );
}
