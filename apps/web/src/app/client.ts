/** The client as the page holds it: its interface, and how the connection to it stands. */
import type { ClientApi, IntentErrorCode } from "@xchat/client/api";

export type ClientStatus =
  | { readonly kind: "starting" }
  | { readonly kind: "ready" }
  /** A tab with a newer version of the app took over. */
  | { readonly kind: "yielded" }
  | { readonly kind: "failed"; readonly code: IntentErrorCode };

export interface PageClient {
  readonly api: ClientApi;
  readonly status: () => ClientStatus;
  readonly onStatus: (listener: () => void) => () => void;
  /** Called after another tab's client, or the first one, took over: changes in between may have been missed. */
  readonly onResume: (listener: () => void) => () => void;
}
