/**
 * Text of other people on a terminal. Control characters would move the cursor, change what was printed before or speak
 * to the terminal itself; direction characters would turn the rest of the line around.
 *
 * T1 No C0 or C1 control but line feed and tab gets through, and no line or paragraph separator.
 * T2 Embeddings, overrides and isolates of the text itself are shown by their code; the whole is isolated, so that
 *    right-to-left text reads well and cannot reorder what stands beside it.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/gu;
/** The same and the rest of C0, in JSON text: there they stand inside of strings only. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE_IN_JSON = /[\u007f-\u009f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/gu;

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";
const CONTROL_PICTURES = 0x2400;
// oxlint-disable-next-line no-control-regex -- see above
const ASCII = /^[\u0000-\u007f]*$/u;

const hex = (character: string): string =>
  (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");

/** Line breaks are kept; what cannot be shown is shown as a picture or code. */
export function safeText(text: string): string {
  const shown = text.replaceAll("\r\n", "\n").replace(UNSAFE, (found) => {
    const code = found.codePointAt(0) as number;
    return code < 0x20 ? String.fromCodePoint(CONTROL_PICTURES + code) : `<U+${hex(found)}>`;
  });
  return shown.split("\n").map(isolate).join("\n");
}

/** On one line. */
export const safeLine = (text: string): string => safeText(text.replace(/\r\n|\n/gu, " ⏎ "));

/** Cuts after so many characters as a person counts them. */
export function cut(text: string, length: number): string {
  const characters = [...new Intl.Segmenter().segment(text.slice(0, 16 * length))].map(({ segment }) => segment);
  return characters.length <= length && text.length <= 16 * length
    ? text
    : `${characters.slice(0, length - 1).join("")}…`;
}

/** JSON on one line that a terminal shows as it is: the escapes are JSON's own. */
export const safeJson = (value: unknown): string => safeJsonText(JSON.stringify(value));

/** The same value, for JSON that is text already. */
export const safeJsonText = (json: string): string =>
  json.replace(UNSAFE_IN_JSON, (found) => `\\u${hex(found).toLowerCase()}`);

const isolate = (text: string): string => (ASCII.test(text) ? text : `${FIRST_STRONG_ISOLATE}${text}${POP_ISOLATE}`);
