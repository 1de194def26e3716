/** Languages of the app, and which one a person gets. */
import { i18n, type Messages } from "@lingui/core";
import type { ComponentType, ReactElement } from "react";
import { part, type Part } from "../ui/part.tsx";

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

type Catalogue = () => Promise<{ readonly messages: Messages }>;

/** What the first picture needs, and what comes with the screens behind it. */
const CATALOGUES: { readonly [L in Locale]: { readonly main: Catalogue; readonly more: Catalogue } } = {
  en: { main: () => import("../locales/en/main.po"), more: () => import("../locales/en/more.po") },
  de: { main: () => import("../locales/de/main.po"), more: () => import("../locales/de/more.po") },
  ar: { main: () => import("../locales/ar/main.po"), more: () => import("../locales/ar/more.po") },
};

let needsMore = false;

export async function activateLocale(locale: Locale): Promise<void> {
  const { main, more } = CATALOGUES[locale];
  const catalogues = await Promise.all(needsMore ? [main(), more()] : [main()]);
  for (const { messages } of catalogues) i18n.load(locale, messages);
  i18n.activate(locale);
  document.documentElement.lang = locale;
  document.documentElement.dir = directionOf(locale);
}

/** A screen together with its words. */
export function lazyScreen<C extends ComponentType<any>>(
  load: () => Promise<{ readonly default: C }>,
  meanwhile: ReactElement | null = null,
): Part<C> {
  return part(async () => {
    const [screen] = await Promise.all([load(), loadMore()]);
    return screen;
  }, meanwhile);
}

async function loadMore(): Promise<void> {
  needsMore = true;
  const { locale } = i18n;
  if (!isLocale(locale)) return;
  const { messages } = await CATALOGUES[locale].more();
  i18n.load(locale, messages);
}

export const directionOf = (locale: string): "ltr" | "rtl" => (RIGHT_TO_LEFT.has(locale) ? "rtl" : "ltr");

export async function chooseLocale(locale: Locale | null): Promise<void> {
  if (locale === null) localStorage.removeItem(STORAGE_KEY);
  else localStorage.setItem(STORAGE_KEY, locale);
  await activateLocale(locale ?? localeFor(navigator.languages));
}
