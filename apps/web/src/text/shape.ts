/** How a message's text wants to be shown. */

const MAX_SHORT_LENGTH = 900;
const MAX_SHORT_LINES = 16;
const MAX_LARGE_EMOJI = 5;

/** Long enough to be folded in the flow of a chat. */
export const isLong = (text: string): boolean =>
  text.length > MAX_SHORT_LENGTH || text.split("\n", MAX_SHORT_LINES + 1).length > MAX_SHORT_LINES;

/** What follows takes tens of milliseconds to make, and most texts and names need neither. */
let emoji: RegExp | undefined;
let graphemes: Intl.Segmenter | undefined;

/** The v flag knows whole sequences; a browser without it gets the single characters. */
function emojiPattern(): RegExp {
  try {
    return new RegExp("^\\p{RGI_Emoji}$", "v");
  } catch {
    return /^\p{Extended_Pictographic}/u;
  }
}

function segmentsOf(text: string): Intl.Segments {
  graphemes ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return graphemes.segment(text);
}

/** One to five emoji and nothing else but white space. */
export function isEmojiOnly(text: string): boolean {
  // No emoji holds a letter.
  if (text.length > MAX_LARGE_EMOJI * 40 || /\p{L}/u.test(text)) return false;
  emoji ??= emojiPattern();
  let found = 0;
  for (const { segment } of segmentsOf(text)) {
    if (/^\s+$/u.test(segment)) continue;
    if (!emoji.test(segment) || ++found > MAX_LARGE_EMOJI) return false;
  }
  return found > 0;
}

/** The first letter for an avatar, as one grapheme. */
export function initialOf(name: string): string {
  const trimmed = name.trim();
  if (/^[a-z][ -~]/iu.test(trimmed)) return trimmed.charAt(0).toLocaleUpperCase();
  for (const { segment } of segmentsOf(trimmed)) return segment.toLocaleUpperCase();
  return "?";
}

const encoder = new TextEncoder();
export const byteLength = (text: string): number => encoder.encode(text).length;
