import { Trans, useLingui } from "@lingui/react/macro";
import { useId, useRef, type ReactElement } from "react";
import { Note } from "../ui/basics.tsx";
import { readTypedWords, withWord, WORD_COUNT } from "./typed-words.ts";

/** One field for all 24: typed with help, or pasted. */
export function WordsField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactElement {
  const { t } = useLingui();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const { count, unknown, suggestions } = readTypedWords(value);
  const [first] = unknown;
  const take = (word: string): void => {
    onChange(withWord(value, word));
    area.current?.focus();
  };
  return (
    <div className="field">
      <label htmlFor={id}>
        <Trans>Your 24 words</Trans>
      </label>
      <textarea
        id={id}
        ref={area}
        rows={4}
        dir="ltr"
        lang="en"
        className="words-area"
        autoComplete="off"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        autoFocus
        value={value}
        aria-describedby={`${id}-count`}
        onChange={(event) => onChange(event.target.value)}
      />
      <ul className="word-choices" dir="ltr" lang="en" aria-label={t`Words that begin so`}>
        {suggestions.map((word) => (
          <li key={word}>
            <button type="button" className="word-choice" onClick={() => take(word)}>
              {word}
            </button>
          </li>
        ))}
      </ul>
      <p className="hint" id={`${id}-count`} role="status">
        {count > WORD_COUNT ? (
          <Trans>These are {count} words, and there should be 24.</Trans>
        ) : (
          <Trans>{count} of 24 words</Trans>
        )}
      </p>
      {first !== undefined && (
        <Note
          kind="warning"
          title={
            <Trans>
              Word {first.position} is not on the list: <bdi lang="en">{first.word}</bdi>
            </Trans>
          }
        >
          <Trans>Look at its spelling. The words are English, and their first four letters are enough.</Trans>
        </Note>
      )}
    </div>
  );
}
