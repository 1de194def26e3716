/**
 * What begins before anything is drawn: the secret of an invitation leaves the address bar, and the client's worker
 * starts on its way while the page still takes in what it draws with. To be imported first.
 */
import type { PageClient } from "./app/client.ts";
import { connectClient } from "./bridge/connect.ts";
import { takeInvitations } from "./platform/invitation-link.ts";
import { missingRequirements } from "./platform/requirements.ts";

takeInvitations();

/** What this browser lacks. */
export const missing = missingRequirements(globalThis);

/** Null where something is missing. */
export const client: PageClient | null = missing.length === 0 ? connectClient() : null;
