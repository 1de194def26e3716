import { Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useApi, useIntent } from "../app/context.tsx";
import { Button, ErrorNote } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { toast } from "../ui/toasts.tsx";
import { hiding } from "./hiding.ts";
import { isBlocked } from "../chats/kinds.ts";

/** For oneself, with a way back for a moment; or for everyone, as far as the apps of the others go along. */
export default function DeleteMessage({
  chat,
  message,
  onClose,
}: {
  readonly chat: ChatView;
  readonly message: MessageView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const api = useApi();
  const remove = useIntent("deleteMessage");
  const input = { chat: chat.id, id: message.id };
  const isOpenToAll = message.isOwn && message.content.kind !== "deleted" && chat.state !== "ended" && !isBlocked(chat);
  const forMe = (): void => {
    onClose();
    hiding.add(message.id);
    toast({
      text: t`Deleted for you.`,
      action: { label: t`Undo`, run: () => hiding.remove(message.id) },
      onSettled: () => void api.call("deleteMessage", { ...input, who: "me" }).catch(() => hiding.remove(message.id)),
    });
  };
  const forEveryone = async (): Promise<void> => {
    if ((await remove.run({ ...input, who: "everyone" })).ok) onClose();
  };
  return (
    <Dialog title={t`Delete this message?`} onClose={onClose}>
      <div className="dialog-text">
        <p>
          <Trans>For you: it goes from your devices, and the others keep it.</Trans>
        </p>
        {isOpenToAll && (
          <p>
            <Trans>
              For everyone: the others see that something was deleted. Their apps are asked to drop it. Who has read or
              copied it has read it, and nobody can take that back.
            </Trans>
          </p>
        )}
        <ErrorNote code={remove.error} />
      </div>
      <div className="actions">
        <Button onClick={onClose}>{t`Cancel`}</Button>
        <Button kind={isOpenToAll ? "plain" : "danger"} onClick={forMe}>{t`Delete for me`}</Button>
        {isOpenToAll && (
          <Button
            kind="danger"
            isBusy={remove.isBusy}
            onClick={() => void forEveryone()}
          >{t`Delete for everyone`}</Button>
        )}
      </div>
    </Dialog>
  );
}
