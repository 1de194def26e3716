import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from "../app/limits.ts";
import { go } from "../app/places.ts";
import { isAddable } from "../chats/kinds.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Field, Note } from "../ui/basics.tsx";
import { Pane } from "../ui/pane.tsx";
import { PictureInput } from "../ui/picture-input.tsx";
import { toast } from "../ui/toasts.tsx";
import { ContactPicker } from "./contact-picker.tsx";
import { useChosenPicture } from "./use-chosen-picture.ts";

/** A name, and whom to begin with. Alone is fine: others can come by a link later. */
export default function NewGroup(): ReactElement {
  const { t } = useLingui();
  const chats = useView("chats");
  const contacts = chats?.filter(isAddable) ?? [];
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const { preview, isUnreadable, choose, jpeg } = useChosenPicture();
  const create = useIntent("createGroup");
  const picture = useIntent("setGroupPicture");
  const isReady = name.trim() !== "";
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (!isReady || create.isBusy || picture.isBusy) return;
    const made = await create.run({ name: name.trim(), description: description.trim(), members: chosen });
    if (!made.ok) return;
    const { chat } = made.value;
    const wanted = await jpeg();
    if (wanted !== null) {
      const given = await picture.run({ chat, jpeg: wanted });
      if (!given.ok) toast({ text: t`The group is made, but not its picture. Try it again in its panel.` });
    }
    go({ at: "chat", chat });
  };
  return (
    <Pane title={t`New group`}>
      <form className="new-group" onSubmit={(event) => void submit(event)}>
        <section className="card">
          <Field
            label={t`Name of the group`}
            placeholder={t`Choir, family, Tuesday football …`}
            value={name}
            maxLength={MAX_NAME_LENGTH}
            autoFocus
            required
            onChange={(event) => setName(event.target.value)}
            onKeyDown={toPeople}
          />
          <label className="field">
            <span>
              <Trans>What is it for? (optional)</Trans>
            </span>
            <textarea
              rows={2}
              dir="auto"
              value={description}
              maxLength={MAX_DESCRIPTION_LENGTH}
              onChange={(event) => setDescription(event.target.value)}
            />
          </label>
          <div className="new-group-picture">
            {preview !== null && <Avatar name={name.trim()} accountId="" size="large" isGroup picture={preview} />}
            <PictureInput onFile={choose} />
            <p className="visually-hidden" role="status">
              {preview !== null && <Trans>A picture is chosen.</Trans>}
            </p>
          </div>
          <div role="alert">
            {isUnreadable && <Note kind="warning">{t`This file cannot be read as a picture. Try another one.`}</Note>}
          </div>
        </section>
        <section className="card">
          <h2>
            <Trans>Who is in it?</Trans>
          </h2>
          {chats === undefined ? (
            <div className="skeleton picker-skeleton" aria-busy="true" />
          ) : contacts.length === 0 ? (
            <NoContacts />
          ) : (
            <ContactPicker contacts={contacts} chosen={chosen} onChange={setChosen} />
          )}
        </section>
        <ErrorNote code={create.error} />
        <div className="actions new-group-actions">
          <p className="hint">
            {chosen.length === 0 ? (
              <Trans>Only you, for now. You can add people later, or invite them by a link.</Trans>
            ) : (
              <Plural value={chosen.length} one="You and # other person." other="You and # other people." />
            )}
          </p>
          <Button
            kind="primary"
            type="submit"
            icon="group"
            isBusy={create.isBusy || picture.isBusy}
            aria-disabled={!isReady || undefined}
          >
            <Trans>Make the group</Trans>
          </Button>
        </div>
      </form>
    </Pane>
  );
}

/** Enter in the name goes on to the people, and does not make a group before they are chosen. */
function toPeople(event: React.KeyboardEvent<HTMLInputElement>): void {
  const next = event.currentTarget.form?.querySelector<HTMLElement>(".picker input");
  if (event.key !== "Enter" || event.nativeEvent.isComposing || next == null) return;
  event.preventDefault();
  next.focus();
}

function NoContacts(): ReactElement {
  return (
    <Note icon="invite" title={<Trans>You have no contacts yet</Trans>}>
      <p>
        <Trans>
          Make the group alone, then let people in by a link or a code. Or invite somebody to a chat of two first.
        </Trans>
      </p>
      <div className="actions">
        <Button onClick={() => go({ at: "people" })}>
          <Trans>Invite someone</Trans>
        </Button>
      </div>
    </Note>
  );
}
