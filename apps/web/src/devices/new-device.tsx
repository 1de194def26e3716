import { Trans, useLingui } from "@lingui/react/macro";
import type { LinkView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { MAX_NAME_LENGTH, MIN_PASSPHRASE_LENGTH } from "../app/limits.ts";
import { askToKeepStorage } from "../platform/storage.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Field, Name, Note } from "../ui/basics.tsx";
import { Mark } from "../ui/icon.tsx";
import { LanguagePicker } from "../ui/language-picker.tsx";
import { LinkEnd } from "./link-end.tsx";
import { Waiting } from "./link-dialog.tsx";
import { ScanDialog } from "../ui/parts.tsx";

/** On a device without an account: read the code of one that has one, show the digits, say yes. */
export default function NewDevice({
  link,
  onBack,
}: {
  readonly link: LinkView;
  readonly onBack: () => void;
}): ReactElement {
  const end = useIntent("endLink");
  const leave = async (): Promise<void> => {
    await end.run({});
    if (link.kind !== "ended") await end.run({});
    onBack();
  };
  return (
    <main className="gate">
      <div className="gate-card gate-wide">
        <div className="gate-head">
          <Mark size={52} />
          <LanguagePicker />
        </div>
        <h1>
          <Trans>Add this device to your account</Trans>
        </h1>
        <Step link={link} />
        <div className="actions">
          <Button kind="quiet" icon="back" onClick={() => void (link.kind === "none" ? onBack() : leave())}>
            {link.kind === "none" || link.kind === "ended" ? <Trans>Back</Trans> : <Trans>Cancel</Trans>}
          </Button>
        </div>
      </div>
    </main>
  );
}

function Step({ link }: { readonly link: LinkView }): ReactElement {
  switch (link.kind) {
    case "meeting":
      return (
        <Waiting>
          <Trans>Looking for your other device. Keep its code on the screen.</Trans>
        </Waiting>
      );
    case "showing":
      return <Showing digits={link.digits} />;
    case "asking":
      return <Asking link={link} />;
    case "joining":
    case "joined":
      return (
        <Waiting>
          <Trans>This device is being added. Leave both open for a moment.</Trans>
        </Waiting>
      );
    case "ended":
      return (
        <>
          <div role="alert">
            <LinkEnd link={link} />
          </div>
          <EnterCode />
        </>
      );
    default:
      return <EnterCode />;
  }
}

function EnterCode(): ReactElement {
  const { t } = useLingui();
  const [text, setText] = useState("");
  const [deviceName, setDeviceName] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [isScanning, setScanning] = useState(false);
  const enter = useIntent("enterLinkCode");
  const open = async (code: string): Promise<void> => {
    const entered = await enter.run({ text: code, deviceName, passphrase: passphrase === "" ? null : passphrase });
    if (entered.ok) void askToKeepStorage();
  };
  return (
    <>
      <p className="lead">
        <Trans>
          On the device that has your account, open Settings, Devices, and choose "Link a device". It shows a code.
        </Trans>
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void open(text);
        }}
      >
        <Field
          label={t`Name of this device`}
          hint={t`Such as "phone". Only your own devices see it.`}
          value={deviceName}
          maxLength={MAX_NAME_LENGTH}
          onChange={(event) => setDeviceName(event.target.value)}
        />
        <Field
          label={t`Code of the other device`}
          dir="ltr"
          spellCheck={false}
          placeholder="d1.…"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <details className="disclosure">
          <summary>
            <Trans>Protect this device's store with a passphrase (you can do it later)</Trans>
          </summary>
          <Field
            label={t`Passphrase`}
            type="password"
            autoComplete="new-password"
            minLength={MIN_PASSPHRASE_LENGTH}
            dir="ltr"
            hint={t`At least 8 characters; it is for this device alone.`}
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
          />
        </details>
        <ErrorNote code={enter.error} />
        <div className="actions">
          <Button kind="primary" type="submit" isBusy={enter.isBusy} aria-disabled={text.trim() === ""}>
            <Trans>Continue</Trans>
          </Button>
          <Button icon="camera" onClick={() => setScanning(true)}>
            <Trans>Scan</Trans>
          </Button>
        </div>
      </form>
      {isScanning && (
        <ScanDialog
          title={t`Scan the code of your other device`}
          onCode={(code) => {
            setScanning(false);
            setText(code);
            void open(code);
          }}
          onClose={() => setScanning(false)}
        />
      )}
    </>
  );
}

function Showing({ digits }: { readonly digits: string }): ReactElement {
  const { t } = useLingui();
  return (
    <>
      <p className="lead">
        <Trans>Type these digits on your other device:</Trans>
      </p>
      <p className="link-digits" dir="ltr" role="status" aria-label={t`Digits: ${[...digits].join(" ")}`}>
        {`${digits.slice(0, 3)} ${digits.slice(3)}`}
      </p>
      <p className="hint">
        <Trans>Tell them to nobody: they are for a device in your hand.</Trans>
      </p>
    </>
  );
}

function Asking({ link }: { readonly link: Extract<LinkView, { kind: "asking" }> }): ReactElement {
  const accept = useIntent("acceptLink");
  return (
    <>
      <div className="preview">
        <Avatar name={link.name} accountId={link.accountId} size="large" />
        <p className="contact-name">
          <Name>{link.name}</Name>
        </p>
        <p className="address" dir="ltr">
          {link.accountId}
        </p>
      </div>
      <Note kind="warning" title={<Trans>Is this you?</Trans>}>
        <Trans>
          This device will belong to the account above, and whoever has that account will read what you write here.
        </Trans>
      </Note>
      <ErrorNote code={accept.error} />
      <div className="actions">
        <Button kind="primary" isBusy={accept.isBusy} onClick={() => void accept.run({})}>
          <Trans>Yes, this is my account</Trans>
        </Button>
      </div>
    </>
  );
}
