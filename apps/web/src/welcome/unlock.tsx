import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { Button, ErrorNote, Field } from "../ui/basics.tsx";
import { Mark } from "../ui/icon.tsx";

export default function Unlock({ isInvited }: { readonly isInvited: boolean }): ReactElement {
  const { t } = useLingui();
  const [passphrase, setPassphrase] = useState("");
  const unlock = useIntent("unlock");
  return (
    <main className="gate">
      <form
        className="gate-card"
        onSubmit={(event) => {
          event.preventDefault();
          void unlock.run({ passphrase });
        }}
      >
        <Mark size={52} />
        <h1 className="display">
          <Trans>Welcome back.</Trans>
        </h1>
        <p className="lead">
          {isInvited ? (
            <Trans>Unlock first; then you will see who invites you.</Trans>
          ) : (
            <Trans>Your messages are sealed on this device.</Trans>
          )}
        </p>
        <Field
          label={t`Passphrase`}
          type="password"
          autoComplete="current-password"
          dir="ltr"
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
          autoFocus
          required
        />
        <ErrorNote code={unlock.error} />
        <div className="actions">
          <Button kind="primary" type="submit" icon="lock" isBusy={unlock.isBusy}>
            <Trans>Unlock</Trans>
          </Button>
        </div>
        <p className="hint">
          <Trans>
            A forgotten passphrase cannot be reset: nobody but you has ever had it. With your 24 words you come back in
            another profile of this browser.
          </Trans>
        </p>
      </form>
    </main>
  );
}
