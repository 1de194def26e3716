import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupRole, GroupView, MemberView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { InvitationDialog } from "../people/invitation-dialog.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { ConfirmDialog, Dialog } from "../ui/dialog.tsx";
import { VerifiedSeal } from "../ui/icon.tsx";
import { toast } from "../ui/toasts.tsx";
import { RolePill } from "./members.tsx";

interface Props {
  readonly chat: GroupChatView;
  readonly group: GroupView;
  readonly member: MemberView;
  readonly onClose: () => void;
}

type Asking = "remove" | "owner" | "step-down" | null;

/** One person of the group, and what the reader may do about them. */
export function MemberDialog(props: Props): ReactElement {
  const { member, onClose } = props;
  const [asking, setAsking] = useState<Asking>(null);
  const back = (): void => setAsking(null);
  if (asking === "remove") return <RemoveDialog {...props} onBack={back} />;
  if (asking === "owner") return <OwnerDialog {...props} onBack={back} />;
  if (asking === "step-down") return <StepDownDialog {...props} onBack={back} />;
  return (
    <Dialog title={member.name} onClose={onClose}>
      <div className="preview">
        <Avatar name={member.name} accountId={member.accountId} size="large" />
        <RolePill role={member.role} />
        <p className="hint">
          {member.isVerified && !member.isSelf && (
            <>
              <VerifiedSeal /> <Trans>Verified</Trans>
              {" · "}
            </>
          )}
          {member.isSelf ? (
            <Plural value={member.devices} one="This is you: # device" other="This is you: # devices" />
          ) : (
            <Plural value={member.devices} one="with # device" other="with # devices" />
          )}
        </p>
        <p className="address" dir="ltr">
          {member.accountId}
        </p>
      </div>
      {member.isLeaving && (
        <Note>
          <Trans>Has asked to leave. The next change that anybody makes takes them out.</Trans>
        </Note>
      )}
      {!member.isSelf && !member.isContact && <Stranger name={member.name} />}
      <Deeds {...props} onAsk={setAsking} />
    </Dialog>
  );
}

function Stranger({ name }: { readonly name: string }): ReactElement {
  const [made, setMade] = useState<string | null>(null);
  const invite = useIntent("createInvitation");
  const days = 7;
  const run = async (): Promise<void> => {
    const outcome = await invite.run({ label: name, isLasting: false, days });
    if (outcome.ok) setMade(outcome.value.id);
  };
  return (
    <Note title={<Trans>Not a contact of yours</Trans>}>
      <p>
        <Trans>You read each other here, and have no chat of two. The name is the one that they gave themselves.</Trans>
      </p>
      <ErrorNote code={invite.error} />
      <div className="actions">
        <Button icon="invite" isBusy={invite.isBusy} onClick={() => void run()}>
          <Trans>Invite them to a chat</Trans>
        </Button>
      </div>
      {made !== null && <InvitationDialog id={made} onClose={() => setMade(null)} />}
    </Note>
  );
}

function Deeds({
  chat,
  group,
  member,
  onClose,
  onAsk,
}: Props & { readonly onAsk: (asking: Asking) => void }): ReactElement {
  const { t } = useLingui();
  const setRole = useIntent("setRole");
  const chats = useView("chats");
  const own = chats?.find((one) => one.kind === "pair" && one.accountId === member.accountId);
  const name = member.name;
  const become = async (role: GroupRole): Promise<void> => {
    const done = await setRole.run({ chat: chat.id, accountId: member.accountId, role });
    if (!done.ok) return;
    onClose();
    toast({ text: role === "admin" ? t`${name} becomes an admin.` : t`${name} is no longer an admin.` });
  };
  return (
    <div className="deeds">
      {own !== undefined && !member.isSelf && (
        <Button icon="chat" onClick={() => go({ at: "chat", chat: own.id })}>
          <Trans>Open your chat</Trans>
        </Button>
      )}
      {member.canSetRole && member.role === "member" && (
        <Button icon="key" isBusy={setRole.isBusy} onClick={() => void become("admin")}>
          <Trans>Make admin</Trans>
        </Button>
      )}
      {member.canSetRole && member.role === "admin" && (
        <Button
          icon="key"
          isBusy={setRole.isBusy}
          onClick={member.isSelf ? () => onAsk("step-down") : () => void become("member")}
        >
          {member.isSelf ? <Trans>Step down as an admin</Trans> : <Trans>Take the role of admin away</Trans>}
        </Button>
      )}
      {group.may.passOn && !member.isSelf && member.role !== "owner" && (
        <Button icon="key" onClick={() => onAsk("owner")}>
          <Trans>Pass the group on to them</Trans>
        </Button>
      )}
      {member.canRemove && !member.isSelf && (
        <Button className="deed-danger" icon="leave" onClick={() => onAsk("remove")}>
          <Trans>Remove from the group</Trans>
        </Button>
      )}
      <ErrorNote code={setRole.error} />
    </div>
  );
}

type AskProps = Props & { readonly onBack: () => void };

function RemoveDialog({ chat, group, member, onClose, onBack }: AskProps): ReactElement {
  const { t } = useLingui();
  const remove = useIntent("removeMember");
  const { name } = member;
  const confirm = async (): Promise<void> => {
    const done = await remove.run({ chat: chat.id, accountId: member.accountId });
    if (!done.ok) return;
    onClose();
    toast({ text: t`${name} is being removed.` });
  };
  return (
    <ConfirmDialog
      title={t`Remove ${name}?`}
      action={t`Remove`}
      onConfirm={() => void confirm()}
      onClose={onBack}
      isBusy={remove.isBusy}
    >
      <p>
        <Trans>
          With all their devices. From then on they can read nothing new, and what they write is not taken. They keep
          what they have, and see that you removed them.
        </Trans>
      </p>
      {group.links.length > 0 && (
        <p>
          <Trans>If they know a link to join, take that back as well.</Trans>
        </p>
      )}
      <ErrorNote code={remove.error} />
    </ConfirmDialog>
  );
}

function OwnerDialog({ chat, member, onClose, onBack }: AskProps): ReactElement {
  const { t } = useLingui();
  const setRole = useIntent("setRole");
  const { name } = member;
  const confirm = async (): Promise<void> => {
    const done = await setRole.run({ chat: chat.id, accountId: member.accountId, role: "owner" });
    if (done.ok) onClose();
  };
  return (
    <ConfirmDialog
      title={t`Pass the group on to ${name}?`}
      action={t`Pass it on`}
      onConfirm={() => void confirm()}
      onClose={onBack}
      isBusy={setRole.isBusy}
    >
      <p>
        <Trans>
          The owner alone makes and unmakes admins, and nobody can remove the owner. You cannot take this back: only the
          new owner could pass it on to you again.
        </Trans>
      </p>
      <ErrorNote code={setRole.error} />
    </ConfirmDialog>
  );
}

function StepDownDialog({ chat, member, onClose, onBack }: AskProps): ReactElement {
  const { t } = useLingui();
  const setRole = useIntent("setRole");
  const confirm = async (): Promise<void> => {
    const done = await setRole.run({ chat: chat.id, accountId: member.accountId, role: "member" });
    if (done.ok) onClose();
  };
  return (
    <ConfirmDialog
      title={t`Step down as an admin?`}
      action={t`Step down`}
      onConfirm={() => void confirm()}
      onClose={onBack}
      isBusy={setRole.isBusy}
    >
      <p>
        <Trans>You stay in the group. Only its owner could make you an admin again.</Trans>
      </p>
      <ErrorNote code={setRole.error} />
    </ConfirmDialog>
  );
}
