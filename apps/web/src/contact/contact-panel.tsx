import { Trans, useLingui } from "@lingui/react/macro";
import type { PairChatView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { go, goBack } from "../app/places.ts";
import { MAX_NAME_LENGTH } from "../app/limits.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Field, IconButton, Name, Note } from "../ui/basics.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";
import { Icon, VerifiedSeal } from "../ui/icon.tsx";
import { SwitchRow } from "../ui/switch-row.tsx";
import { toast } from "../ui/toasts.tsx";
import { Disappearing } from "./disappearing.tsx";
import { HomeNodes } from "./home-nodes.tsx";
import { Notices } from "./notices.tsx";
import { part } from "../ui/part.tsx";

const SafetyDialog = part(() => import("./safety-dialog.tsx"));

type Open = "safety" | "delete" | "block" | null;

export default function ContactPanel({ chat }: { readonly chat: PairChatView }): ReactElement {
  const { t } = useLingui();
  const [open, setOpen] = useState<Open>(null);
  const close = (): void => setOpen(null);
  return (
    <section className="panel" aria-label={t`About this contact`}>
      <header className="pane-header">
        <h1 className="pane-title">
          <Trans>Contact</Trans>
        </h1>
        <IconButton icon="close" label={t`Close`} onClick={goBack} />
      </header>
      <div className="panel-scroll">
        <div className="contact-head">
          <Avatar name={chat.name} accountId={chat.accountId} size="large" />
          <p className="contact-name">
            <Name>{chat.name}</Name>
          </p>
          {chat.petname !== null && chat.petname !== chat.theirName && (
            <p className="hint">
              <Trans>
                Calls themselves <bdi>{chat.theirName}</bdi>
              </Trans>
            </p>
          )}
        </div>
        <Verification chat={chat} onOpen={() => setOpen("safety")} />
        <Petname chat={chat} />
        <Disappearing chat={chat} />
        <DirectChoice chat={chat} />
        <HomeNodes nodes={chat.homeNodes} />
        <Account accountId={chat.accountId} />
        <Notices chat={chat} />
        <section className="panel-section panel-danger">
          {!chat.isBlocked && (
            <Button kind="quiet" icon="block" onClick={() => setOpen("block")}>
              <Trans>Block</Trans>
            </Button>
          )}
          <Button kind="quiet" icon="trash" onClick={() => setOpen("delete")}>
            <Trans>Delete chat</Trans>
          </Button>
        </section>
      </div>
      {open === "safety" && <SafetyDialog chat={chat} onClose={close} />}
      {open === "block" && <BlockDialog chat={chat} onClose={close} />}
      {open === "delete" && <DeleteDialog chat={chat} onClose={close} />}
    </section>
  );
}

function Verification({ chat, onOpen }: { readonly chat: PairChatView; readonly onOpen: () => void }): ReactElement {
  return (
    <section className="panel-section">
      <h2 className="section-title with-icon">
        {chat.isVerified ? <VerifiedSeal size={18} /> : <Icon name="lock" size={18} />}
        {chat.isVerified ? <Trans>Verified</Trans> : <Trans>Not verified yet</Trans>}
      </h2>
      <p className="hint">
        {chat.isVerified ? (
          <Trans>
            You have compared the safety number with this person. If their key ever changed, you would be told.
          </Trans>
        ) : (
          <Trans>Compare a number or scan a code when you meet, and you know that nobody sits between you.</Trans>
        )}
      </p>
      <Button icon="qr" onClick={onOpen}>
        {chat.isVerified ? <Trans>Safety number</Trans> : <Trans>Verify</Trans>}
      </Button>
    </section>
  );
}

function Petname({ chat }: { readonly chat: PairChatView }): ReactElement {
  const { t } = useLingui();
  const [name, setName] = useState(chat.petname ?? "");
  const save = useIntent("setPetname");
  const isChanged = name.trim() !== (chat.petname ?? "");
  return (
    <section className="panel-section">
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save.run({ chat: chat.id, petname: name.trim() === "" ? null : name.trim() });
        }}
      >
        <Field
          label={t`Your name for them`}
          placeholder={chat.theirName}
          hint={t`Only you see it. It stays, whatever they call themself.`}
          value={name}
          maxLength={MAX_NAME_LENGTH}
          onChange={(event) => setName(event.target.value)}
        />
        {isChanged && (
          <Button type="submit" isBusy={save.isBusy}>
            <Trans>Save</Trans>
          </Button>
        )}
      </form>
      <ErrorNote code={save.error} />
    </section>
  );
}

