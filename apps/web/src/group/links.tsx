import { Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupLinkView, GroupView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useTimeWords } from "../i18n/format.ts";
import { Button } from "../ui/basics.tsx";
import { Icon } from "../ui/icon.tsx";
import { LinkDialog, NewLinkDialog } from "./link-dialog.tsx";

/** Links by which others can come in: whoever may add makes them, and everybody sees which there are. */
export function Links({
  chat,
  group,
}: {
  readonly chat: GroupChatView;
  readonly group: GroupView;
}): ReactElement | null {
  const [open, setOpen] = useState<string | "new" | null>(null);
  const close = (): void => setOpen(null);
  const opened = group.links.find(({ id }) => id === open);
  if (group.links.length === 0 && !group.may.add) return null;
  return (
    <section className="panel-section">
      <div className="section-head panel-section-head">
        <h2 className="section-title">
          <Trans>Links to join</Trans>
        </h2>
        {group.may.add && (
          <Button kind="quiet" icon="link" onClick={() => setOpen("new")}>
            <Trans>Make a link</Trans>
          </Button>
        )}
      </div>
      {group.links.length === 0 ? (
        <p className="hint">
          <Trans>None. A link or a square code lets people ask to come in who are not your contacts.</Trans>
        </p>
      ) : (
        <ul className="member-list">
          {group.links.map((link) => (
            <li key={link.id}>
              <LinkRow link={link} onOpen={() => setOpen(link.id)} />
            </li>
          ))}
        </ul>
      )}
      {open === "new" && <NewLinkDialog chat={chat} onMade={setOpen} onClose={close} />}
      {opened !== undefined && <LinkDialog chat={chat} link={opened} onClose={close} />}
    </section>
  );
}

function LinkRow({ link, onOpen }: { readonly link: GroupLinkView; readonly onOpen: () => void }): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  const name = link.by.name;
  return (
    <button type="button" className="member-row" onClick={onOpen}>
      <span className="link-icon">
        <Icon name="link" size={20} />
      </span>
      <span className="member-text">
        <span className="link-words">
          {link.needsApproval ? <Trans>An admin has to agree</Trans> : <Trans>Lets people in at once</Trans>}
        </span>
        <span className="hint">
          {link.by.isSelf ? t`made by you` : t`made by ${name}`}
          {" · "}
          {link.expiresAt === null ? <Trans>without an end</Trans> : <Trans>until {words.day(link.expiresAt)}</Trans>}
        </span>
      </span>
      <Icon name="forward" size={18} />
    </button>
  );
}
