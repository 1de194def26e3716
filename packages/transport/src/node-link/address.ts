/** What a person types becomes the address of a node's socket. */

/** `null` for what is no address. `example.org` is `wss://example.org/x`; plain `ws:` is taken where it is written. */
export function normalizeNodeAddress(text: string): string | null {
  const trimmed = text.trim();
  const withScheme = /^[a-z]+:\/\//iu.test(trimmed)
    ? trimmed.replace(/^http/iu, "ws")
    : `${defaultScheme(trimmed)}://${trimmed}`;
  if (!URL.canParse(withScheme)) return null;
  const url = new URL(withScheme);
  if ((url.protocol !== "wss:" && url.protocol !== "ws:") || url.username !== "" || url.password !== "") return null;
  if (url.pathname === "/" || url.pathname === "") url.pathname = "/x";
  url.search = "";
  url.hash = "";
  return url.href;
}

/** This machine has no certificate for its own name. */
const defaultScheme = (host: string): string =>
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/u.test(host) ? "ws" : "wss";

export const isLoopbackAddress = (address: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(hostOfAddress(address));

export const hostOfAddress = (address: string): string => new URL(address).hostname;
