import { Trans, useLingui } from "@lingui/react/macro";
import type { RequestView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useApi, useIntent } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { useTimeWords } from "../i18n/format.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, EmptyState, ErrorNote, Name } from "../ui/basics.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";
import { Pane } from "../ui/pane.tsx";
import { SwitchRow } from "../ui/switch-row.tsx";
import { toast } from "../ui/toasts.tsx";
import { decline, declining } from "./declining.ts";
import { KnownNote } from "./known-note.tsx";
import { useOpenRequests } from "./use-open-requests.ts";

/** People who answered an invitation and wait. They learn nothing before they are accepted. */
export default function Requests(): ReactElement {
  const { t } = useLingui();
  const requests = useOpenRequests();
  return (
    <Pane title={t`Requests`}>
      {requests?.length === 0 ? (
        <EmptyState icon="inbox" title={<Trans>No requests</Trans>}>
          <Trans>Who answers one of your invitations appears here first.</Trans>
        </EmptyState>
      ) : (
        <>
          <p className="hint">
            <Trans>
              They see nothing of you before you accept: not whether you were online, not whether you looked.
            </Trans>
          </p>
          {requests?.map((request) => (
            <RequestCard key={request.id} request={request} />
          ))}
        </>
      )}
    </Pane>
  );
}

function RequestCard({ request }: { readonly request: RequestView }): ReactElement {
  const { t } = useLingui();
  const api = useApi();
  const words = useTimeWords();
  const [mayDirect, setMayDirect] = useState(false);
  const [isBlocking, setBlocking] = useState(false);
  const answer = useIntent("answerRequest");
  const accept = async (): Promise<void> => {
    const accepted = await answer.run({ id: request.id, answer: "accept", mayDirect });
    if (accepted.ok && accepted.value.chat !== null) go({ at: "chat", chat: accepted.value.chat });
  };
  const declineSoon = (): void => {
    declining.add(request.id);
    toast({
      text: t`Request declined. They are not told.`,
      action: { label: t`Undo`, run: () => declining.remove(request.id) },
      onSettled: () => decline(api, request.id),
    });
  };
  return (
    <article className="card request" aria-label={request.name}>
      <div className="request-head">
        <Avatar name={request.name} accountId={request.accountId} />
        <div>
          <p className="contact-name">
            <Name>{request.name}</Name>
          </p>
          <p className="hint">
            <Trans>
              {words.day(request.receivedAt)}, {words.time(request.receivedAt)}
            </Trans>
            {request.invitationLabel !== "" && (
              <>
                {" · "}
                <Trans>
                  invited as "<bdi>{request.invitationLabel}</bdi>"
                </Trans>
              </>
            )}
          </p>
        </div>
      </div>
      {request.greeting !== "" && (
        <blockquote className="greeting text" dir="auto">
          {request.greeting}
        </blockquote>
      )}
      <KnownNote known={request.known} />
      <SwitchRow label={t`Allow direct connections`} isOn={mayDirect} onChange={setMayDirect}>
        <Trans>
          Faster when both are online, but this contact can then see your internet address. You can change it at any
          time.
        </Trans>
      </SwitchRow>
      <ErrorNote code={answer.error} />
      <div className="actions">
        <Button kind="quiet" icon="block" onClick={() => setBlocking(true)}>
          <Trans>Block</Trans>
        </Button>
        <Button onClick={declineSoon}>
          <Trans>Decline</Trans>
        </Button>
        <Button kind="primary" onClick={() => void accept()} isBusy={answer.isBusy}>
          <Trans>Accept</Trans>
        </Button>
      </div>
      {isBlocking && (
        <ConfirmDialog
          title={t`Block ${request.name}?`}
          action={t`Block`}
          onClose={() => setBlocking(false)}
          onConfirm={() => void answer.run({ id: request.id, answer: "block", mayDirect: false })}
          isBusy={answer.isBusy}
        >
          <p>
            <Trans>Requests from this identity will not reach you any more. They are not told.</Trans>
          </p>
        </ConfirmDialog>
      )}
    </article>
  );
}
