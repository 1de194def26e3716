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

function withoutTrailing(candidate: string): string {
  let link = candidate;
  for (let last = link.at(-1); last !== undefined && TRAILING.has(last); last = link.at(-1)) {
    const opening = OPENING[last];
    if (opening !== undefined && count(link, opening) >= count(link, last)) break;
    link = link.slice(0, -1);
  }
  return link;
}

const count = (text: string, character: string): number => text.split(character).length - 1;

function toLink(shown: string): Segment | null {
  if (DECEPTIVE.test(shown) || !URL.canParse(shown)) return null;
  const url = new URL(shown);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  const isPlain = url.username === "" && url.password === "" && shown.toLowerCase().includes(`//${url.host}`);
  return { kind: "link", text: shown, href: url.href, realHost: isPlain ? null : url.host };
}
