/**
 * Whether the client can let people into a group by a link. Until it can, links are not shown where the app ships; the
 * review of screens shows them.
 */
export const areGroupLinksReady: boolean = import.meta.env.MODE === "review";
