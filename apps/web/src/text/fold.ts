/** As people compare names: without regard to capitals and accents. */
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether one of the texts contains what is wanted; anything does where nothing is. */
export function isLike(wanted: string, ...texts: readonly string[]): boolean {
  const folded = fold(wanted.trim());
  return texts.some((text) => fold(text).includes(folded));
}
