/** What the test can ask of the worker. */
export type Order =
  | { readonly kind: "contract" }
  | { readonly kind: "state"; readonly name: string }
  /** Opens the store, or makes it, and keeps it open. */
  | { readonly kind: "open"; readonly name: string }
  | { readonly kind: "close" }
  /** Writes until the end of the worker; each acknowledgement is posted to `/acknowledged/…`. */
  | { readonly kind: "write"; readonly name: string; readonly seed: number; readonly skip: number }
  | { readonly kind: "prefix"; readonly name: string; readonly seed: number; readonly acknowledged: number }
  /** Writes documents until one is refused, and leaves the store open. */
  | { readonly kind: "fill"; readonly name: string }
  | { readonly kind: "refill"; readonly name: string; readonly written: number }
  | { readonly kind: "measure"; readonly name: string; readonly events: number };
