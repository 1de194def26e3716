import { Trans, useLingui } from "@lingui/react/macro";
import type { PairChatView, IntentOutput } from "@xchat/client/api";
import { useEffect, useState, type ReactElement } from "react";
import { codeOf, useApi, useIntent } from "../app/context.tsx";
import type { IntentErrorCode } from "@xchat/client/api";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import QrCode from "../ui/qr-code.tsx";
import { ScanDialog } from "../ui/parts.tsx";

type Check = "none" | "match" | "differ";

export default function SafetyDialog({
  chat,
  onClose,
}: {
  readonly chat: PairChatView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const { number, error } = useSafetyNumber(chat.id);
  const [isScanning, setScanning] = useState(false);
  const [check, setCheck] = useState<Check>("none");
  const compare = useIntent("checkSafetyCode");
  const mark = useIntent("setVerified");
  const setVerified = async (isVerified: boolean): Promise<void> => {
    await mark.run({ chat: chat.id, isVerified });
  };
  const scanned = async (code: string): Promise<void> => {
    setScanning(false);
    const outcome = await compare.run({ chat: chat.id, code });
    if (!outcome.ok) return;
    setCheck(outcome.value.matches ? "match" : "differ");
    if (outcome.value.matches) await setVerified(true);
  };
  return (
    <Dialog title={t`Safety number`} onClose={onClose}>
      <p className="dialog-text">
        <Trans>
          Meet, or call each other on a line where you know the voice. If the number is the same on both devices, or if
          scanning says so, only the two of you can read this chat. If it differs, somebody may sit between you: write
          nothing secret, and make a new invitation on a way that you trust.
        </Trans>
      </p>
      <ErrorNote code={error ?? compare.error ?? mark.error} />
      {number === null ? (
        <div className="safety skeleton" aria-busy={error === null} />
      ) : (
        <div className="safety">
          <QrCode text={number.code} label={t`Your code, for the other person to scan`} />
          <SafetyDigits digits={number.digits} />
        </div>
      )}
      <div role="status">
        {check === "match" && (
          <Note kind="good" title={t`The codes belong together`}>
            <Trans>This contact is verified.</Trans>
          </Note>
        )}
        {check === "differ" && (
          <Note kind="bad" title={t`The codes do not belong together`}>
            <Trans>
              Perhaps it was the code of another chat. If it was the right one, someone may sit between you: do not
              write anything secret here.
            </Trans>
          </Note>
        )}
      </div>
      <div className="actions">
        <Button icon="camera" onClick={() => setScanning(true)} isBusy={compare.isBusy}>
          <Trans>Scan theirs</Trans>
        </Button>
        {chat.isVerified ? (
          <Button onClick={() => void setVerified(false)} isBusy={mark.isBusy}>
            <Trans>Take the mark away</Trans>
          </Button>
        ) : (
          <Button kind="primary" icon="check" onClick={() => void setVerified(true)} isBusy={mark.isBusy}>
            <Trans>The numbers are the same</Trans>
          </Button>
        )}
      </div>
      {isScanning && (
        <ScanDialog
          title={t`Scan their code`}
          onCode={(code) => void scanned(code)}
          onClose={() => setScanning(false)}
        />
      )}
    </Dialog>
  );
}

function SafetyDigits({ digits }: { readonly digits: string }): ReactElement {
  const groups = digits.replaceAll(/\D/gu, "").match(/.{1,5}/gu) ?? [];
  return (
    <ol className="digits" dir="ltr">
      {groups.map((group, index) => (
        <li key={index}>{group}</li>
      ))}
    </ol>
  );
}

function useSafetyNumber(chat: string): {
  readonly number: IntentOutput<"safetyNumber"> | null;
  readonly error: IntentErrorCode | null;
} {
  const api = useApi();
  const [number, setNumber] = useState<IntentOutput<"safetyNumber"> | null>(null);
  const [error, setError] = useState<IntentErrorCode | null>(null);
  useEffect(() => {
    let isCurrent = true;
    api.call("safetyNumber", { chat }).then(
      (answer) => isCurrent && setNumber(answer),
      (refusal: unknown) => isCurrent && setError(codeOf(refusal)),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, chat]);
  return { number, error };
}
