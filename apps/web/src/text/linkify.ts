/**
 * Finds links in a message. What is found is shown as it was typed; what it opens is told apart where the two differ.
 *
 * L1 Only `http:` and `https:` become links, and only where the scheme was written out.
 * L2 A link ends before white space, quotes, angle brackets and closing punctuation that was not opened inside it.
 * L3 Text with invisible or direction-changing characters never becomes a link: it could show another address than the
 *    one it opens (Trojan Source).
 * L4 `realHost` is present where the eye could be deceived: letters of another script in the host, or a name before `@`.
 */
export type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string; readonly realHost: string | null };

const CANDIDATE = /\bhttps?:\/\/[^\s<>"'`´“”«»]+/giu;
const DECEPTIVE = /[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]/u;
const TRAILING = new Set([...".,;:!?…。、！？)]}*_~|"]);
const OPENING: { readonly [closing: string]: string } = { ")": "(", "]": "[", "}": "{" };
/** Longer ones stay text: nobody can judge where they lead. */
const MAX_LINK_LENGTH = 2048;

export function linkify(text: string): readonly Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    if (match[0].length > MAX_LINK_LENGTH) continue;
    const shown = withoutTrailing(match[0]);
    const link = toLink(shown);
    if (link === null) continue;
    if (match.index > end) segments.push({ kind: "text", text: text.slice(end, match.index) });
    segments.push(link);
    end = match.index + shown.length;
  }
  if (end < text.length) segments.push({ kind: "text", text: text.slice(end) });
  return segments;
}

/** Counts once: a message of nothing but brackets must not hold up whoever reads it. */
function withoutTrailing(candidate: string): string {
  const left = new Map<string, number>();
  for (const character of candidate) left.set(character, (left.get(character) ?? 0) + 1);
  const count = (character: string): number => left.get(character) ?? 0;
  let end = candidate.length;
  for (let last = candidate[end - 1]; last !== undefined && TRAILING.has(last); last = candidate[end - 1]) {
    const opening = OPENING[last];
    if (opening !== undefined && count(opening) >= count(last)) break;
    left.set(last, count(last) - 1);
    end--;
  }
  return candidate.slice(0, end);
}

function toLink(shown: string): Segment | null {
  if (DECEPTIVE.test(shown) || !URL.canParse(shown)) return null;
  const url = new URL(shown);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  // At its place: further behind, anybody could write the true host in Latin letters to hide a false one.
  const isShown = shown.toLowerCase().startsWith(`${url.protocol}//${url.host}`);
  const isPlain = url.username === "" && url.password === "" && isShown;
  return { kind: "link", text: shown, href: url.href, realHost: isPlain ? null : url.host };
}
