import { Trans, useLingui } from "@lingui/react/macro";
import type { LinkView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Button, ErrorNote, Field, Name, Note } from "../ui/basics.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { LinkEnd } from "./link-end.tsx";
import { QrCode } from "../ui/parts.tsx";

/** On the device that is in the account: show a code, take the digits, see it through. Closing it ends the link. */
export function LinkDialog({
  hasPassphrase,
  onClose,
}: {
  readonly hasPassphrase: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const link = useView("link") ?? { kind: "none" };
  const end = useIntent("endLink");
  const close = async (): Promise<void> => {
    // Once to end it, and once more to put away how it ended: the person has closed the window on it.
    if (link.kind !== "none") await end.run({});
    if (link.kind !== "none" && link.kind !== "added" && link.kind !== "ended") await end.run({});
    onClose();
  };
  return (
    <Dialog title={t`Link a device`} onClose={() => void close()}>
      <Step link={link} hasPassphrase={hasPassphrase} onClose={() => void close()} />
    </Dialog>
  );
}

function Step({
  link,
  hasPassphrase,
  onClose,
}: {
  readonly link: LinkView;
  readonly hasPassphrase: boolean;
  readonly onClose: () => void;
}): ReactElement {
  switch (link.kind) {
    case "code":
      return <Code link={link} />;
    case "digits":
      return <Digits link={link} />;
    case "confirming":
      return (
        <Waiting>
          <Trans>
            Right. Now say yes on <Name>{link.deviceName}</Name>: it shows whose account it will belong to.
          </Trans>
        </Waiting>
      );
    case "adding":
      return (
        <Waiting>
          <Trans>
            <Name>{link.deviceName}</Name> is being added. Leave both open for a moment.
          </Trans>
        </Waiting>
      );
    case "added":
      return <Added deviceName={link.deviceName} onClose={onClose} />;
    case "ended":
      return <Ended link={link} hasPassphrase={hasPassphrase} />;
    default:
      return <Before hasPassphrase={hasPassphrase} />;
  }
}

function Before({ hasPassphrase }: { readonly hasPassphrase: boolean }): ReactElement {
  return (
    <>
      <div className="dialog-text">
        <p>
          <Trans>
            The other device opens X Chat, chooses "I have X Chat on another device", and reads a code that is shown
            here.
          </Trans>
        </p>
        <Note kind="warning" title={<Trans>Only for a device of your own</Trans>}>
          <Trans>
            It will read everything, as this one does. Nobody from X Chat, no bank and no office ever asks for this
            code.
          </Trans>
        </Note>
      </div>
      <StartLink hasPassphrase={hasPassphrase} />
    </>
  );
}

function StartLink({ hasPassphrase }: { readonly hasPassphrase: boolean }): ReactElement {
  const { t } = useLingui();
  const [passphrase, setPassphrase] = useState("");
  const start = useIntent("startLink");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void start.run({ passphrase: hasPassphrase ? passphrase : null });
      }}
    >
      {hasPassphrase && (
        <Field
          label={t`Passphrase of this device`}
          type="password"
          autoComplete="current-password"
          dir="ltr"
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
          required
        />
      )}
      <ErrorNote code={start.error} />
      <div className="actions">
        <Button kind="primary" type="submit" icon="qr" isBusy={start.isBusy}>
          <Trans>Show the code</Trans>
        </Button>
      </div>
    </form>
  );
}

function Code({ link }: { readonly link: Extract<LinkView, { kind: "code" }> }): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  return (
    <>
      <p className="center">
        <Trans>Scan it with the other device, or carry the text there.</Trans>
      </p>
      <div className="qr-frame">
        <QrCode text={link.code} label={t`Code to link a device, to scan`} />
      </div>
      <p className="code-block" dir="ltr">
        {link.code}
      </p>
      <div className="actions actions-center">
        <CopyButton kind="primary" text={link.code}>
          <Trans>Copy the code</Trans>
        </CopyButton>
      </div>
      <p className="hint center" role="status">
        <Trans>Good until {words.time(link.expiresAt)}, for one device. Waiting for it …</Trans>
      </p>
    </>
  );
}

function Digits({ link }: { readonly link: Extract<LinkView, { kind: "digits" }> }): ReactElement {
  const { t } = useLingui();
  const [digits, setDigits] = useState("");
  const type = useIntent("typeLinkDigits");
  const deny = useIntent("denyLink");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void type.run({ digits }).then(() => setDigits(""));
      }}
    >
      <div className="dialog-text">
        <p>
          <Trans>
            A device that calls itself <Name>{link.deviceName}</Name> asks to be added. It shows six digits.
          </Trans>
        </p>
      </div>
      <Field
        label={t`The six digits`}
        className="digits-field"
        dir="ltr"
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={12}
        value={digits}
        onChange={(event) => setDigits(event.target.value)}
        hint={t`Only if you see them on a device in your hand. Never type digits that somebody tells you.`}
        autoFocus
        required
      />
      <div role="alert">
        {link.triesLeft < 3 && (
          <Note kind="warning">
            {link.triesLeft === 1 ? (
              <Trans>Those are not the digits. One try is left.</Trans>
            ) : (
              <Trans>Those are not the digits. Two tries are left.</Trans>
            )}
          </Note>
        )}
      </div>
      <ErrorNote code={type.error ?? deny.error} />
      <div className="actions">
        <Button isBusy={deny.isBusy} onClick={() => void deny.run({})}>
          <Trans>That is not mine</Trans>
        </Button>
        <Button kind="primary" type="submit" isBusy={type.isBusy}>
          <Trans>Continue</Trans>
        </Button>
      </div>
    </form>
  );
}

export function Waiting({ children }: { readonly children: React.ReactNode }): ReactElement {
  return (
    <p className="with-icon waiting" role="status">
      <span className="spinner" aria-hidden="true" />
      <span>{children}</span>
    </p>
  );
}

function Added({ deviceName, onClose }: { readonly deviceName: string; readonly onClose: () => void }): ReactElement {
  return (
    <>
      <Note kind="good" title={<Trans>Added</Trans>}>
        <Trans>
          <Name>{deviceName}</Name> belongs to your account. Your chats reach it one by one, while this device is
          connected. What was written before, it gets if you ask for it there and say yes here.
        </Trans>
      </Note>
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          <Trans>Done</Trans>
        </Button>
      </div>
    </>
  );
}

function Ended({
  link,
  hasPassphrase,
}: {
  readonly link: Extract<LinkView, { kind: "ended" }>;
  readonly hasPassphrase: boolean;
}): ReactElement {
  return (
    <>
      <div role="alert">
        <LinkEnd link={link} />
      </div>
      <StartLink hasPassphrase={hasPassphrase} />
    </>
  );
}
