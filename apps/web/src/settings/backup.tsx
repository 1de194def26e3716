import { Plural, Trans } from "@lingui/react/macro";
import { type BackupView, typedAddress } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { Icon } from "../ui/icon.tsx";
import { readTypedWords, WORD_COUNT } from "../welcome/typed-words.ts";
import { WordsField } from "../welcome/words-field.tsx";

/** Where the account backup lies, and since when. */
export default function Backup(): ReactElement {
  const backup = useView("backup");
  if (backup === undefined || backup.state === "none") return <div aria-busy="true" />;
  return backup.state === "off" ? <TurnOn /> : <State backup={backup} />;
}

type On = Extract<BackupView, { state: "on" }>;

function State({ backup }: { readonly backup: On }): ReactElement {
  const words = useTimeWords();
  const write = useIntent("writeBackup");
  const { madeAt, storedAt, nodes, isBehind, expiresAt, isCut } = backup;
  return (
    <section className="card">
      <p>
        <Trans>
          Your contacts, chats and settings lie sealed at your own nodes. Only your 24 words open them, on a new device,
          when every other is lost. No message is in it.
        </Trans>
      </p>
      {nodes.length === 0 ? (
        <Note kind="warning" title={<Trans>You have no node, so there is no backup</Trans>}>
          <Trans>Add one under "Network".</Trans>
        </Note>
      ) : madeAt === null ? (
        <Note title={<Trans>The first one is on its way</Trans>}>
          <Trans>It is written a minute after your account was made.</Trans>
        </Note>
      ) : (
        <Note
          kind={storedAt === nodes.length ? "good" : "warning"}
          title={
            <Plural
              value={nodes.length}
              one={`It lies at ${storedAt} of # node`}
              other={`It lies at ${storedAt} of # nodes`}
            />
          }
        >
          <Trans>Written: {words.full(madeAt)}.</Trans>{" "}
          {isBehind && <Trans>Something has changed since, and is written soon.</Trans>}
        </Note>
      )}
      {isCut && (
        <Note kind="warning">
          <Trans>
            You know more people than a backup can hold. Those you have not talked to for longest are left out.
          </Trans>
        </Note>
      )}
      <ul className="plain-list backup-nodes">
        {nodes.map(({ address, isStored }) => (
          <li key={address} className="backup-node">
            <Icon name={isStored ? "check" : "refresh"} size={18} />
            <span className="address" dir="ltr">
              {typedAddress(address)}
            </span>
            <span className="hint">{isStored ? <Trans>has it</Trans> : <Trans>does not have it yet</Trans>}</span>
          </li>
        ))}
      </ul>
      <p className="hint">
        <Trans>Note these addresses beside your words: a new device has to know where to look.</Trans>{" "}
        {expiresAt !== null && (
          <Trans>Without any device of yours, the backup would be kept until {words.day(expiresAt)}.</Trans>
        )}
      </p>
      <ErrorNote code={write.error} />
      <div className="actions">
        <Button icon="refresh" isBusy={write.isBusy} onClick={() => void write.run({})}>
          <Trans>Write it now</Trans>
        </Button>
      </div>
    </section>
  );
}

/** The words were taken off before this device knew how to write a backup. */
function TurnOn(): ReactElement {
  const [typed, setTyped] = useState("");
  const turnOn = useIntent("turnOnBackup");
  const words = readTypedWords(typed);
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    await turnOn.run({ words: words.text });
  };
  return (
    <form className="card" onSubmit={(event) => void submit(event)}>
      <Note kind="warning" title={<Trans>There is no account backup yet</Trans>}>
        <Trans>
          You took your words off this device before it could write one. Type them once to turn it on; they are
          forgotten right after.
        </Trans>
      </Note>
      <WordsField value={typed} onChange={setTyped} />
      <ErrorNote code={turnOn.error} />
      <div className="actions">
        <Button
          kind="primary"
          type="submit"
          isBusy={turnOn.isBusy}
          disabled={words.count !== WORD_COUNT || words.unknown.length > 0}
        >
          <Trans>Turn the backup on</Trans>
        </Button>
      </div>
    </form>
  );
}
