/** Dates and times in the person's language. */
import { useLingui } from "@lingui/react/macro";

export interface TimeWords {
  /** 14:05 */
  readonly time: (at: number) => string;
  /** Today, Yesterday, Monday, 3 March, 3 March 2025 */
  readonly day: (at: number) => string;
  /** As short as the list of chats needs it: the time today, else the day. */
  readonly brief: (at: number) => string;
  readonly full: (at: number) => string;
  /** "in 5 seconds", "in 3 days" */
  readonly until: (at: number, now: number) => string;
}

const DAY = 86_400_000;

/** Whole calendar days, so that "yesterday" begins at midnight. */
const daysBetween = (from: number, to: number): number =>
  Math.round((new Date(to).setHours(0, 0, 0, 0) - new Date(from).setHours(0, 0, 0, 0)) / DAY);

const MADE = new Map<string, TimeWords>();

/** Made once for a language, and each formatter when it is first needed: one takes a millisecond and more. */
function timeWords(locale: string): TimeWords {
  const made = MADE.get(locale) ?? makeTimeWords(locale);
  MADE.set(locale, made);
  return made;
}

interface Formatter {
  format(at: number): string;
}

function makeTimeWords(locale: string): TimeWords {
  const format = (options: Intl.DateTimeFormatOptions): Formatter => {
    let made: Intl.DateTimeFormat | undefined;
    return { format: (at) => (made ??= new Intl.DateTimeFormat(locale, options)).format(at) };
  };
  const time = format({ hour: "numeric", minute: "2-digit" });
  const weekday = format({ weekday: "long" });
  const date = format({ day: "numeric", month: "long" });
  const dateYear = format({ day: "numeric", month: "long", year: "numeric" });
  const shortWeekday = format({ weekday: "short" });
  const shortDate = format({ day: "numeric", month: "short" });
  const shortYear = format({ day: "numeric", month: "numeric", year: "2-digit" });
  const full = format({ dateStyle: "full", timeStyle: "short" });
  let madeRelative: Intl.RelativeTimeFormat | undefined;
  const relative = {
    format: (count: number, unit: Intl.RelativeTimeFormatUnit): string =>
      (madeRelative ??= new Intl.RelativeTimeFormat(locale, { numeric: "auto" })).format(count, unit),
  };
  const capital = (text: string): string => text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
  const isThisYear = (at: number): boolean => new Date(at).getFullYear() === new Date().getFullYear();
  return {
    time: (at) => time.format(at),
    day: (at) => {
      const days = daysBetween(at, Date.now());
      if (days === 0 || days === 1) return capital(relative.format(-days, "day"));
      if (days > 1 && days < 7) return capital(weekday.format(at));
      return (isThisYear(at) ? date : dateYear).format(at);
    },
    brief: (at) => {
      const days = daysBetween(at, Date.now());
      if (days === 0) return time.format(at);
      if (days > 0 && days < 7) return shortWeekday.format(at);
      return (isThisYear(at) ? shortDate : shortYear).format(at);
    },
    full: (at) => full.format(at),
    until: (at, now) => {
      const seconds = Math.max(0, Math.round((at - now) / 1000));
      if (seconds < 90) return relative.format(seconds, "second");
      if (seconds < 5400) return relative.format(Math.round(seconds / 60), "minute");
      if (seconds < 129_600) return relative.format(Math.round(seconds / 3600), "hour");
      return relative.format(Math.round(seconds / 86_400), "day");
    },
  };
}

export function useTimeWords(): TimeWords {
  const { i18n } = useLingui();
  return timeWords(i18n.locale);
}
