/**
 * From an envelope to what it says: unwrap, join fragments, open the MLS message, decode the payload. Everything here
 * was written by somebody else; what is not sound is `refused`, never thrown.
 */
import { equalBytes } from "@xchat/codec";
import { collectFragment, isLeftBehind, openEnvelope, type Hex, type Member, type PayloadItem } from "@xchat/protocol";
import type { Epoch } from "./epochs.ts";
import { epochByWrapKey } from "./forks.ts";
import type { Step } from "./step.ts";

export type OpenedMessage =
  | {
      readonly kind: "items";
      readonly sender: Member;
      readonly items: readonly PayloadItem[];
      readonly wrapKey: Uint8Array;
    }
  /** To be weighed against the epoch whose key opened it. */
  | { readonly kind: "commit"; readonly epoch: Hex; readonly envelopes: readonly Uint8Array[] }
  /** To those who stand in this epoch (spec/rejoin.md, RJ15). */
  | { readonly kind: "left-behind"; readonly epoch: Hex; readonly word: Uint8Array }
  /** Cannot be dealt with yet: it must come again. */
  | { readonly kind: "later" }
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly reason: string };

export async function openMessage(step: Step, epochs: readonly Epoch[], envelope: Uint8Array): Promise<OpenedMessage> {
  const { provider } = step.core;
  const foreseen = step.foresight.message(envelope);
  for (const { wrapKey } of epochs) {
    const isForeseen = foreseen !== null && equalBytes(foreseen.wrapKey, wrapKey);
    const opened = isForeseen ? foreseen.frame : await openEnvelope(provider, wrapKey, envelope);
    if (!opened.ok) continue;
    if (opened.value.kind === "whole") return openGroupMessage(step, wrapKey, opened.value.payload, [envelope]);
    const collected = collectFragment(provider, step.state.reassembly, opened.value, envelope);
    step.set({ reassembly: collected.state });
    // Fragments are not marked as dealt with before the whole is: a crash must not lose the first of them.
    if (collected.payload === null) return { kind: "later" };
    return openGroupMessage(step, wrapKey, collected.payload, collected.envelopes);
  }
  return { kind: "refused", reason: "not-for-us" };
}

async function openGroupMessage(
  step: Step,
  wrapKey: Uint8Array,
  message: Uint8Array,
  envelopes: readonly Uint8Array[],
): Promise<OpenedMessage> {
  const { cipher } = step.core;
  const { fork, group } = step.state;
  if (cipher.messageKind(message) === "commit") {
    const epoch = epochByWrapKey(fork, wrapKey);
    // Of an epoch that is final: nobody weighs it any more.
    return epoch === null ? { kind: "nothing" } : { kind: "commit", epoch, envelopes };
  }
  if (isLeftBehind(message)) {
    const epoch = epochByWrapKey(fork, wrapKey);
    return epoch === null ? { kind: "nothing" } : { kind: "left-behind", epoch, word: message };
  }
  // On a branch that this device does not follow (yet).
  if (!step.state.epochs.some((entered) => equalBytes(entered.wrapKey, wrapKey))) return { kind: "later" };
  const foreseen = step.foresight.message(envelopes[0] as Uint8Array)?.message ?? null;
  const opened = foreseen?.before === group ? foreseen.opened : await cipher.open(group, message);
  if (!opened.ok) {
    const { reason } = opened.error;
    if (reason === "epoch-ahead") return { kind: "later" };
    // GE17: to go on here would use keys twice.
    if (reason === "sent-by-copy") step.isCopied = true;
    return reason === "own-message" || reason === "already-opened" ? { kind: "nothing" } : { kind: "refused", reason };
  }
  if (opened.value.kind === "commit") return { kind: "refused", reason: "unsupported" };
  step.set({ group: opened.value.group });
  const items = step.foresight.payload(opened.value.plaintext);
  return items.ok
    ? { kind: "items", sender: opened.value.sender, items: items.value, wrapKey }
    : { kind: "refused", reason: items.error.reason };
}
