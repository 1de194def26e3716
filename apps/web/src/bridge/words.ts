import type { IntentErrorCode } from "@xchat/client/api";

/** What page and worker say to each other beside the client's interface. */
export interface WorkerStart {
  readonly kind: "start";
  /** Carries the client's interface. */
  readonly api: MessagePort;
  /** Carries peer connections, which only a page can have. */
  readonly peers: MessagePort;
  readonly origin: string;
  readonly deviceName: string;
  /** Of the page: what it is shown at its next opening is for the same build. */
  readonly build: string;
  /** The app comes from what an earlier visit stored. */
  readonly isKept: boolean;
}

export type PageWord =
  | WorkerStart
  /** The store's engine, which the page has compiled while the worker started; null where it could not. */
  | { readonly kind: "engine"; readonly module: WebAssembly.Module | null }
  /** The store is to be let go of. */
  | { readonly kind: "end" };

export type WorkerWord =
  | { readonly kind: "ready" }
  /** The store has been let go of. */
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string };

/** Between tabs, over one broadcast channel. */
export type TabWord =
  /** Who leads: said by a new leader, and in answer to a hello. */
  | { readonly kind: "leader"; readonly leader: string }
  /** The leader is closing: calls wait for the next one. */
  | { readonly kind: "leaving"; readonly leader: string }
  /** A tab looks for the leader. */
  | { readonly kind: "hello"; readonly tab: string; readonly build: string }
  | { readonly kind: "to-leader"; readonly tab: string; readonly leader: string; readonly message: unknown }
  | { readonly kind: "to-tab"; readonly tab: string; readonly leader: string; readonly message: unknown }
  /** The leader could not open the client, and neither could another tab. */
  | { readonly kind: "failed"; readonly code: IntentErrorCode }
  | { readonly kind: "gone"; readonly tab: string };
