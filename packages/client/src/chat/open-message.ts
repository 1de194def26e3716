/**
 * From an envelope to what it says: unwrap, join fragments, open the MLS message, decode the payload. Everything here
 * was written by somebody else; what is not sound is `refused`, never thrown.
 */
import {
  decodePayload,
  collectFragment,
  openEnvelope,
  type Commit,
  type Member,
  type PayloadItem,
} from "@xchat/protocol";
import { judgeForeign, type JudgedForeign } from "./commits.ts";
import type { Epoch } from "./epochs.ts";
import type { Step } from "./step.ts";

export type OpenedMessage =
  | { readonly kind: "items"; readonly sender: Member; readonly items: readonly PayloadItem[] }
  | { readonly kind: "commit"; readonly commit: Commit; readonly foreign: JudgedForeign }
  /** Cannot be dealt with yet: it must come again. */
  | { readonly kind: "later" }
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly reason: string };

export async function openMessage(step: Step, epochs: readonly Epoch[], envelope: Uint8Array): Promise<OpenedMessage> {
  const { provider } = step.core;
  for (const { wrapKey } of epochs) {
    const opened = await openEnvelope(provider, wrapKey, envelope);
    if (!opened.ok) continue;
    if (opened.value.kind === "whole") return openGroupMessage(step, opened.value.payload);
    const collected = collectFragment(provider, step.state.reassembly, opened.value);
    step.set({ reassembly: collected.state });
    // Fragments are not marked as dealt with before the whole is: a crash must not lose the first of them.
    return collected.payload === null ? { kind: "later" } : openGroupMessage(step, collected.payload);
  }
  return { kind: "refused", reason: "not-for-us" };
}

async function openGroupMessage(step: Step, message: Uint8Array): Promise<OpenedMessage> {
  const opened = await step.core.cipher.open(step.state.group, message);
  if (!opened.ok) {
    const { reason } = opened.error;
    if (reason === "epoch-ahead") return { kind: "later" };
    return reason === "own-message" || reason === "already-opened" ? { kind: "nothing" } : { kind: "refused", reason };
  }
  if (opened.value.kind === "commit") {
    const foreign = judgeForeign(step, opened.value, message);
    return typeof foreign === "string"
      ? { kind: "refused", reason: foreign }
      : { kind: "commit", commit: opened.value, foreign };
  }
  step.set({ group: opened.value.group });
  const items = decodePayload(opened.value.plaintext);
  return items.ok
    ? { kind: "items", sender: opened.value.sender, items: items.value }
    : { kind: "refused", reason: items.error.reason };
}
