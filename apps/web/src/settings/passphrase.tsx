import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { MIN_PASSPHRASE_LENGTH } from "../app/limits.ts";
import { Button, ErrorNote, Field, Note } from "../ui/basics.tsx";
import { toast } from "../ui/toasts.tsx";
import { LockNow } from "./lock-now.tsx";
import type { Ready } from "./settings.tsx";

export default function Passphrase({ profile }: { readonly profile: Ready }): ReactElement {
  const { t } = useLingui();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const set = useIntent("setPassphrase");
  const isDifferent = again !== "" && again !== next;
  const run = async (wanted: string | null): Promise<void> => {
    const done = await set.run({ current: profile.hasPassphrase ? current : null, next: wanted });
    if (!done.ok) return;
    setCurrent("");
    setNext("");
    setAgain("");
    toast({ text: wanted === null ? t`The passphrase is taken away.` : t`The passphrase is set.` });
  };
  return (
    <>
      <Note
        kind={profile.hasPassphrase ? "good" : "info"}
        title={profile.hasPassphrase ? t`A passphrase protects this device's store` : t`No passphrase is set`}
      >
        {profile.hasPassphrase ? (
          <Trans>Who has the disk but not the passphrase can read nothing. Nobody can reset it for you.</Trans>
        ) : (
          <Trans>
            The store is encrypted, but its key lies beside it: who has this device's disk has everything. A passphrase
            changes that.
          </Trans>
        )}
      </Note>
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isDifferent) void run(next);
        }}
      >
        {profile.hasPassphrase && (
          <Field
            label={t`Present passphrase`}
            type="password"
            dir="ltr"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
            required
          />
        )}
        <Field
          label={t`New passphrase`}
          type="password"
          dir="ltr"
          autoComplete="new-password"
          minLength={MIN_PASSPHRASE_LENGTH}
          hint={t`At least 8 characters; four or five random words are good.`}
          value={next}
          onChange={(event) => setNext(event.target.value)}
          required
        />
        <Field
          label={t`Once more`}
          type="password"
          dir="ltr"
          autoComplete="new-password"
          value={again}
          onChange={(event) => setAgain(event.target.value)}
          required
        />
        <div role="alert">{isDifferent && <Note kind="warning">{t`The two are not the same yet.`}</Note>}</div>
        <ErrorNote code={set.error} />
        <div className="actions">
          {profile.hasPassphrase && (
            <Button
              kind="quiet"
              isBusy={set.isBusy}
              aria-disabled={current === ""}
              onClick={() => current !== "" && void run(null)}
            >
              <Trans>Take it away</Trans>
            </Button>
          )}
          <Button kind="primary" type="submit" icon="key" isBusy={set.isBusy}>
            {profile.hasPassphrase ? <Trans>Change</Trans> : <Trans>Set the passphrase</Trans>}
          </Button>
        </div>
      </form>
      {profile.hasPassphrase && <LockNow />}
    </>
  );
}
