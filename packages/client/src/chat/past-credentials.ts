/**
 * Credentials of leaves that have gone: with them, a device that comes later can verify for itself whose events they wrote
 * (spec/devices.md, DV18). Those of present leaves are in the group.
 */
import { bytesToHex } from "@xchat/codec";
import type { Group, Hex } from "@xchat/protocol";
import type { PartRecord } from "../ports.ts";
import type { Side } from "./roster.ts";
import type { Step } from "./step.ts";

export const PAST_CREDENTIAL = "past-credential";

/** Of the leaves that were in `before` and are not in `after`. */
export function keepCredentials(step: Step, before: Group, { leaves }: Side): void {
  const present = new Set(leaves.map(({ leafKey }) => leafKey));
  for (const { signatureKey, credential } of step.core.cipher.members(before)) {
    const leafKey = bytesToHex(signatureKey);
    if (!present.has(leafKey)) keepCredential(step, leafKey, credential);
  }
}

/** It has been verified. */
export function keepCredential(step: Step, leafKey: Hex, credential: Uint8Array): void {
  const record: PartRecord = {
    id: `${step.id}/${PAST_CREDENTIAL}/${leafKey}`,
    conversationId: step.id,
    kind: PAST_CREDENTIAL,
    value: credential,
    createdAt: step.core.clock.now(),
  };
  step.changes.push({ put: "part", record });
}
