import { Trans, useLingui } from "@lingui/react/macro";
import type { InvitationPreview } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { MAX_GREETING_LENGTH } from "../app/limits.ts";
import { go } from "../app/places.ts";
import { useTimeWords } from "../i18n/format.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Name, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SwitchRow } from "../ui/switch-row.tsx";
import { KnownNote } from "./known-note.tsx";
import { OpenGroupLink } from "./open-group-link.tsx";
import { ElsewhereDialog } from "../welcome/welcome.tsx";
import { usePreview } from "./use-preview.ts";

/** Who invites, or which group it leads to, and saying yes. Nothing is sent before that. */
export default function OpenInvitation({
  text,
  isPasted = false,
  onClose,
}: {
  readonly text: string;
  /** By this person, into this app: so this is where they use it. */
  readonly isPasted?: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const { preview, error, again } = usePreview("previewInvitation", text);
  const [isElsewhere, setElsewhere] = useState(false);
  if (isElsewhere) return <ElsewhereDialog invitation={text} onClose={onClose} />;
  if (error === "invitation-is-group-link")
    return <OpenGroupLink text={text} onElsewhere={isPasted ? null : () => setElsewhere(true)} onClose={onClose} />;
  return (
    <Dialog title={t`Invitation`} onClose={onClose}>
      <ErrorNote code={error} />
      {error !== null && (
        <div className="actions">
          {error === "node-unreachable" && (
            <Button icon="refresh" onClick={again}>
              <Trans>Try again</Trans>
            </Button>
          )}
          <Button onClick={onClose}>
            <Trans>Close</Trans>
          </Button>
        </div>
      )}
      {preview === null && error === null && (
        <div className="preview" role="status">
          <span className="skeleton skeleton-avatar" />
          <p>
            <Trans>Looking who invites you …</Trans>
          </p>
        </div>
      )}
      {preview !== null &&
        (preview.existingChat === null ? (
          <Answer text={text} preview={preview} onClose={onClose} />
        ) : (
          <Known preview={preview} chat={preview.existingChat} onClose={onClose} />
        ))}
      {!isPasted && error !== "invitation-own" && (
        <Button kind="quiet" onClick={() => setElsewhere(true)}>
          <Trans>I use X Chat elsewhere</Trans>
        </Button>
      )}
    </Dialog>
  );
}

function Head({ preview }: { readonly preview: InvitationPreview }): ReactElement {
  return (
    <div className="preview">
      <Avatar name={preview.name} accountId={preview.accountId} size="large" />
      <p className="contact-name">
        <Name>{preview.name}</Name>
      </p>
      <p className="address" dir="ltr">
        {preview.accountId}
      </p>
    </div>
  );
}

function Answer({
  text,
  preview,
  onClose,
}: {
  readonly text: string;
  readonly preview: InvitationPreview;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  const [greeting, setGreeting] = useState("");
  const [mayDirect, setMayDirect] = useState(false);
  const accept = useIntent("acceptInvitation");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const accepted = await accept.run({ text, greeting: greeting.trim(), mayDirect });
    if (!accepted.ok) return;
    onClose();
    go({ at: "chat", chat: accepted.value.chat });
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Head preview={preview} />
      <KnownNote known={preview.known} />
      <p className="center">
        <Trans>invites you to talk. The invitation is good until {words.day(preview.expiresAt)}.</Trans>
      </p>
      <label className="field">
        <span>
          <Trans>A word of greeting (optional)</Trans>
        </span>
        <textarea
          rows={2}
          dir="auto"
          value={greeting}
          maxLength={MAX_GREETING_LENGTH}
          placeholder={t`So that they know who you are`}
          onChange={(event) => setGreeting(event.target.value)}
        />
      </label>
      <SwitchRow label={t`Allow direct connections`} isOn={mayDirect} onChange={setMayDirect}>
        <Trans>
          Faster when both are online, but this contact can then see your internet address. You can change it at any
          time.
        </Trans>
      </SwitchRow>
      <Note>
        <Trans>They see your name and greeting, and decide whether to talk to you.</Trans>
      </Note>
      <ErrorNote code={accept.error} />
      <div className="actions">
        <Button onClick={onClose}>
          <Trans>Not now</Trans>
        </Button>
        <Button kind="primary" type="submit" isBusy={accept.isBusy}>
          <Trans>Say yes</Trans>
        </Button>
      </div>
    </form>
  );
}

function Known({
  preview,
  chat,
  onClose,
}: {
  readonly preview: InvitationPreview;
  readonly chat: string;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <>
      <Head preview={preview} />
      <p className="center">
        <Trans>You have a chat with this person already.</Trans>
      </p>
      <div className="actions actions-center">
        <Button
          kind="primary"
          onClick={() => {
            onClose();
            go({ at: "chat", chat });
          }}
        >
          <Trans>Open the chat</Trans>
        </Button>
      </div>
    </>
  );
}
