/** Who can do what with an invitation that is handed out. */

/**
 * - `link`: the link opens for everyone.
 * - `code`: the invitation can be answered from elsewhere, but the link leads to an app that only this machine has.
 * - `here`: the invitation names nodes that only this machine reaches, so nobody elsewhere can answer it at all.
 */
export type Reach = "link" | "code" | "here";

export function reachOf(link: string, hasLocalNodesOnly: boolean): Reach {
  if (hasLocalNodesOnly) return "here";
  return URL.canParse(link) && LOCAL.test(new URL(link).hostname) ? "code" : "link";
}

const LOCAL = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/u;
