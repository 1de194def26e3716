import { Trans, useLingui } from "@lingui/react/macro";
import type { InvitationView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { ErrorNote, Hidden, Note } from "../ui/basics.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { reachOf } from "./reach.ts";
import { QrCode } from "../ui/parts.tsx";
import { TakeBack } from "../ui/take-back.tsx";

/** One invitation to hand out: as a link, as a code, as a square to scan. */
export function InvitationDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactElement {
  const { t } = useLingui();
  const invitation = useView("invitations")?.find((one) => one.id === id);
  return (
    <Dialog
      title={invitation === undefined || invitation.label === "" ? t`Invitation` : invitation.label}
      onClose={onClose}
    >
      {invitation === undefined ? (
        <div className="qr-frame skeleton" aria-busy="true" />
      ) : (
        <HandOut invitation={invitation} onClose={onClose} />
      )}
    </Dialog>
  );
}

function HandOut({
  invitation,
  onClose,
}: {
  readonly invitation: InvitationView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const reach = reachOf(invitation.link, useView("network")?.isLocalOnly === true);
  const hasLink = invitation.link !== invitation.code;
  const prefersLink = hasLink && reach === "link";
  const words = useTimeWords();
  if (invitation.state !== "open" && invitation.state !== "preparing") return <Closed invitation={invitation} />;
  return (
    <>
      <div className="qr-frame">
        <QrCode text={prefersLink ? invitation.link : invitation.code} label={t`Code of this invitation, to scan`} />
      </div>
      <p className="hint center">
        {invitation.isLasting ? (
          <Trans>For everyone who has it, until {words.full(invitation.expiresAt)}.</Trans>
        ) : (
          <Trans>For one person, until {words.full(invitation.expiresAt)}.</Trans>
        )}
      </p>
      {invitation.state === "preparing" && (
        <p className="hint center with-icon" role="status">
          <span className="spinner" aria-hidden="true" />
          <Trans>Being laid down at your nodes; it can be answered in a moment.</Trans>
        </p>
      )}
      {reach !== "link" && (
        <Note kind="warning" title={t`The link opens only on this machine`}>
          {reach === "code" ? (
            <Trans>
              Someone elsewhere opens X Chat at a node of their own, or at one that they trust, and pastes the code
              there.
            </Trans>
          ) : (
            <Trans>
              It names a node that only this machine can reach. For someone elsewhere, add a node with a public address
              under Network and invite again.
            </Trans>
          )}
        </Note>
      )}
      <div className="actions actions-center">
        {hasLink && (
          <CopyButton kind={prefersLink ? "primary" : "plain"} text={invitation.link}>
            <Trans>Copy link</Trans>
          </CopyButton>
        )}
        <CopyButton kind={prefersLink ? "plain" : "primary"} text={invitation.code}>
          <Trans>Copy code</Trans>
        </CopyButton>
      </div>
      <p className="hint">
        <Trans>
          Send it on a way that you trust: whoever swaps it on the way could take your place. Comparing the safety
          number later shows it.
        </Trans>
      </p>
      <Revoke invitation={invitation} onClose={onClose} />
    </>
  );
}

function Revoke({
  invitation,
  onClose,
}: {
  readonly invitation: InvitationView;
  readonly onClose: () => void;
}): ReactElement {
  const revoke = useIntent("revokeInvitation");
  const run = async (): Promise<void> => {
    if ((await revoke.run({ id: invitation.id })).ok) onClose();
  };
  return (
    <TakeBack
      label={<Trans>Take this invitation back</Trans>}
      title={<Trans>Take it back?</Trans>}
      keep={<Trans>Keep it</Trans>}
      confirm={<Trans>Take it back</Trans>}
      isBusy={revoke.isBusy}
      onConfirm={() => void run()}
    >
      <p>
        <Trans>Whoever has it can no longer answer. Chats that came of it stay.</Trans>
      </p>
      <ErrorNote code={revoke.error} />
    </TakeBack>
  );
}

function Closed({ invitation }: { readonly invitation: InvitationView }): ReactElement {
  return (
    <Note>
      <InvitationState invitation={invitation} />
      <Hidden>.</Hidden>
    </Note>
  );
}

export function InvitationState({ invitation }: { readonly invitation: InvitationView }): ReactElement {
  switch (invitation.state) {
    case "preparing":
      return <Trans>Being prepared</Trans>;
    case "open":
      return <Trans context="state of an invitation">Open</Trans>;
    case "used":
      return <Trans context="state of an invitation">Used</Trans>;
    case "revoked":
      return <Trans>Taken back</Trans>;
    default:
      return <Trans context="state of an invitation">Expired</Trans>;
  }
}
