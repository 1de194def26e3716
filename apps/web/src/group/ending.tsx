import { Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";

interface Props {
  readonly chat: GroupChatView;
  readonly group: GroupView;
}

/** Leaving, and once that is done, taking the chat off this device. */
export function Ending({ chat, group, onMembers }: Props & { readonly onMembers: () => void }): ReactElement {
  const [isAsking, setAsking] = useState(false);
  const close = (): void => setAsking(false);
  const isLeaving = group.members.some((member) => member.isSelf && member.isLeaving);
  return (
    <>
      <section className="panel-section panel-danger">
        {isLeaving && (
          <Note>
            <Trans>You have asked to leave. You are out with the next change that anybody makes.</Trans>
          </Note>
        )}
        {chat.state === "ended" ? (
          <Button kind="quiet" icon="trash" onClick={() => setAsking(true)}>
            <Trans>Delete chat</Trans>
          </Button>
        ) : (
          !isLeaving && (
            <Button kind="quiet" icon="leave" onClick={() => setAsking(true)}>
              <Trans>Leave the group</Trans>
            </Button>
          )
        )}
      </section>
      {isAsking && chat.state === "ended" && <DeleteDialog chat={chat} onClose={close} />}
      {isAsking && chat.state !== "ended" && (
        <LeaveDialog
          chat={chat}
          group={group}
          onClose={close}
          onMembers={() => {
            close();
            onMembers();
          }}
        />
      )}
    </>
  );
}

function LeaveDialog({
  chat,
  group,
  onClose,
  onMembers,
}: Props & { readonly onClose: () => void; readonly onMembers: () => void }): ReactElement {
  const { t } = useLingui();
  const leave = useIntent("leaveGroup");
  const isAlone = group.members.every(({ isSelf }) => isSelf);
  const hasAdmins = group.members.some(({ role }) => role === "admin");
  const confirm = async (): Promise<void> => {
    if ((await leave.run({ chat: chat.id })).ok) onClose();
  };
  const { name } = chat;
  return (
    <ConfirmDialog
      title={t`Leave "${name}"?`}
      action={t`Leave`}
      onConfirm={() => void confirm()}
      onClose={onClose}
      isBusy={leave.isBusy}
    >
      {isAlone ? (
        <p>
          <Trans>Nobody else is in it, so the group ends. What was written stays on this device to read.</Trans>
        </p>
      ) : (
        <p>
          <Trans>
            What was written until now stays on this device to read; nothing new comes. The others see that you left. To
            come back, somebody has to add you.
          </Trans>
        </p>
      )}
      {group.role === "owner" && !isAlone && (
        <Note kind="warning" title={<Trans>You are the owner</Trans>}>
          <p>
            {hasAdmins ? (
              <Trans>
                Without an owner the group goes on under its admins, and nobody can make new ones any more. Better pass
                it on first.
              </Trans>
            ) : (
              <Trans>
                There are no admins. If you go, nobody can remove anyone or change what members may do, for good. Pass
                the group on first.
              </Trans>
            )}
          </p>
          <div className="actions">
            <Button icon="key" onClick={onMembers}>
              <Trans>Choose an owner</Trans>
            </Button>
          </div>
        </Note>
      )}
      <ErrorNote code={leave.error} />
    </ConfirmDialog>
  );
}

function DeleteDialog({ chat, onClose }: { readonly chat: GroupChatView; readonly onClose: () => void }): ReactElement {
  const { t } = useLingui();
  const remove = useIntent("deleteChat");
  const confirm = async (): Promise<void> => {
    if (!(await remove.run({ chat: chat.id })).ok) return;
    onClose();
    go({ at: "chats" });
  };
  return (
    <ConfirmDialog
      title={t`Delete this chat?`}
      action={t`Delete for ever`}
      onConfirm={() => void confirm()}
      onClose={onClose}
      isBusy={remove.isBusy}
    >
      <p>
        <Trans>The chat and all its messages are taken off this device, and there is no way back.</Trans>
      </p>
      <ErrorNote code={remove.error} />
    </ConfirmDialog>
  );
}
