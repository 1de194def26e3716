import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView, MessageView, PersonView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useGroup, useIntent } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { Composer } from "./composer.tsx";
import { isolated } from "./record-words.ts";
import type { Writing } from "./writing.ts";

/** Below the messages of a group: the field to write in, or why there is none. */
export function GroupFoot({
  chat,
  rows,
  writing,
  onWrite,
  onSent,
}: {
  readonly chat: GroupChatView;
  readonly rows: readonly MessageView[];
  readonly writing: Writing;
  readonly onWrite: (writing: Writing) => void;
  readonly onSent: () => void;
}): ReactElement {
  const group = useGroup(chat.id);
  if (chat.state === "ended") return <Ended messages={rows} />;
  if (group !== undefined && !group.may.write) return <MayNotWrite group={group} />;
  return (
    <>
      {group !== undefined && <Asking chat={chat} group={group} />}
      {group !== undefined && group.hold !== null && <Hold chat={chat} people={group.hold.people} />}
      <Composer chat={chat} writing={writing} onWrite={onWrite} rows={rows} onSent={onSent} />
    </>
  );
}

function Ended({ messages }: { readonly messages: readonly MessageView[] }): ReactElement {
  const end = messages.findLast(({ content }) => content.kind === "record" && endOf(content.record.actions) !== null);
  const record = end?.content.kind === "record" ? end.content.record : null;
  const how = record === null ? null : endOf(record.actions);
  const by = isolated(record?.by?.name ?? "");
  return (
    <div className="foot-note">
      <p>
        {how === "left" ? (
          <Trans>You left this group. What was written stays here to read.</Trans>
        ) : how === "removed" && record?.by?.isSelf === false ? (
          <Trans>{by} removed you from this group. What was written until then stays here to read.</Trans>
        ) : (
          <Trans>You are not in this group any more. What was written stays here to read.</Trans>
        )}
      </p>
    </div>
  );
}

type Actions = Extract<MessageView["content"], { kind: "record" }>["record"]["actions"];

function endOf(actions: Actions): "left" | "removed" | null {
  for (const action of actions)
    if ((action.kind === "left" || action.kind === "removed") && action.person.isSelf) return action.kind;
  return null;
}

function MayNotWrite({ group }: { readonly group: GroupView }): ReactElement {
  return (
    <div className="foot-note">
      <p>
        {group.permissions.write === "owner" ? (
          <Trans>Only the owner writes here. You can read.</Trans>
        ) : (
          <Trans>Only admins and the owner write here. You can read.</Trans>
        )}
      </p>
    </div>
  );
}

function Asking({ chat, group }: { readonly chat: GroupChatView; readonly group: GroupView }): ReactElement | null {
  const count = group.joinRequests.length;
  if (count === 0 || !group.may.add) return null;
  return (
    <button type="button" className="asking-bar" onClick={() => go({ at: "chat", chat: chat.id, panel: "contact" })}>
      <Icon name="inbox" size={18} />
      <span>
        <Plural value={count} one="# person asks to come in" other="# people ask to come in" />
      </span>
      <Icon name="forward" size={16} />
    </button>
  );
}

/** Nothing is sealed for somebody who was removed and is back by no right of their own, unless the person says so. */
export function Hold({
  chat,
  people,
}: {
  readonly chat: GroupChatView;
  readonly people: readonly PersonView[];
}): ReactElement {
  const { t, i18n } = useLingui();
  const [isAsking, setAsking] = useState(false);
  const write = useIntent("writeAllTheSame");
  const names = new Intl.ListFormat(i18n.locale).format(people.map(({ name }) => isolated(name)));
  const confirm = async (): Promise<void> => {
    if ((await write.run({ chat: chat.id })).ok) setAsking(false);
  };
  return (
    <div className="hold" role="status">
      <Note kind="warning" title={<Trans>Your messages wait</Trans>}>
        <p>
          <Trans>
            {names} had been removed, and that removal was undone. Until they are out again nothing that you write is
            sent, so that they cannot read it.
          </Trans>
        </p>
        <div className="actions">
          <Button onClick={() => setAsking(true)}>
            <Trans>Write all the same</Trans>
          </Button>
        </div>
      </Note>
      {isAsking && (
        <ConfirmDialog
          title={t`Write all the same?`}
          action={t`Write all the same`}
          onConfirm={() => void confirm()}
          onClose={() => setAsking(false)}
          isBusy={write.isBusy}
        >
          <p>
            <Trans>
              What you write from now on can be read by {names} too, and so can what waits. If you are not sure, ask who
              removed them, on another way than this chat.
            </Trans>
          </p>
          <ErrorNote code={write.error} />
        </ConfirmDialog>
      )}
    </div>
  );
}
