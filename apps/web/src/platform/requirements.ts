/** What the app cannot do without. Where something is missing, the person gets an explanation and not a broken page. */
export type Missing = "secure-context" | "storage" | "locks" | "crypto" | "workers";

interface Surroundings {
  readonly isSecureContext?: boolean;
  readonly crypto?: { readonly subtle?: unknown };
  readonly navigator?: { readonly storage?: { readonly getDirectory?: unknown }; readonly locks?: unknown };
  readonly Worker?: unknown;
  readonly BroadcastChannel?: unknown;
  readonly WebAssembly?: unknown;
}

export function missingRequirements(surroundings: Surroundings): readonly Missing[] {
  // Without a secure context all of the others are absent too, and naming them would hide the reason.
  if (surroundings.isSecureContext !== true) return ["secure-context"];
  const missing: Missing[] = [];
  if (surroundings.crypto?.subtle === undefined) missing.push("crypto");
  if (surroundings.navigator?.storage?.getDirectory === undefined) missing.push("storage");
  if (surroundings.navigator?.locks === undefined) missing.push("locks");
  if (
    surroundings.Worker === undefined ||
    surroundings.BroadcastChannel === undefined ||
    surroundings.WebAssembly === undefined
  )
    missing.push("workers");
  return missing;
}
