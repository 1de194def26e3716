import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { MIN_PASSPHRASE_LENGTH } from "../app/limits.ts";
import { Field, Note } from "../ui/basics.tsx";

/**
 * A passphrase for a store that is being made, typed twice: nobody can reset one with a slip in it. `onChange` is given
 * the empty text where none is wanted, and null while the two differ.
 */
export function PassphraseChoice({ onChange }: { readonly onChange: (value: string | null) => void }): ReactElement {
  const { t } = useLingui();
  const [first, setFirst] = useState("");
  const [again, setAgain] = useState("");
  const change = (next: string, nextAgain: string): void => {
    setFirst(next);
    setAgain(nextAgain);
    onChange(next === nextAgain ? next : null);
  };
  return (
    <details
      className="disclosure"
      onToggle={({ currentTarget: place }) => {
        // What is typed there counts, so it does not go out of sight.
        if (first !== "") place.open = true;
      }}
    >
      <summary>
        <Trans>Protect this device's store with a passphrase (you can do it later)</Trans>
      </summary>
      <p className="hint">
        <Trans>
          Everything is stored encrypted either way. Without a passphrase the key lies beside the store, so whoever has
          this device's disk can read everything. With one, only who knows it can, and you type it each time you open X
          Chat. Nobody can reset it.
        </Trans>
      </p>
      <Field
        label={t`Passphrase`}
        type="password"
        autoComplete="new-password"
        minLength={MIN_PASSPHRASE_LENGTH}
        dir="ltr"
        hint={t`At least 8 characters; four or five random words are good.`}
        value={first}
        onChange={(event) => change(event.target.value, again)}
      />
      {first !== "" && (
        <Field
          label={t`Once more`}
          type="password"
          autoComplete="new-password"
          dir="ltr"
          value={again}
          onChange={(event) => change(first, event.target.value)}
          required
        />
      )}
      <div role="alert">
        {again !== "" && first !== again && <Note kind="warning">{t`The two are not the same yet.`}</Note>}
      </div>
    </details>
  );
}
