import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { type BackupSearchView, type FoundBackupView, typedAddress } from "@xchat/client/api";
import { useEffect, useState, type ReactElement } from "react";
import { useApi, useIntent } from "../app/context.tsx";
import { useTimeWords } from "../i18n/format.ts";
import { askToKeepStorage } from "../platform/storage.ts";
import { Button, ErrorNote, Field, Name, Note } from "../ui/basics.tsx";
import { LanguagePicker } from "../ui/language-picker.tsx";
import { Mark } from "../ui/icon.tsx";
import { readTypedWords, WORD_COUNT } from "./typed-words.ts";
import { PassphraseChoice } from "./passphrase-choice.tsx";
import { WordsField } from "./words-field.tsx";

/** The same person again, with the 24 words alone. */
export default function Recover({ onBack }: { readonly onBack: () => void }): ReactElement {
  const api = useApi();
  const [search, setSearch] = useState<BackupSearchView | null>(null);
  // What was found is let go of, and the words with it, when the person leaves.
  useEffect(() => () => void api.call("forgetSearch", {}).catch(() => {}), [api]);
  return (
    <main className="gate">
      <div className="gate-card gate-wide">
        <div className="gate-head">
          <Mark size={52} />
          <LanguagePicker />
        </div>
        {search === null || search.found.length === 0 ? (
          <TypeWords last={search} onFound={setSearch} onBack={onBack} />
        ) : (
          <ChooseBackup search={search} onBack={() => setSearch(null)} />
        )}
      </div>
    </main>
  );
}

function TypeWords({
  last,
  onFound,
  onBack,
}: {
  readonly last: BackupSearchView | null;
  readonly onFound: (search: BackupSearchView) => void;
  readonly onBack: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [words, setWords] = useState("");
  const [node, setNode] = useState("");
  const find = useIntent("findBackups");
  const typed = readTypedWords(words);
  const isWhole = typed.count === WORD_COUNT && typed.unknown.length === 0;
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (!isWhole) return;
    const found = await find.run({ words: typed.text, nodes: node.trim() === "" ? [] : [node.trim()] });
    if (found.ok) onFound(found.value);
  };
  return (
    <>
      <h1>
        <Trans>Come back with your 24 words</Trans>
      </h1>
      <p className="lead">
        <Trans>
          They find your account backup and open it here. The words stay on this device and go to nobody, and are
          forgotten when you are back.
        </Trans>
      </p>
      <form onSubmit={(event) => void submit(event)}>
        <WordsField value={words} onChange={setWords} />
        <details className="disclosure" open={last !== null || undefined}>
          <summary>
            <Trans>Your backup lies at another node</Trans>
          </summary>
          <Field
            label={t`Address of a node that you used`}
            dir="ltr"
            inputMode="url"
            spellCheck={false}
            placeholder="https://node.example"
            hint={t`You noted it beside the words. Without one, the node of this app is asked; the others are named in the backup.`}
            value={node}
            onChange={(event) => setNode(event.target.value)}
          />
        </details>
        {last !== null && <NothingFound search={last} />}
        <ErrorNote code={find.error} />
        <div className="actions">
          <Button onClick={onBack}>
            <Trans>Back</Trans>
          </Button>
          <Button kind="primary" type="submit" isBusy={find.isBusy} disabled={!isWhole}>
            {find.isBusy ? <Trans>Looking for your backup …</Trans> : <Trans>Look for my backup</Trans>}
          </Button>
        </div>
      </form>
    </>
  );
}

function NothingFound({ search: { nodes } }: { readonly search: BackupSearchView }): ReactElement {
  const silent = nodes.filter(({ state }) => state === "unreachable");
  return (
    <div role="alert">
      <Note kind="warning" title={<Trans>No backup of these words was found</Trans>}>
        {silent.length > 0 ? (
          <Trans>
            Not every node answered:{" "}
            <span dir="ltr">{silent.map(({ address }) => typedAddress(address)).join(", ")}</span>. Try again later, or
            name another node that you used.
          </Trans>
        ) : nodes.length === 0 ? (
          <Trans>This app has no node of its own. Name a node that you used.</Trans>
        ) : (
          <Trans>
            Look whether these are the words of this account, and name a node that you used. A backup is kept for at
            least 60 and at most 180 days after a device of yours was last online.
          </Trans>
        )}
      </Note>
    </div>
  );
}

function ChooseBackup({
  search: { found, level, nodes },
  onBack,
}: {
  readonly search: BackupSearchView;
  readonly onBack: () => void;
}): ReactElement {
  const [chosen, setChosen] = useState(found[0]?.id ?? "");
  const [passphrase, setPassphrase] = useState<string | null>("");
  const recover = useIntent("recoverAccount");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (passphrase === null) return;
    const done = await recover.run({ backup: chosen, passphrase: passphrase === "" ? null : passphrase });
    if (done.ok) void askToKeepStorage();
  };
  const behind = nodes.filter(({ state }) => state === "behind");
  const silent = nodes.filter(({ state }) => state === "unreachable");
  return (
    <>
      <h1>
        <Trans>Is this you?</Trans>
      </h1>
      {level > 1 && (
        <Note kind="warning" title={<Trans>Two of these contradict each other</Trans>}>
          <Trans>
            Two devices changed the account without knowing of each other, or one was in other hands. Take the one whose
            device and day you know.
          </Trans>
        </Note>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <fieldset className="backup-choice">
          <legend className="visually-hidden">
            <Trans>Backups that were found</Trans>
          </legend>
          {found.map((backup) => (
            <FoundBackup
              key={backup.id}
              backup={backup}
              isChosen={backup.id === chosen}
              onChoose={() => setChosen(backup.id)}
            />
          ))}
        </fieldset>
        {[...behind, ...silent].length > 0 && (
          <Note kind="info">
            <Trans>
              These nodes did not answer, or gave an older backup than another one:{" "}
              <span dir="ltr">{[...behind, ...silent].map(({ address }) => typedAddress(address)).join(", ")}</span>
            </Trans>
          </Note>
        )}
        <PassphraseChoice onChange={setPassphrase} />
        <Note kind="info" title={<Trans>What happens now</Trans>}>
          <Trans>
            This device becomes yours, and every device that you had before is out. Contacts, names and settings come
            back; each chat follows as soon as a device of somebody in it lets this one in. What was said is not in the
            backup.
          </Trans>
        </Note>
        <ErrorNote code={recover.error} />
        <div className="actions">
          <Button onClick={onBack}>
            <Trans>Back</Trans>
          </Button>
          <Button kind="primary" type="submit" isBusy={recover.isBusy}>
            {recover.isBusy ? <Trans>Coming back …</Trans> : <Trans>Yes, come back</Trans>}
          </Button>
        </div>
      </form>
    </>
  );
}

function FoundBackup({
  backup,
  isChosen,
  onChoose,
}: {
  readonly backup: FoundBackupView;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}): ReactElement {
  const words = useTimeWords();
  return (
    <label className="backup-found">
      <input type="radio" name="backup" checked={isChosen} onChange={onChoose} />
      <span className="backup-found-text">
        <strong>
          <Name>{backup.name}</Name>
        </strong>
        <span>
          <Trans>
            Written by <bdi>{backup.deviceName}</bdi>: {words.full(backup.writtenAt)}
          </Trans>
        </span>
        <span>
          <Plural value={backup.contacts} one="# contact" other="# contacts" />
          {" · "}
          <Plural value={backup.chats} one="# chat" other="# chats" />
        </span>
        <span className="address" dir="ltr">
          {backup.accountId}
        </span>
      </span>
    </label>
  );
}
