import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { MAX_NAME_LENGTH } from "../app/limits.ts";
import { askToKeepStorage } from "../platform/storage.ts";
import { Button, ErrorNote, Field } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Mark } from "../ui/icon.tsx";
import { LanguagePicker } from "../ui/language-picker.tsx";
import { part } from "../ui/part.tsx";
import { CarriedCode, CopyCarriedCode } from "./carried-code.tsx";
import { PassphraseChoice } from "./passphrase-choice.tsx";

const Recover = part(() => import("./recover.tsx"), <div aria-busy="true" />);

/** First run: a name, and an identity. With an invitation in hand, it waits and is opened right after. */
export default function Welcome({
  invitation,
  onLink,
}: {
  readonly invitation: string | null;
  readonly onLink: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [name, setName] = useState("");
  const [passphrase, setPassphrase] = useState<string | null>("");
  const [isElsewhere, setElsewhere] = useState(false);
  const [isRecovering, setRecovering] = useState(false);
  const create = useIntent("createProfile");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (passphrase === null) return;
    const made = await create.run({ name: name.trim(), passphrase: passphrase === "" ? null : passphrase });
    if (made.ok) void askToKeepStorage();
  };
  if (isRecovering) {
    return <Recover onBack={() => setRecovering(false)} />;
  }
  return (
    <main className="gate">
      <div className="gate-card gate-wide">
        <div className="gate-head">
          <Mark size={52} />
          <LanguagePicker />
        </div>
        <h1 className="display">
          {invitation === null ? <Trans>Letters that only two can open.</Trans> : <Trans>You have been invited.</Trans>}
        </h1>
        <p className="lead">
          {invitation === null ? (
            <Trans>
              No phone number, no company in the middle. Your keys stay on this device, and they are your account.
            </Trans>
          ) : (
            <Trans>
              Choose a name first. Then you will see who invites you, and nothing is sent before you say yes.
            </Trans>
          )}
        </p>
        <form onSubmit={(event) => void submit(event)}>
          <Field
            label={t`Your name`}
            hint={t`The people you talk to will see it. It need not be your real one.`}
            value={name}
            maxLength={MAX_NAME_LENGTH}
            onChange={(event) => setName(event.target.value)}
            autoFocus
            required
          />
          <PassphraseChoice onChange={setPassphrase} />
          <ErrorNote code={create.error} />
          <div className="actions">
            <Button kind="primary" type="submit" isBusy={create.isBusy}>
              {create.isBusy ? (
                <Trans>Making your keys …</Trans>
              ) : invitation === null ? (
                <Trans>Start</Trans>
              ) : (
                <Trans>Continue</Trans>
              )}
            </Button>
            {invitation !== null && (
              <Button kind="quiet" onClick={() => setElsewhere(true)}>
                <Trans>I already use X Chat</Trans>
              </Button>
            )}
          </div>
        </form>
        <p className="gate-other">
          <Trans>Have you lost your devices?</Trans>{" "}
          <button type="button" className="link-button" onClick={() => setRecovering(true)}>
            <Trans>I have my 24 words</Trans>
          </button>
        </p>
        <p className="gate-other">
          <Button kind="quiet" icon="devices" onClick={onLink}>
            <Trans>I have X Chat on another device</Trans>
          </Button>
        </p>
      </div>
      {isElsewhere && invitation !== null && (
        <ElsewhereDialog invitation={invitation} onClose={() => setElsewhere(false)} />
      )}
    </main>
  );
}

/** The link was opened where the person's identity does not live: it can be carried over by hand. */
export function ElsewhereDialog({
  invitation,
  onClose,
}: {
  readonly invitation: string;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  return (
    <Dialog title={t`Open it where you use X Chat`} onClose={onClose}>
      <div className="dialog-text">
        <p>
          <Trans>An identity belongs to the place where it was made. Carry the invitation there:</Trans>
        </p>
        <ol>
          <li>
            <Trans>Copy the code.</Trans>
          </li>
          <li>
            <Trans>Open your own X Chat and choose "Invite".</Trans>
          </li>
          <li>
            <Trans>Paste it under "I have an invitation".</Trans>
          </li>
        </ol>
        <CarriedCode invitation={invitation} />
      </div>
      <CopyCarriedCode invitation={invitation} />
    </Dialog>
  );
}
