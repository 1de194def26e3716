import { Trans, useLingui } from "@lingui/react/macro";
import type { RecoveredChatView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { InvitationDialog } from "../people/invitation-dialog.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Hidden, Name, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { VerifiedSeal } from "../ui/icon.tsx";

/** Chats that the account backup has named, and that are not back yet. Nothing at all where there are none. */
export function RecoveredChats(): ReactElement | null {
  const [opened, setOpened] = useState<string | null>(null);
  const chats = useView("recovery")?.chats ?? [];
  const chat = chats.find(({ id }) => id === opened);
  if (chats.length === 0) return null;
  return (
    <section aria-labelledby="recovered-title">
      <h2 className="section-title list-title" id="recovered-title">
        <Trans>Not back yet</Trans>
      </h2>
      <ul className="chat-list">
        {chats.map((one) => (
          <li key={one.id}>
            <Row chat={one} onOpen={() => setOpened(one.id)} />
          </li>
        ))}
      </ul>
      {chat !== undefined && <About chat={chat} onClose={() => setOpened(null)} />}
    </section>
  );
}

function Row({ chat, onOpen }: { readonly chat: RecoveredChatView; readonly onOpen: () => void }): ReactElement {
  const { t } = useLingui();
  return (
    <button type="button" className="chat-row" onClick={onOpen}>
      <Avatar name={chat.name} accountId={chat.accountId ?? chat.id} />
      <span className="chat-row-top">
        <span className="chat-row-name">
          <Name>{chat.name}</Name>
          {chat.isVerified && (
            <>
              <VerifiedSeal />
              <Hidden>{t`, verified`}</Hidden>
            </>
          )}
        </span>
      </span>
      <span className="chat-row-bottom">
        <span className="chat-row-last chat-row-quiet">
          {chat.state === "asked" ? t`Being asked to let you in again` : t`Has to be begun again`}
        </span>
      </span>
    </button>
  );
}

function About({ chat, onClose }: { readonly chat: RecoveredChatView; readonly onClose: () => void }): ReactElement {
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
          <Trans>
            Your account backup says that you talk to each other. The keys of this chat were on the devices that you
            lost, so it has to be begun again.
          </Trans>
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
