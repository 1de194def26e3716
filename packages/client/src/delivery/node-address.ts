import { IntentError } from "../api.ts";

/**
 * What a person types for a node: an app's address, a host, or the socket's address itself.
 *
 * @throws IntentError
 */
export function nodeAddress(typed: string): string {
  const text = typed.trim();
  const withScheme = /^[a-z]+:\/\//iu.test(text)
    ? text
    : `${/^(localhost|127\.|\[::1\])/u.test(text) ? "http" : "https"}://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (url === null || !["http:", "https:", "ws:", "wss:"].includes(url.protocol) || url.username !== "") {
    throw new IntentError("node-address-malformed");
  }
  const scheme = url.protocol === "http:" || url.protocol === "ws:" ? "ws" : "wss";
  return `${scheme}://${url.host}${url.pathname === "/" ? "/x" : url.pathname}`;
}
