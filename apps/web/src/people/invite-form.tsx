import { plural } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { MAX_LABEL_LENGTH } from "../app/limits.ts";
import { Button, ErrorNote, Field } from "../ui/basics.tsx";
import { InvitationDialog } from "./invitation-dialog.tsx";

const DAYS = [1, 7, 30, 90] as const;

export function InviteForm(): ReactElement {
  const { t } = useLingui();
  const [label, setLabel] = useState("");
  const [isLasting, setLasting] = useState(false);
  const [days, setDays] = useState(7);
  const [shown, setShown] = useState<string | null>(null);
  const create = useIntent("createInvitation");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const made = await create.run({ label: label.trim(), isLasting, days });
    if (!made.ok) return;
    setLabel("");
    setShown(made.value.id);
  };
  return (
    <>
      <form onSubmit={(event) => void submit(event)}>
        <Field
          label={t`What for?`}
          placeholder={t`Jonas, from the choir`}
          hint={t`A note to yourself. Only you see it.`}
          value={label}
          maxLength={MAX_LABEL_LENGTH}
          onChange={(event) => setLabel(event.target.value)}
        />
        <fieldset className="choice">
          <legend>
            <Trans>Good for</Trans>
          </legend>
          <label>
            <input type="radio" name="lasting" checked={!isLasting} onChange={() => setLasting(false)} />
            <span>
              <Trans>one person</Trans>
            </span>
          </label>
          <label>
            <input type="radio" name="lasting" checked={isLasting} onChange={() => setLasting(true)} />
            <span>
              <Trans>everyone who has it</Trans>
            </span>
          </label>
        </fieldset>
        <label className="field">
          <span>
            <Trans>Valid for</Trans>
          </span>
          <select className="select" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {DAYS.map((count) => (
              <option key={count} value={count}>
                {plural(count, { one: "# day", other: "# days" })}
              </option>
            ))}
          </select>
        </label>
        <ErrorNote code={create.error} />
        <div className="actions">
          <Button kind="primary" type="submit" icon="link" isBusy={create.isBusy}>
            <Trans>Make an invitation</Trans>
          </Button>
        </div>
      </form>
      {shown !== null && <InvitationDialog id={shown} onClose={() => setShown(null)} />}
    </>
  );
}
