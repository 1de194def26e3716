import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { InvitationView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useView } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Icon } from "../ui/icon.tsx";
import { InvitationDialog, InvitationState } from "./invitation-dialog.tsx";

export function InvitationList(): ReactElement | null {
  const invitations = useView("invitations");
  const [shown, setShown] = useState<string | null>(null);
  if (invitations === undefined || invitations.length === 0) return null;
  return (
    <section>
      <h2 className="section-title">
        <Trans>Your invitations</Trans>
      </h2>
      <ul className="card list-card">
        {invitations.map((invitation) => (
          <li key={invitation.id}>
            <InvitationRow invitation={invitation} onOpen={() => setShown(invitation.id)} />
          </li>
        ))}
      </ul>
      {shown !== null && <InvitationDialog id={shown} onClose={() => setShown(null)} />}
    </section>
  );
}

function InvitationRow({
  invitation,
  onOpen,
}: {
  readonly invitation: InvitationView;
  readonly onOpen: () => void;
}): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  const isOpen = invitation.state === "open" || invitation.state === "preparing";
  return (
    <button type="button" className="list-row" data-closed={!isOpen || undefined} onClick={onOpen}>
      <Icon name={invitation.isLasting ? "network" : "link"} size={20} />
      <span className="list-row-text">
        <bdi>{invitation.label === "" ? t`Without a note` : invitation.label}</bdi>
        <span className="hint">
          {invitation.isLasting ? <Trans>for everyone</Trans> : <Trans>for one person</Trans>}
          {" · "}
          {isOpen ? (
            <Trans>until {words.day(invitation.expiresAt)}</Trans>
          ) : (
            <Trans>made {words.day(invitation.createdAt)}</Trans>
          )}
          {invitation.uses > 0 && (
            <>
              {" · "}
              <Plural value={invitation.uses} one="used once" other="used # times" />
            </>
          )}
        </span>
      </span>
      <span className={`pill pill-${invitation.state}`}>
        <InvitationState invitation={invitation} />
      </span>
    </button>
  );
}
