/** Languages of the app, and which one a person gets. */
import { i18n } from "@lingui/core";

export const LOCALES = { en: "English", de: "Deutsch", ar: "العربية" } as const;
export type Locale = keyof typeof LOCALES;

const STORAGE_KEY = "xchat.language";
const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(["ar"]);

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

const CATALOGUES: { readonly [L in Locale]: () => Promise<{ readonly messages: Parameters<typeof i18n.load>[1] }> } = {
  en: () => import("../locales/en.po"),
  de: () => import("../locales/de.po"),
  ar: () => import("../locales/ar.po"),
};

export async function activateLocale(locale: Locale): Promise<void> {
  const { messages } = await CATALOGUES[locale]();
  i18n.loadAndActivate({ locale, messages });
  document.documentElement.lang = locale;
  document.documentElement.dir = directionOf(locale);
}

export const directionOf = (locale: string): "ltr" | "rtl" => (RIGHT_TO_LEFT.has(locale) ? "rtl" : "ltr");

export async function chooseLocale(locale: Locale | null): Promise<void> {
  if (locale === null) localStorage.removeItem(STORAGE_KEY);
  else localStorage.setItem(STORAGE_KEY, locale);
  await activateLocale(locale ?? localeFor(navigator.languages));
}
