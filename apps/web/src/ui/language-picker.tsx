import { useLingui } from "@lingui/react/macro";
import { useState, type ReactElement } from "react";
import { chosenLocale, isLocale, LOCALES, type Locale } from "../i18n/languages.ts";
import { chooseLocale } from "../i18n/locales.ts";

/** The languages under their own names, so that whoever landed in a wrong one finds the way out. */
export function LanguagePicker({ id }: { readonly id?: string }): ReactElement {
  const { t } = useLingui();
  const [chosen, setChosen] = useState<Locale | null>(chosenLocale);
  return (
    <select
      id={id}
      className="select"
      aria-label={id === undefined ? t`Language` : undefined}
      value={chosen ?? ""}
      onChange={(event) => {
        const next = isLocale(event.target.value) ? event.target.value : null;
        setChosen(next);
        void chooseLocale(next);
      }}
    >
      <option value="">{t`Language of the browser`}</option>
      {Object.entries(LOCALES).map(([locale, name]) => (
        <option key={locale} value={locale} lang={locale}>
          {name}
        </option>
      ))}
    </select>
  );
}
