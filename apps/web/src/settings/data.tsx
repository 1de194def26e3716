import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { askToKeepStorage, storagePromise, type StoragePromise } from "../platform/storage.ts";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { toast } from "../ui/toasts.tsx";

export default function Data(): ReactElement {
  return (
    <>
      <Persistence />
      <Export />
    </>
  );
}

function Persistence(): ReactElement {
  const [promise, setPromise] = useState<StoragePromise | null>(null);
  const [isRefused, setRefused] = useState(false);
  useEffect(() => {
    void storagePromise().then(setPromise);
  }, []);
  const ask = async (): Promise<void> => {
    const answer = await askToKeepStorage();
    setPromise(answer);
    setRefused(answer !== "kept");
  };
  return (
    <section className="card">
      <h2>
        <Trans>Storage on this device</Trans>
      </h2>
      {promise === "kept" && (
        <Note kind="good">
          <Trans>The browser has promised to keep it, even when space gets short.</Trans>
        </Note>
      )}
      {(promise === "may-be-cleared" || promise === "unknown") && (
        <>
          <Note kind="warning">
            <Trans>
              The browser may clear it when space gets short, and with it your keys and messages on this device.
            </Trans>
          </Note>
          <div className="actions">
            <Button onClick={() => void ask()}>
              <Trans>Ask the browser to keep it</Trans>
            </Button>
          </div>
        </>
      )}
      {isRefused && (
        <p className="hint" role="status">
          <Trans>
            The browser did not promise it. Installing X Chat as an app, or adding it to the bookmarks, often helps.
            Write down your 24 words in any case.
          </Trans>
        </p>
      )}
    </section>
  );
}

function Export(): ReactElement {
  const { t } = useLingui();
  const run = useIntent("export");
  const save = async (): Promise<void> => {
    const answer = await run.run({});
    if (!answer.ok) return;
    const url = URL.createObjectURL(new Blob([answer.value.json], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `xchat-${new Date().toISOString().slice(0, 10)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), REVOKE_MILLISECONDS);
    toast({ text: t`Exported.` });
  };
  return (
    <section className="card">
      <h2>
        <Trans>Export</Trans>
      </h2>
      <p className="hint">
        <Trans>
          All chats as one JSON file that any program can read. The file is not encrypted: whoever gets it can read
          everything in it.
        </Trans>
      </p>
      <ErrorNote code={run.error} />
      <div className="actions">
        <Button icon="download" isBusy={run.isBusy} onClick={() => void save()}>
          <Trans>Save the file</Trans>
        </Button>
      </div>
    </section>
  );
}

/** Long enough for the slowest disk to have taken the file. */
const REVOKE_MILLISECONDS = 60_000;
