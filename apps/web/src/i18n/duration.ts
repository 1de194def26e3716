/** Lengths of time in the person's language. */
import { useLingui } from "@lingui/react/macro";

const UNITS = [
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** In the largest unit that divides it: "4 weeks", "90 minutes". */
export function useDurationWords(): (seconds: number) => string {
  const { i18n } = useLingui();
  return (seconds) => {
    const [unit, size] = UNITS.find(([, length]) => seconds % length === 0 && seconds >= length) ?? ["second", 1];
    return new Intl.NumberFormat(i18n.locale, { style: "unit", unit, unitDisplay: "long" }).format(seconds / size);
  };
}
