/** What of the languages depends on which one is shown. */
import { i18n } from "@lingui/core";
import type { ComponentType, ReactElement } from "react";
import { part, type Part } from "../ui/part.tsx";
import { CATALOGUES, isLocale, keepLocale, wantedLocale, type Locale } from "./languages.ts";

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(["ar"]);

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
  keepLocale(locale);
  await activateLocale(wantedLocale());
}
