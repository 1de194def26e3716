import { Trans, useLingui } from "@lingui/react/macro";
import { useLayoutEffect, useRef, useState, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { Button, ErrorNote, Field, Note } from "../ui/basics.tsx";
import { SwitchRow } from "../ui/switch-row.tsx";
import { toast } from "../ui/toasts.tsx";
import { ChangeWords } from "./change-words.tsx";
import { choosePositions, isSameWord } from "./word-check.ts";
import type { Ready } from "./settings.tsx";

type Step =
  | { readonly at: "before" }
  | { readonly at: "shown"; readonly words: readonly string[] }
  | { readonly at: "check"; readonly words: readonly string[]; readonly positions: readonly number[] };

export default function Words({ profile }: { readonly profile: Ready }): ReactElement {
  const [step, setStep] = useState<Step>({ at: "before" });
  // Each step is read from its beginning, also where the one before was scrolled to its button.
  const top = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (step.at !== "before") top.current?.scrollIntoView({ block: "end" });
  }, [step.at]);
  const ask = useIntent("recoveryWords");
  const show = async (): Promise<void> => {
    const answer = await ask.run({});
    if (answer.ok) setStep({ at: "shown", words: answer.value.words });
  };
  if (profile.recoveryWords === "forgotten") {
    return (
      <>
        <Note kind="good" title={<Trans>You wrote the words down and took them off this device</Trans>}>
          <Trans>Your own copy is the only one. Keep it dry, and out of sight.</Trans>
        </Note>
        <ChangeWords isForgotten />
      </>
    );
  }
  if (step.at === "shown")
    return (
      <>
        <div ref={top} />
        <Grid
          words={step.words}
          onDone={() => setStep({ at: "check", words: step.words, positions: choosePositions(step.words.length, 3) })}
        />
      </>
    );
  if (step.at === "check")
    return (
      <>
        <div ref={top} />
        <Check
          words={step.words}
          positions={step.positions}
          onBack={() => setStep({ at: "shown", words: step.words })}
        />
      </>
    );
  return (
    <>
      <section className="card">
        <p>
          <Trans>
            These 24 words are your account on paper. When every device is lost they bring you back on a new one, with
            your contacts, and they outrank a thief who has this device.
          </Trans>
        </p>
        <ul>
          <li>
            <Trans>Write them on paper, in their order.</Trans>
          </li>
          <li>
            <Trans>Take no photo and keep no copy online.</Trans>
          </li>
          <li>
            <Trans>Whoever has them has your account. Nobody from X Chat ever asks for them.</Trans>
          </li>
        </ul>
        {profile.recoveryWords === "written" && (
          <Note kind="good">
            <Trans>You have confirmed that you wrote them down.</Trans>
          </Note>
        )}
        <p className="hint">
          <Trans>
            Beside them, note the addresses of your nodes, where the account backup lies. It is kept for at least 60 and
            at most 180 days after a device of yours was last online.
          </Trans>
        </p>
        <ErrorNote code={ask.error} />
        <div className="actions">
          <Button kind="primary" icon="words" isBusy={ask.isBusy} onClick={() => void show()}>
            <Trans>Show them here</Trans>
          </Button>
        </div>
      </section>
      {profile.recoveryWords === "written" && <ChangeWords isForgotten={false} />}
    </>
  );
}

function Grid({ words, onDone }: { readonly words: readonly string[]; readonly onDone: () => void }): ReactElement {
  const { t } = useLingui();
  return (
    <section className="card">
      <p className="hint">
        <Trans>Make sure that nobody and no camera looks on.</Trans>
      </p>
      <ol className="word-grid" dir="ltr" lang="en" aria-label={t`Your 24 words`}>
        {words.map((word, index) => (
          <li key={index}>{word}</li>
        ))}
      </ol>
      <div className="actions">
        <Button kind="primary" onClick={onDone}>
          <Trans>I have written them down</Trans>
        </Button>
      </div>
    </section>
  );
}

function Check({
  words,
  positions,
  onBack,
}: {
  readonly words: readonly string[];
  readonly positions: readonly number[];
  readonly onBack: () => void;
}): ReactElement {
  const { t } = useLingui();
  const [typed, setTyped] = useState<readonly string[]>(positions.map(() => ""));
  const [isWrong, setWrong] = useState(false);
  const [forget, setForget] = useState(false);
  const confirm = useIntent("confirmRecoveryWords");
  const submit = async (event: React.SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const isRight = positions.every((position, index) => isSameWord(typed[index] ?? "", words[position] ?? ""));
    setWrong(!isRight);
    if (!isRight) return;
    const done = await confirm.run({ forget });
    if (!done.ok) return;
    toast({ text: t`Well done. Keep the paper safe.` });
    go({ at: "settings" });
  };
  return (
    <form className="card" onSubmit={(event) => void submit(event)}>
      <p>
        <Trans>Type these three from your paper:</Trans>
      </p>
      <div className="word-check">
        {positions.map((position, index) => (
          <Field
            key={position}
            label={t`Word ${position + 1}`}
            dir="ltr"
            autoCapitalize="none"
            spellCheck={false}
            value={typed[index] ?? ""}
            onChange={(event) => setTyped(typed.map((word, at) => (at === index ? event.target.value : word)))}
            required
          />
        ))}
      </div>
      <div role="alert">
        {isWrong && (
          <Note kind="warning" title={t`Not all of them are right`}>
            <Trans>Look at the numbers and the spelling. If your paper is wrong, go back and mend it.</Trans>
          </Note>
        )}
      </div>
      <SwitchRow label={t`Take the words off this device`} isOn={forget} onChange={setForget}>
        <Trans>
          Then someone who gets into this device cannot find them here. Your paper is the only copy, and they can never
          be shown again.
        </Trans>
      </SwitchRow>
      <ErrorNote code={confirm.error} />
      <div className="actions">
        <Button onClick={onBack}>
          <Trans>Show them again</Trans>
        </Button>
        <Button kind="primary" type="submit" isBusy={confirm.isBusy}>
          <Trans>Confirm</Trans>
        </Button>
      </div>
    </form>
  );
}
