import { Trans, useLingui } from "@lingui/react/macro";
import type { DoctorCheck } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { Button, ErrorNote } from "../ui/basics.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";

const ICONS: { readonly [S in DoctorCheck["state"]]: IconName } = { good: "check", warning: "warning", bad: "warning" };

export default function Doctor(): ReactElement {
  const [checks, setChecks] = useState<readonly DoctorCheck[] | null>(null);
  const run = useIntent("doctor");
  const look = async (): Promise<void> => {
    const answer = await run.run({});
    if (answer.ok) setChecks(answer.value.checks);
  };
  return (
    <section className="card">
      <p>
        <Trans>
          Looks at the store, the nodes and the clock. The report holds states and counts, and no names, ids, addresses
          or texts. It goes nowhere unless you copy it: read it first.
        </Trans>
      </p>
      <ErrorNote code={run.error} />
      <div className="actions">
        <Button kind="primary" icon="pulse" isBusy={run.isBusy} onClick={() => void look()}>
          <Trans>Check now</Trans>
        </Button>
        {checks !== null && (
          <CopyButton text={checks.map(({ name, state, detail }) => `${state}\t${name}\t${detail}`).join("\n")}>
            <Trans>Copy the report</Trans>
          </CopyButton>
        )}
      </div>
      {checks !== null && <Report checks={checks} />}
    </section>
  );
}

function Report({ checks }: { readonly checks: readonly DoctorCheck[] }): ReactElement {
  const { t } = useLingui();
  const states: { readonly [S in DoctorCheck["state"]]: string } = {
    good: t`Good`,
    warning: t`Look at it`,
    bad: t`Bad`,
  };
  return (
    <ul className="checks" lang="en" dir="ltr">
      {checks.map((check) => (
        <li key={check.name} data-state={check.state}>
          <Icon name={ICONS[check.state]} size={18} />
          <span>
            <strong>{check.name}</strong> <span className="visually-hidden">{states[check.state]}</span>
            <span className="hint">{check.detail}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
