import { plural } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupLinkView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { SwitchRow } from "../ui/switch-row.tsx";
import { QrCode } from "../ui/parts.tsx";
import { TakeBack } from "../ui/take-back.tsx";

const DAYS = [1, 7, 30] as const;
const DEFAULT_DAYS = 7;

export function NewLinkDialog({
  chat,
  onMade,
  onClose,
}: {
  readonly chat: GroupChatView;
  readonly onMade: (id: string) => void;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [needsApproval, setNeedsApproval] = useState(true);
  const [days, setDays] = useState<number | null>(DEFAULT_DAYS);
  const create = useIntent("createGroupLink");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const made = await create.run({ chat: chat.id, needsApproval, days });
    if (made.ok) onMade(made.value.id);
  };
  return (
    <Dialog title={t`Make a link to join`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <SwitchRow label={t`An admin has to agree`} isOn={needsApproval} onChange={setNeedsApproval}>
          {needsApproval ? (
            <Trans>Whoever has the link can ask. They are in when one of you says yes.</Trans>
          ) : (
            <Trans>Whoever has the link comes in, as soon as a device of somebody who may add is online.</Trans>
          )}
        </SwitchRow>
        <label className="field">
          <span>
            <Trans>Valid for</Trans>
          </span>
          <select
            className="select"
            value={days ?? ""}
            onChange={(event) => setDays(event.target.value === "" ? null : Number(event.target.value))}
          >
            {DAYS.map((count) => (
              <option key={count} value={count}>
                {plural(count, { one: "# day", other: "# days" })}
              </option>
            ))}
            <option value="">{t`Until somebody takes it back`}</option>
          </select>
        </label>
        <ErrorNote code={create.error} />
        <div className="actions">
          <Button onClick={onClose}>
            <Trans>Cancel</Trans>
          </Button>
          <Button kind="primary" type="submit" icon="link" isBusy={create.isBusy}>
            <Trans>Make the link</Trans>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function LinkDialog({
  chat,
  link,
  onClose,
}: {
  readonly chat: GroupChatView;
  readonly link: GroupLinkView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  return (
    <Dialog title={t`Link to join`} onClose={onClose}>
      {link.link === null || link.code === null ? (
        <Note>
          <Trans>It is handed out by whoever may add people here.</Trans>
        </Note>
      ) : (
        <HandOut link={link.link} code={link.code} />
      )}
      {link.state === "preparing" && (
        <p className="hint center with-icon" role="status">
          <span className="spinner" aria-hidden="true" />
          <Trans>Being laid down at the group's nodes; who opens it earlier finds nothing.</Trans>
        </p>
      )}
      <p className="hint center">
        {link.needsApproval ? (
          <Trans>Whoever has it can ask; an admin has to agree.</Trans>
        ) : (
          <Trans>Whoever has it comes in.</Trans>
        )}{" "}
        {link.expiresAt === null ? (
          <Trans>Good until somebody takes it back.</Trans>
        ) : (
          <Trans>Good until {words.full(link.expiresAt)}.</Trans>
        )}
      </p>
      {link.canRevoke && <Revoke chat={chat.id} id={link.id} onClose={onClose} />}
    </Dialog>
  );
}

function HandOut({ link, code }: { readonly link: string; readonly code: string }): ReactElement {
  const { t } = useLingui();
  const isLocalOnly = useView("network")?.isLocalOnly === true;
  const hasLink = link !== code;
  return (
    <>
      <div className="qr-frame">
        <QrCode text={hasLink && !isLocalOnly ? link : code} label={t`Code of this link, to scan`} />
      </div>
      {isLocalOnly && (
        <Note kind="warning" title={t`The link opens only on this machine`}>
          <Trans>It names a node that only this machine can reach.</Trans>
        </Note>
      )}
      <div className="actions actions-center">
        {hasLink && (
          <CopyButton kind={isLocalOnly ? "plain" : "primary"} text={link}>
            <Trans>Copy link</Trans>
          </CopyButton>
        )}
        <CopyButton kind={isLocalOnly || !hasLink ? "primary" : "plain"} text={code}>
          <Trans>Copy code</Trans>
        </CopyButton>
      </div>
    </>
  );
}

function Revoke({
  chat,
  id,
  onClose,
}: {
  readonly chat: string;
  readonly id: string;
  readonly onClose: () => void;
}): ReactElement {
  const revoke = useIntent("revokeGroupLink");
  const run = async (): Promise<void> => {
    if ((await revoke.run({ chat, id })).ok) onClose();
  };
  return (
    <TakeBack
      label={<Trans>Take this link back</Trans>}
      title={<Trans>Take it back?</Trans>}
      keep={<Trans>Keep it</Trans>}
      confirm={<Trans>Take it back</Trans>}
      isBusy={revoke.isBusy}
      onConfirm={() => void run()}
    >
      <p>
        <Trans>Nobody can come in by it any more, and it cannot be made good again. Who is in stays in.</Trans>
      </p>
      <ErrorNote code={revoke.error} />
    </TakeBack>
  );
}
