/**
 * A contact's chain as it was last seen, against the leaf of somebody who says that they are that contact
 * (spec/identity.md, section 8). A chain proves who may act, and not that it is the latest: without a pin, a phone that
 * was removed could go on for ever with the chain of the day before.
 *
 * ID21 A leaf is judged by the better of the pinned chain and its own: one that extends or overrules the pin becomes the
 *      pin; behind one that is older, overruled or in conflict stands only a device that the pin still allows.
 */
import { equalBytes, err, ok, type Result } from "@xchat/codec";
import type { IdentityDevice } from "./chain.ts";
import { devicesWhileConflicting, extendsChain, listedDevices, type ForkRefusal } from "./fork.ts";

export interface PinVerdict {
  /** What is pinned from now on. */
  readonly chain: Uint8Array;
  /** True: two devices of the contact contradict each other, and the person is told. */
  readonly isConflicting: boolean;
}

export interface PinRefusal {
  readonly reason: "another-account" | "device-removed" | "chain-malformed";
}

/** Both chains have been verified. Reads only; never throws. */
export function judgePinned(
  pinned: Uint8Array,
  leaf: { readonly chain: Uint8Array; readonly deviceKey: Uint8Array },
): Result<PinVerdict, PinRefusal> {
  const extension = extendsChain(pinned, leaf.chain);
  if (extension.ok) return ok({ chain: leaf.chain, isConflicting: false });
  const allowed = devicesAllowed(pinned, leaf.chain, extension.error.reason);
  if (!allowed.ok) {
    return err({ reason: allowed.error.reason === "another-account" ? "another-account" : "chain-malformed" });
  }
  if (!allowed.value.some(({ deviceKey }) => equalBytes(deviceKey, leaf.deviceKey))) {
    return err({ reason: "device-removed" });
  }
  return ok({ chain: pinned, isConflicting: extension.error.reason === "conflicting-chains" });
}

function devicesAllowed(
  pinned: Uint8Array,
  other: Uint8Array,
  reason: ForkRefusal["reason"],
): Result<readonly IdentityDevice[], ForkRefusal> {
  switch (reason) {
    case "chain-rolled-back":
    case "chain-overruled":
      return listedDevices(pinned);
    case "conflicting-chains":
      return devicesWhileConflicting(pinned, other);
    default:
      return err({ reason });
  }
}
