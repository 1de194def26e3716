/**
 * The two texts that a stranger puts before a person: name and greeting (spec/first-contact.md, section 4).
 *
 * FC5 A name has 1 to 256 bytes of UTF-8, shows something, has no white space at its ends, and holds no control,
 *     line-break or direction character, which could make it look like another or like words of the app.
 * FC6 A greeting has at most 1,000 bytes, and no control character but tab and line feed.
 */
import { err, mapped, ok, text, utf8ToBytes, type Codec, type Result } from "@xchat/codec";

export const MAX_NAME_BYTES = 256;
/** What a person may type; graphemes depend on the version of Unicode, so readers judge bytes alone. */
export const MAX_NAME_GRAPHEMES = 64;
export const MAX_GREETING_BYTES = 1_000;

/** Made once: making it reads the tables of Unicode. */
const graphemes = new Intl.Segmenter();
const NOT_IN_NAMES = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;
const ALL_NOT_IN_NAMES = new RegExp(NOT_IN_NAMES, "gu");
const SHOWS_SOMETHING = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}]/u;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_IN_GREETINGS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

const isName = (name: string): boolean =>
  SHOWS_SOMETHING.test(name) && !NOT_IN_NAMES.test(name) && !/^\s|\s$/u.test(name);

/** Makes a name out of what was typed: NFC, white space joined, forbidden characters out. */
export function cleanName(typed: string): Result<string, { readonly reason: "name-empty" | "name-too-long" }> {
  const clean = typed.toWellFormed().normalize("NFC").replaceAll(ALL_NOT_IN_NAMES, " ").replaceAll(/\s+/gu, " ").trim();
  if (!isName(clean)) return err({ reason: "name-empty" });
  const isShort =
    utf8ToBytes(clean).length <= MAX_NAME_BYTES && [...graphemes.segment(clean)].length <= MAX_NAME_GRAPHEMES;
  return isShort ? ok(clean) : err({ reason: "name-too-long" });
}

export const nameCodec: Codec<string> = checked(text(MAX_NAME_BYTES), isName, "bad-name");
export const greetingCodec: Codec<string> = checked(
  text(MAX_GREETING_BYTES),
  (greeting) => !NOT_IN_GREETINGS.test(greeting) && utf8ToBytes(greeting).length <= MAX_GREETING_BYTES,
  "bad-greeting",
);

/** Judges on writing too, so that nobody sends what the other side would refuse. */
function checked(inner: Codec<string>, test: (value: string) => boolean, reason: string): Codec<string> {
  return mapped(
    inner,
    (value: string) => {
      if (!test(value)) throw new RangeError(reason);
      return value;
    },
    (value, fail) => (test(value) ? value : fail(reason)),
  );
}
