import { Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from "../app/limits.ts";
import { Button, ErrorNote, Field } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";

/** Only what was changed is sent: what another changes meanwhile stays. */
export function InfoDialog({
  chat,
  group,
  onClose,
}: {
  readonly chat: GroupChatView;
  readonly group: GroupView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [before] = useState(group);
  const [name, setName] = useState(before.name);
  const [description, setDescription] = useState(before.description);
  const save = useIntent("setGroupInfo");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const changes = {
      ...(name.trim() === before.name ? {} : { name: name.trim() }),
      ...(description.trim() === before.description ? {} : { description: description.trim() }),
    };
    if (Object.keys(changes).length === 0) return onClose();
    if ((await save.run({ chat: chat.id, ...changes })).ok) onClose();
  };
  return (
    <Dialog title={t`Name and description`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <Field
          label={t`Name of the group`}
          value={name}
          maxLength={MAX_NAME_LENGTH}
          required
          onChange={(event) => setName(event.target.value)}
        />
        <label className="field">
          <span>
            <Trans>Description</Trans>
          </span>
          <textarea
            rows={4}
            dir="auto"
            value={description}
            maxLength={MAX_DESCRIPTION_LENGTH}
            onChange={(event) => setDescription(event.target.value)}
          />
        </label>
        <p className="hint">
          <Trans>Everybody in the group sees both, and who changed them.</Trans>
        </p>
        <ErrorNote code={save.error} />
        <div className="actions">
          <Button onClick={onClose}>
            <Trans>Cancel</Trans>
          </Button>
          <Button kind="primary" type="submit" isBusy={save.isBusy} aria-disabled={name.trim() === "" || undefined}>
            <Trans>Save</Trans>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
