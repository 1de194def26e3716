/** The languages of the app and their catalogues: apart from what draws, so that the words are on their way with it. */
import type { Messages } from "@lingui/core";

export const LOCALES = { en: "English", de: "Deutsch", ar: "العربية" } as const;
export type Locale = keyof typeof LOCALES;

const STORAGE_KEY = "xchat.language";

export const isLocale = (value: string | null): value is Locale => value !== null && Object.hasOwn(LOCALES, value);

/** The first language of the list that the app speaks, regions aside; English where it speaks none. */
export function localeFor(languages: readonly string[]): Locale {
  for (const language of languages) {
    const base = language.toLowerCase().split("-", 1)[0]!;
    if (isLocale(base)) return base;
  }
  return "en";
}

/** Null where the browser decides. */
export function chosenLocale(): Locale | null {
  const stored = localStorage.getItem(STORAGE_KEY);
  return isLocale(stored) ? stored : null;
}

type Catalogue = () => Promise<{ readonly messages: Messages }>;

/** What the first picture needs, and what comes with the screens behind it. */
export const CATALOGUES: { readonly [L in Locale]: { readonly main: Catalogue; readonly more: Catalogue } } = {
  en: { main: () => import("../locales/en/main.po"), more: () => import("../locales/en/more.po") },
  de: { main: () => import("../locales/de/main.po"), more: () => import("../locales/de/more.po") },
  ar: { main: () => import("../locales/ar/main.po"), more: () => import("../locales/ar/more.po") },
};

/** What this person reads. */
export const wantedLocale = (): Locale => chosenLocale() ?? localeFor(navigator.languages);

/** `null`: the browser decides. */
export function keepLocale(locale: Locale | null): void {
  if (locale === null) localStorage.removeItem(STORAGE_KEY);
  else localStorage.setItem(STORAGE_KEY, locale);
}
