/** The part of a text around the first word that was searched for, with the words marked. */
export interface ExcerptPart {
  readonly text: string;
  readonly isHit: boolean;
}

const BEFORE = 36;
const LENGTH = 160;

export function excerpt(text: string, wanted: string): readonly ExcerptPart[] {
  const words = wanted.split(/\s+/u).filter((word) => word !== "");
  const flat = text.replaceAll(/\s+/gu, " ");
  if (words.length === 0) return [{ text: flat.slice(0, LENGTH), isHit: false }];
  const pattern = new RegExp(`(${words.map((word) => escape(word)).join("|")})`, "giu");
  const first = flat.search(pattern);
  const from = first > BEFORE ? wordStart(flat, first - BEFORE) : 0;
  const shown = flat.slice(from, from + LENGTH);
  const parts = shown.split(pattern).map((part, index) => ({ text: part, isHit: index % 2 === 1 }));
  const whole = [
    { text: from > 0 ? "…" : "", isHit: false },
    ...parts,
    { text: from + LENGTH < flat.length ? "…" : "", isHit: false },
  ];
  return whole.filter((part) => part.text !== "");
}

const escape = (word: string): string => word.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&");

const wordStart = (text: string, near: number): number => {
  const space = text.indexOf(" ", near);
  return space === -1 || space > near + BEFORE ? near : space + 1;
};
