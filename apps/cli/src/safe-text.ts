/**
 * Text of other people for a terminal: control characters would move the cursor or change what was printed before,
 * direction characters would turn the line around.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Control characters become their picture or code; line breaks are kept, the text cannot reach beyond its own. */
export const safeText = (text: string): string =>
  `${text.replaceAll("\r\n", "\n").replace(CONTROL, (found) => {
    const code = found.codePointAt(0) as number;
    return code < 0x20
      ? String.fromCodePoint(0x2400 + code)
      : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  })}`;

/** On one line. */
export const safeLine = (text: string): string => safeText(text).replaceAll("\n", " ⏎ ");
