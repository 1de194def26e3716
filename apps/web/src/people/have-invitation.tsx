import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { Button, Field } from "../ui/basics.tsx";
import OpenInvitation from "./open-invitation.tsx";
import { ScanDialog } from "../ui/parts.tsx";

/** Paste a link or a code, or scan one. */
export function HaveInvitation(): ReactElement {
  const { t } = useLingui();
  const [text, setText] = useState("");
  const [opened, setOpened] = useState<string | null>(null);
  const [isScanning, setScanning] = useState(false);
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") setOpened(text);
        }}
      >
        <Field
          label={t`Link or code`}
          dir="ltr"
          spellCheck={false}
          placeholder="i1.…"
          hint={t`Paste all of it. You will see who invites you before anything is sent.`}
          value={text}
          onChange={(event) => setText(event.target.value)}
          required
        />
        <div className="actions">
          <Button kind="primary" type="submit" aria-disabled={text.trim() === ""}>
            <Trans>Open</Trans>
          </Button>
          <Button icon="camera" onClick={() => setScanning(true)}>
            <Trans>Scan</Trans>
          </Button>
        </div>
      </form>
      {isScanning && (
        <ScanDialog
          title={t`Scan an invitation`}
          onCode={(code) => {
            setScanning(false);
            setOpened(code);
          }}
          onClose={() => setScanning(false)}
        />
      )}
      {opened !== null && (
        <OpenInvitation
          text={opened}
          isPasted
          onClose={() => {
            setOpened(null);
            setText("");
          }}
        />
      )}
    </>
  );
}
