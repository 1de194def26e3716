import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, MemberView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useGroup } from "../app/context.tsx";
import { Icon } from "../ui/icon.tsx";
import { isolated } from "./record-words.ts";

/** As many names as any screen has room for; the rest is cut by the style sheet and counted. */
const MAX_NAMES = 12;

/** Who is in, under the name of the group; or why nothing goes out. */
export function GroupLine({ chat }: { readonly chat: GroupChatView }): ReactElement {
  const group = useGroup(chat.id);
  if (chat.state === "ended") {
    return (
      <span className="way-line group-line">
        <Icon name="lock" size={14} />
        <span className="name">
          <Trans>You are not in this group any more</Trans>
        </span>
      </span>
    );
  }
  return (
    <span className="way-line group-line">
      {chat.way === "none" && <Offline />}
      {group === undefined ? (
        <Plural value={chat.memberCount} one="# person" other="# people" />
      ) : (
        <Who members={group.members} />
      )}
    </span>
  );
}

function Offline(): ReactElement {
  return (
    <>
      <Icon name="offline" size={14} />
      <span className="visually-hidden">
        <Trans>No way right now</Trans>.
      </span>
    </>
  );
}

function Who({ members }: { readonly members: readonly MemberView[] }): ReactElement {
  const { t, i18n } = useLingui();
  const others = members.filter(({ isSelf }) => !isSelf);
  if (others.length === 0) return <Trans>Only you</Trans>;
  const names = others.slice(0, MAX_NAMES).map(({ name }) => isolated(name));
  const list = new Intl.ListFormat(i18n.locale, { type: "unit", style: "short" }).format([...names, t`you`]);
  return (
    <>
      <span className="group-count">
        <Plural value={members.length} one="# person" other="# people" />
        {": "}
      </span>
      <span className="name">{list}</span>
    </>
  );
}
