import { Plural, Trans } from "@lingui/react/macro";
import type { GroupChatView, GroupView, JoinRequestView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Name } from "../ui/basics.tsx";

/** Who came by a link that needs an admin's yes. Shown to those whose answer counts. */
export function JoinRequests({
  chat,
  group,
}: {
  readonly chat: GroupChatView;
  readonly group: GroupView;
}): ReactElement | null {
  if (group.joinRequests.length === 0 || !group.may.add) return null;
  return (
    <section className="panel-section">
      <h2 className="section-title">
        <Plural value={group.joinRequests.length} one="# person asks to come in" other="# people ask to come in" />
      </h2>
      {group.joinRequests.map((request) => (
        <JoinCard key={request.id} chat={chat.id} request={request} />
      ))}
    </section>
  );
}

function JoinCard({ chat, request }: { readonly chat: string; readonly request: JoinRequestView }): ReactElement {
  const words = useTimeWords();
  const answer = useIntent("answerJoinRequest");
  const { person, greeting, receivedAt } = request;
  const give = (accept: boolean): void => void answer.run({ chat, id: request.id, accept });
  return (
    <article className="join-card" aria-label={person.name}>
      <div className="request-head">
        <Avatar name={person.name} accountId={person.accountId} size="small" />
        <div>
          <p className="join-name">
            <Name>{person.name}</Name>
          </p>
          <p className="hint">
            {person.isContact ? <Trans>a contact of yours</Trans> : <Trans>not a contact of yours</Trans>}
            {" · "}
            <Trans>
              {words.day(receivedAt)}, {words.time(receivedAt)}
            </Trans>
          </p>
        </div>
      </div>
      {greeting !== "" && (
        <blockquote className="greeting text" dir="auto">
          {greeting}
        </blockquote>
      )}
      <ErrorNote code={answer.error} />
      <div className="actions">
        <Button isBusy={answer.isBusy} onClick={() => give(false)}>
          <Trans>Decline</Trans>
        </Button>
        <Button kind="primary" isBusy={answer.isBusy} onClick={() => give(true)}>
          <Trans>Let in</Trans>
        </Button>
      </div>
    </article>
  );
}
