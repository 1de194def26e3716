/**
 * Whether the client can make groups already. Until it can, nothing that leads to them is shown where the app ships; the
 * review of screens shows all of it.
 */
export const areGroupsReady: boolean = import.meta.env.MODE === "review";
