import { Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { useGroupPicture } from "../chats/chat-avatar.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { PictureInput } from "../ui/picture-input.tsx";
import { useChosenPicture } from "./use-chosen-picture.ts";

interface Props {
  readonly chat: GroupChatView;
  readonly group: GroupView;
  readonly onClose: () => void;
}

/** Chooses, changes and takes away the picture of a group. What is chosen is seen as the others will see it. */
export function PictureDialog({ chat, group, onClose }: Props): ReactElement {
  const { t } = useLingui();
  const { preview, isUnreadable, choose, jpeg } = useChosenPicture();
  const isChosen = preview !== null;
  const present = useGroupPicture(chat.id, chat.picture);
  const change = useIntent("setGroupPicture");
  const save = async (wanted: string | null): Promise<void> => {
    const done = await change.run({ chat: chat.id, jpeg: wanted });
    if (done.ok) onClose();
  };
  return (
    <Dialog title={t`Picture of the group`} onClose={onClose}>
      <div className="preview">
        <Avatar name={group.name} accountId={chat.id} size="huge" isGroup picture={preview ?? present} />
        <p className="visually-hidden" role="status">
          {isChosen && <Trans>A picture is chosen. Save it to give it to the group.</Trans>}
        </p>
        <PictureInput onFile={choose} />
      </div>
      <p className="hint">
        <Trans>
          It is made small on this device, and nothing but what you see goes on: not where or when it was taken.
          Everybody in the group sees it, and whoever comes later.
        </Trans>
      </p>
      <div role="alert">
        {isUnreadable && <Note kind="warning">{t`This file cannot be read as a picture. Try another one.`}</Note>}
      </div>
      <ErrorNote code={change.error} />
      <div className="actions">
        {group.picture !== null && !isChosen && (
          <Button isBusy={change.isBusy} onClick={() => void save(null)}>
            <Trans>Remove the picture</Trans>
          </Button>
        )}
        <Button onClick={onClose}>
          <Trans>Cancel</Trans>
        </Button>
        <Button
          kind="primary"
          isBusy={change.isBusy}
          aria-disabled={!isChosen || undefined}
          onClick={() => void (isChosen && jpeg().then(save))}
        >
          <Trans>Save</Trans>
        </Button>
      </div>
    </Dialog>
  );
}
