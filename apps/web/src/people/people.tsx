import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { Pane } from "../ui/pane.tsx";
import { HaveInvitation } from "./have-invitation.tsx";
import { InvitationList } from "./invitation-list.tsx";
import { InviteForm } from "./invite-form.tsx";

export default function People(): ReactElement {
  const { t } = useLingui();
  return (
    <Pane title={t`Invitations`} isRoot>
      <div className="cards">
        <section className="card">
          <h2>
            <Trans>Invite someone</Trans>
          </h2>
          <InviteForm />
        </section>
        <section className="card">
          <h2>
            <Trans>I have an invitation</Trans>
          </h2>
          <HaveInvitation />
        </section>
      </div>
      <InvitationList />
    </Pane>
  );
}
