import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { isAddable } from "../chats/kinds.ts";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ContactPicker } from "./contact-picker.tsx";

/** Contacts who are not in the group yet. */
export function AddDialog({
  chat,
  group,
  onClose,
}: {
  readonly chat: GroupChatView;
  readonly group: GroupView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const add = useIntent("addMembers");
  const inside = new Set(group.members.map(({ accountId }) => accountId));
  const contacts = (useView("chats") ?? []).filter(isAddable).filter(({ accountId }) => !inside.has(accountId));
  const run = async (): Promise<void> => {
    if (chosen.length === 0) return;
    if ((await add.run({ chat: chat.id, members: chosen })).ok) onClose();
  };
  return (
    <Dialog title={t`Add people`} onClose={onClose}>
      {contacts.length === 0 ? (
        <Note>
          <Trans>
            All your contacts are in this group already. To let in somebody else, close this and make a link to join.
          </Trans>
        </Note>
      ) : (
        <>
          <p className="dialog-text">
            <Trans>They come in without being asked, and see what is written from then on.</Trans>
          </p>
          <ContactPicker contacts={contacts} chosen={chosen} onChange={setChosen} />
          <ErrorNote code={add.error} />
          <div className="actions">
            <Button onClick={onClose}>
              <Trans>Cancel</Trans>
            </Button>
            <Button
              kind="primary"
              isBusy={add.isBusy}
              aria-disabled={chosen.length === 0 || undefined}
              onClick={() => void run()}
            >
              {chosen.length === 0 ? (
                <Trans>Add</Trans>
              ) : (
                <Plural value={chosen.length} one="Add # person" other="Add # people" />
              )}
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}
