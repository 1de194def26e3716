import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { Button, ErrorNote, Note } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { toast } from "../ui/toasts.tsx";
import { readTypedWords, WORD_COUNT } from "../welcome/typed-words.ts";
import { WordsField } from "../welcome/words-field.tsx";

/** For whoever fears that somebody has seen the words. */
export function ChangeWords({ isForgotten }: { readonly isForgotten: boolean }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <section className="card">
      <h2>
        <Trans>Has somebody seen them?</Trans>
      </h2>
      <p className="hint">
        <Trans>
          Other words take their place. The words of before then recover nothing with anyone who has heard of it, and
          your backup goes to other places.
        </Trans>
      </p>
      <div className="actions">
        <Button icon="refresh" onClick={() => setOpen(true)}>
          <Trans>Change the words</Trans>
        </Button>
      </div>
      {isOpen && <ChangeDialog isForgotten={isForgotten} onClose={() => setOpen(false)} />}
    </section>
  );
}

function ChangeDialog({
  isForgotten,
  onClose,
}: {
  readonly isForgotten: boolean;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [typed, setTyped] = useState("");
  const change = useIntent("changeWords");
  const words = readTypedWords(typed);
  const isReady = !isForgotten || (words.count === WORD_COUNT && words.unknown.length === 0);
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    if (!isReady) return;
    const done = await change.run({ words: isForgotten ? words.text : null });
    if (!done.ok) return;
    toast({ text: t`You have new words. Write them down now.` });
    onClose();
  };
  return (
    <Dialog title={t`Change the words?`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <div className="dialog-text">
          <p>
            <Trans>
              Your paper is worth nothing from then on. Have another sheet at hand: new words are shown next.
            </Trans>
          </p>
        </div>
        {isForgotten && (
          <>
            <Note>
              <Trans>
                The words are not on this device any more. Type those on your paper; only they can change them.
              </Trans>
            </Note>
            <WordsField value={typed} onChange={setTyped} />
          </>
        )}
        <ErrorNote code={change.error} />
        <div className="actions">
          <Button onClick={onClose}>
            <Trans>Cancel</Trans>
          </Button>
          <Button kind="danger" type="submit" isBusy={change.isBusy} disabled={!isReady}>
            <Trans>Change them</Trans>
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
