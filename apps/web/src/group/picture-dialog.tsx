import { Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView } from "@xchat/client/api";
import { useEffect, useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { useGroupPicture } from "../chats/chat-avatar.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { smallPicture, toBase64Url } from "./small-picture.ts";
import { PictureInput } from "../ui/picture-input.tsx";

interface Props {
  readonly chat: GroupChatView;
  readonly group: GroupView;
  readonly onClose: () => void;
}

/** Chooses, changes and takes away the picture of a group. What is chosen is seen as the others will see it. */
export function PictureDialog({ chat, group, onClose }: Props): ReactElement {
  const { t } = useLingui();
  const [chosen, setChosen] = useState<Blob | null>(null);
  const [isUnreadable, setUnreadable] = useState(false);
  const present = useGroupPicture(chat.id, chat.picture);
  const preview = useAddress(chosen);
  const change = useIntent("setGroupPicture");
  const choose = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    const small = await smallPicture(file);
    setUnreadable(small === null);
    if (small !== null) setChosen(small);
  };
  const save = async (jpeg: Blob | null): Promise<void> => {
    const done = await change.run({ chat: chat.id, jpeg: jpeg === null ? null : await toBase64Url(jpeg) });
    if (done.ok) onClose();
  };
  return (
    <Dialog title={t`Picture of the group`} onClose={onClose}>
      <div className="preview">
        <Avatar name={group.name} accountId={chat.id} size="huge" isGroup picture={preview ?? present} />
        <p className="visually-hidden" role="status">
          {chosen !== null && <Trans>A picture is chosen. Save it to give it to the group.</Trans>}
        </p>
        <PictureInput onFile={(file) => void choose(file)} />
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
        {group.picture !== null && chosen === null && (
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
          aria-disabled={chosen === null || undefined}
          onClick={() => void (chosen !== null && save(chosen))}
        >
          <Trans>Save</Trans>
        </Button>
      </div>
    </Dialog>
  );
}

/** Of something in memory, for as long as it is shown. */
function useAddress(blob: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (blob === null) return;
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return address;
}
