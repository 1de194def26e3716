import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { chooseTheme, chosenTheme, type Theme } from "../platform/theme.ts";
import { LanguagePicker } from "../ui/language-picker.tsx";

export default function Look(): ReactElement {
  const { t } = useLingui();
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  const names: { readonly [T in Theme]: string } = { system: t`As the device`, light: t`Light`, dark: t`Dark` };
  return (
    <section className="card">
      <div className="field">
        <label htmlFor="language">
          <Trans>Language</Trans>
        </label>
        <LanguagePicker id="language" />
      </div>
      <fieldset className="choice">
        <legend>
          <Trans>Look</Trans>
        </legend>
        {(Object.keys(names) as Theme[]).map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="theme"
              checked={theme === name}
              onChange={() => {
                setTheme(name);
                chooseTheme(name);
              }}
            />
            <span>{names[name]}</span>
          </label>
        ))}
      </fieldset>
    </section>
  );
}