function DirectChoice({ chat }: { readonly chat: PairChatView }): ReactElement {
  const { t } = useLingui();
  const profile = useView("profile");
  const change = useIntent("setMayDirect");
  const isOffEverywhere = profile?.state === "ready" && !profile.settings.directAllowed;
  return (
    <section className="panel-section">
      <SwitchRow
        label={t`Direct connection`}
        isOn={chat.mayDirect && !isOffEverywhere}
        isDisabled={isOffEverywhere}
        onChange={(mayDirect) => void change.run({ chat: chat.id, mayDirect })}
      >
        <Trans>
          When you are both online, messages go straight from device to device: faster, and no node is involved. In
          return this contact can see your internet address, and you theirs. It needs both people's yes.
        </Trans>
      </SwitchRow>
      {isOffEverywhere && (
        <Note>
          <Trans>Direct connections are switched off everywhere in your settings.</Trans>
        </Note>
      )}
      <p className="way-now">
        <Icon name={chat.way === "direct" ? "direct" : chat.way === "nodes" ? "nodes" : "offline"} size={17} />
        {chat.way === "direct" ? (
          <Trans>In use now: a direct connection.</Trans>
        ) : chat.way === "nodes" ? (
          <Trans>In use now: nodes, which pass on sealed envelopes.</Trans>
        ) : (
          <Trans>No way is open right now. What you write is kept and sent later.</Trans>
        )}
      </p>
      <ErrorNote code={change.error} />
    </section>
  );
}

function Account({ accountId }: { readonly accountId: string }): ReactElement {
  return (
    <section className="panel-section">
      <h2 className="section-title">
        <Trans>Account</Trans>
      </h2>
      <p className="address" dir="ltr">
        {accountId}
      </p>
    </section>
  );
}

function BlockDialog({ chat, onClose }: { readonly chat: PairChatView; readonly onClose: () => void }): ReactElement {
  const { t } = useLingui();
  const block = useIntent("setBlocked");
  const confirm = async (): Promise<void> => {
    const done = await block.run({ chat: chat.id, isBlocked: true });
    if (!done.ok) return;
    onClose();
    toast({
      text: t`${chat.name} is blocked.`,
      action: { label: t`Undo`, run: () => void block.run({ chat: chat.id, isBlocked: false }) },
    });
  };
  return (
    <ConfirmDialog
      title={t`Block ${chat.name}?`}
      action={t`Block`}
      onConfirm={() => void confirm()}
      onClose={onClose}
      isBusy={block.isBusy}
    >
      <p>
        <Trans>
          Nothing they write reaches you any more, and they are not told. What was written stays here. You can unblock
          them at any time.
        </Trans>
      </p>
      <ErrorNote code={block.error} />
    </ConfirmDialog>
  );
}

function DeleteDialog({ chat, onClose }: { readonly chat: PairChatView; readonly onClose: () => void }): ReactElement {
  const { t } = useLingui();
  const remove = useIntent("deleteChat");
  const confirm = async (): Promise<void> => {
    const done = await remove.run({ chat: chat.id });
    if (!done.ok) return;
    onClose();
    go({ at: "chats" });
  };
  return (
    <ConfirmDialog
      title={t`Delete this chat?`}
      action={t`Delete for ever`}
      onConfirm={() => void confirm()}
      onClose={onClose}
      isBusy={remove.isBusy}
    >
      <p>
        <Trans>The chat and all its messages are taken off this device, and there is no way back.</Trans>
      </p>
      <p>
        <Trans>
          The other person keeps their copy: nobody can delete what is on someone else's device. To talk again, one of
          you needs a new invitation.
        </Trans>
      </p>
      <ErrorNote code={remove.error} />
    </ConfirmDialog>
  );
}
