import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useGroup } from "../app/context.tsx";
import { goBack } from "../app/places.ts";
import { Hold } from "../chat/group-foot.tsx";
import { HomeNodes } from "../contact/home-nodes.tsx";
import { Notices } from "../contact/notices.tsx";
import { ChatAvatar } from "../chats/chat-avatar.tsx";
import { Button, IconButton, Name } from "../ui/basics.tsx";
import { AddDialog } from "./add-dialog.tsx";
import { Ending } from "./ending.tsx";
import { InfoDialog } from "./info-dialog.tsx";
import { JoinRequests } from "./join-requests.tsx";
import { Links } from "./links.tsx";
import { MemberDialog } from "./member-dialog.tsx";
import { MembersDialog, MembersSection } from "./members.tsx";
import { Pending } from "./pending.tsx";
import { PictureDialog } from "./picture-dialog.tsx";
import { Permissions } from "./permissions.tsx";
import { Records } from "./records.tsx";
import { Timer } from "./timer.tsx";

type Open =
  | { readonly kind: "info" | "picture" | "add" | "members" }
  | { readonly kind: "member"; readonly accountId: string; readonly isFromAll: boolean }
  | null;

export default function GroupPanel({ chat }: { readonly chat: GroupChatView }): ReactElement {
  const { t } = useLingui();
  const group = useGroup(chat.id);
  return (
    <section className="panel" aria-label={t`About this group`}>
      <header className="pane-header">
        <h1 className="pane-title">
          <Trans>Group</Trans>
        </h1>
        <IconButton icon="close" label={t`Close`} onClick={goBack} />
      </header>
      <div className="panel-scroll">
        {group === undefined ? <PanelSkeleton /> : <Known chat={chat} group={group} />}
      </div>
    </section>
  );
}

interface Props {
  readonly chat: GroupChatView;
  readonly group: GroupView;
}

function Known({ chat, group }: Props): ReactElement {
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  const isIn = chat.state !== "ended";
  const opened =
    open?.kind === "member" ? group.members.find(({ accountId }) => accountId === open.accountId) : undefined;
  return (
    <>
      <Head chat={chat} group={group} onEdit={isIn && group.may.info ? (kind) => setOpen({ kind }) : null} />
      {isIn && group.hold !== null && <Hold chat={chat} people={group.hold.people} />}
      {isIn && <JoinRequests chat={chat} group={group} />}
      {isIn && <Pending chat={chat} group={group} />}
      <MembersSection
        group={group}
        onAdd={isIn && group.may.add ? () => setOpen({ kind: "add" }) : null}
        onAll={() => setOpen({ kind: "members" })}
        onMember={(accountId) => setOpen({ kind: "member", accountId, isFromAll: false })}
      />
      {isIn && <Links chat={chat} group={group} />}
      {isIn && <Permissions chat={chat} group={group} />}
      {isIn && <Timer chat={chat} seconds={group.disappearAfter} mayChange={group.may.administrate} />}
      <Records chat={chat.id} />
      <Notices chat={chat} />
      {isIn && <HomeNodes nodes={chat.homeNodes} />}
      <Ending chat={chat} group={group} onMembers={() => setOpen({ kind: "members" })} />
      {open?.kind === "info" && <InfoDialog chat={chat} group={group} onClose={close} />}
      {open?.kind === "picture" && <PictureDialog chat={chat} group={group} onClose={close} />}
      {open?.kind === "add" && <AddDialog chat={chat} group={group} onClose={close} />}
      {open?.kind === "members" && (
        <MembersDialog
          members={group.members}
          onMember={(accountId) => setOpen({ kind: "member", accountId, isFromAll: true })}
          onClose={close}
        />
      )}
      {open?.kind === "member" && opened !== undefined && (
        <MemberDialog
          chat={chat}
          group={group}
          member={opened}
          onClose={open.isFromAll ? () => setOpen({ kind: "members" }) : close}
        />
      )}
    </>
  );
}

function Head({
  chat,
  group,
  onEdit,
}: Props & { readonly onEdit: ((what: "info" | "picture") => void) | null }): ReactElement {
  return (
    <div className="contact-head">
      <ChatAvatar chat={chat} size="large" />
      <p className="contact-name">
        <Name>{group.name}</Name>
      </p>
      <p className="hint">
        {chat.state === "ended" ? (
          <Trans>You are not in this group any more</Trans>
        ) : (
          <Plural value={group.members.length} one="# person" other="# people" />
        )}
      </p>
      {group.description !== "" && (
        <p className="group-description text" dir="auto">
          {group.description}
        </p>
      )}
      {onEdit !== null && (
        <div className="head-deeds">
          <Button kind="quiet" icon="edit" onClick={() => onEdit("info")}>
            <Trans>Name and description</Trans>
          </Button>
          <Button kind="quiet" icon="image" onClick={() => onEdit("picture")}>
            <Trans>Picture</Trans>
          </Button>
        </div>
      )}
    </div>
  );
}

function PanelSkeleton(): ReactElement {
  return (
    <div className="contact-head" aria-busy="true">
      <span className="skeleton skeleton-avatar" />
      <span className="skeleton skeleton-line skeleton-wide" />
      <span className="skeleton skeleton-line skeleton-wide" />
    </div>
  );
}
