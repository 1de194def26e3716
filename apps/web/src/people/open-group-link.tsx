import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { GroupLinkPreview } from "@xchat/client/api";
import { useEffect, useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { MAX_GREETING_LENGTH } from "../app/limits.ts";
import { go } from "../app/places.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Name, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { KnownNote } from "./known-note.tsx";
import { usePreview } from "./use-preview.ts";

/** Which group a link leads to and who made it, and asking to come in. Nothing is sent before that. */
export function OpenGroupLink({
  text,
  onElsewhere,
  onClose,
}: {
  readonly text: string;
  /** Null where the person is at home. */
  readonly onElsewhere: (() => void) | null;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const { preview, error, again } = usePreview("previewGroupLink", text);
  return (
    <Dialog title={t`Come into a group`} onClose={onClose}>
      <ErrorNote code={error} />
      {error !== null && (
        <div className="actions">
          {(error === "node-unreachable" || error === "invitation-not-found") && (
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
            <Trans>Looking which group it is …</Trans>
          </p>
        </div>
      )}
      {preview !== null && <Found text={text} preview={preview} onClose={onClose} />}
      {onElsewhere !== null && (
        <Button kind="quiet" onClick={onElsewhere}>
          <Trans>I use X Chat elsewhere</Trans>
        </Button>
      )}
    </Dialog>
  );
}

interface FoundProps {
  readonly text: string;
  readonly preview: GroupLinkPreview;
  readonly onClose: () => void;
}

function Found({ text, preview, onClose }: FoundProps): ReactElement {
  const [isAsked, setAsked] = useState(preview.isAsked);
  const isIn = useView("chats")?.some(({ id, state }) => id === preview.group && state !== "ended") === true;
  const enter = (): void => {
    onClose();
    go({ at: "chat", chat: preview.group });
  };
  const wasIn = preview.existingChat !== null;
  useEffect(() => {
    if (!isIn || wasIn) return;
    onClose();
    go({ at: "chat", chat: preview.group });
  }, [isIn, wasIn, onClose, preview.group]);
  return (
    <>
      <Head preview={preview} />
      {wasIn ? (
        <>
          <p className="center">
            <Trans>You are in this group already.</Trans>
          </p>
          <div className="actions actions-center">
            <Button kind="primary" onClick={enter}>
              <Trans>Open the chat</Trans>
            </Button>
          </div>
        </>
      ) : isAsked ? (
        <Waiting preview={preview} onClose={onClose} />
      ) : (
        <Ask text={text} preview={preview} onAsked={() => setAsked(true)} onClose={onClose} />
      )}
    </>
  );
}

function Head({ preview }: { readonly preview: GroupLinkPreview }): ReactElement {
  const { t } = useLingui();
  const { name, description, members, by, group } = preview;
  const shown = name === "" ? t`A group without a name` : name;
  return (
    <>
      <div className="preview">
        <Avatar name={shown} accountId={group} size="large" isGroup />
        <p className="contact-name">
          <Name>{shown}</Name>
        </p>
        <p className="hint">
          <Plural value={members} one="# person" other="# people" />
        </p>
        {description !== "" && (
          <p className="group-description text" dir="auto">
            {description}
          </p>
        )}
      </div>
      <p className="center">
        <Trans>
          <bdi>{by.name}</bdi> made this link.
        </Trans>
      </p>
      <KnownNote known={by.known} />
    </>
  );
}

function Ask({ text, preview, onAsked, onClose }: FoundProps & { readonly onAsked: () => void }): ReactElement {
  const { t } = useLingui();
  const [greeting, setGreeting] = useState("");
  const join = useIntent("joinGroup");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if ((await join.run({ text, greeting: greeting.trim() })).ok) onAsked();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {preview.needsApproval && (
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
      )}
      <Note>
        {preview.needsApproval ? (
          <Trans>
            Its admins see your name and greeting, and decide. Once you are in, everybody there sees your name and reads
            what you write.
          </Trans>
        ) : (
          <Trans>
            You come in as soon as a device of somebody there is online. Everybody there sees your name and reads what
            you write.
          </Trans>
        )}
      </Note>
      <ErrorNote code={join.error} />
      <div className="actions">
        <Button onClick={onClose}>
          <Trans>Not now</Trans>
        </Button>
        <Button kind="primary" type="submit" isBusy={join.isBusy}>
          {preview.needsApproval ? <Trans>Ask to come in</Trans> : <Trans>Come in</Trans>}
        </Button>
      </div>
    </form>
  );
}

function Waiting({ preview, onClose }: Omit<FoundProps, "text">): ReactElement {
  return (
    <div role="status">
      <Note kind="info" title={<Trans>You have asked</Trans>}>
        {preview.needsApproval ? (
          <Trans>
            You are in when an admin says yes. You need not wait here: the group then stands among your chats.
          </Trans>
        ) : (
          <Trans>
            You are in as soon as a device of somebody there is online. You need not wait here: the group then stands
            among your chats.
          </Trans>
        )}
      </Note>
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          <Trans>Close</Trans>
        </Button>
      </div>
    </div>
  );
}
