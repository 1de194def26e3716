/**
 * The mailboxes and keys of a conversation's epochs. Each epoch has one mailbox at each home node; those of past
 * epochs are read until everything in them has expired.
 */
import { bytes, bytesToHex, decode, encode, equalBytes, expectOk, struct } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import {
  decodeGroupState,
  epochKeys,
  nodeHintCodec,
  readLeaves,
  type Group,
  type GroupCipher,
  type NodeHint,
} from "@xchat/protocol";
import type { ReaderTarget } from "../delivery/readers.ts";
import type { MailboxKey, MailboxRecord } from "../ports.ts";
import type { Side } from "./roster.ts";

/** Longest time that a node keeps an envelope, and a day for clocks that differ. */
export const MAILBOX_LIFETIME = 15 * 86_400_000;

export interface EpochNode {
  readonly hint: NodeHint;
  readonly mailbox: MailboxKey;
}

export interface Epoch {
  readonly epoch: number;
  readonly wrapKey: Uint8Array;
  readonly nodes: readonly EpochNode[];
  readonly createdAt: number;
  /** 0 while it is the present one. */
  readonly retireAt: number;
}

const secretsCodec = struct({
  hint: nodeHintCodec,
  seed: bytes({ length: 32 }),
  publicKey: bytes({ length: 32 }),
  wrapKey: bytes({ length: 32 }),
});

/** @throws Error (broken-invariant) when state or leaves cannot be read: they were judged before they were applied. */
export function sideOf(cipher: GroupCipher, group: Group): Side {
  const leaves = readLeaves(cipher.members(group));
  if (leaves === null) throw Object.assign(new Error("leaves"), { name: "InvariantError", code: "broken-invariant" });
  return { state: expectOk(decodeGroupState(cipher.policy(group)), "state"), leaves };
}

export async function deriveEpoch(
  cipher: GroupCipher,
  provider: CryptoProvider,
  group: Group,
  { state }: Side,
  now: number,
): Promise<Epoch> {
  const exportSecret = (label: string, context: Uint8Array, length: number): Promise<Uint8Array> =>
    cipher.exportSecret(group, label, context, length);
  const nodes: EpochNode[] = [];
  let wrapKey = new Uint8Array(0) as Uint8Array;
  for (const hint of state.homeNodes) {
    const keys = await epochKeys(exportSecret, provider, hint.keyHash);
    wrapKey = keys.wrapKey;
    nodes.push({ hint, mailbox: keys.mailbox });
  }
  return { epoch: group.epoch, wrapKey, nodes, createdAt: now, retireAt: 0 };
}

export const epochToRecords = (conversationId: string, epoch: Epoch): readonly MailboxRecord[] =>
  epoch.nodes.map(({ hint, mailbox }) => ({
    id: bytesToHex(mailbox.publicKey),
    conversationId,
    invitationId: "",
    epoch: epoch.epoch,
    secrets: encode(secretsCodec, { hint, seed: mailbox.seed, publicKey: mailbox.publicKey, wrapKey: epoch.wrapKey }),
    createdAt: epoch.createdAt,
    retireAt: epoch.retireAt,
  }));

/** Ascending by epoch; the present one last, though a branch that was left may have gone further. */
export function epochsOfRecords(records: readonly MailboxRecord[]): readonly Epoch[] {
  const epochs = new Map<string, Epoch>();
  for (const { epoch, secrets, createdAt, retireAt } of records) {
    const { hint, seed, publicKey, wrapKey } = expectOk(decode(secretsCodec, secrets), "mailbox");
    // Two branches have epochs of one number, and never one key.
    const id = bytesToHex(wrapKey);
    const nodes = [...(epochs.get(id)?.nodes ?? []), { hint, mailbox: { seed, publicKey } }];
    epochs.set(id, { epoch, wrapKey, nodes, createdAt, retireAt });
  }
  return [...epochs.values()].toSorted((a, b) => whenPresent(a) - whenPresent(b) || a.epoch - b.epoch);
}

const whenPresent = ({ retireAt }: Epoch): number => (retireAt === 0 ? 1 : 0);

/** The newest first: a node reads them in this order, and what comes behind a commit is waited for. */
export function readerTargets(epochs: readonly Pick<Epoch, "nodes">[]): readonly ReaderTarget[] {
  const targets: { hint: NodeHint; mailboxes: MailboxKey[] }[] = [];
  for (const { hint, mailbox } of epochs.toReversed().flatMap(({ nodes }) => nodes)) {
    const known = targets.find((target) => equalBytes(target.hint.keyHash, hint.keyHash));
    if (known === undefined) targets.push({ hint, mailboxes: [mailbox] });
    else known.mailboxes.push(mailbox);
  }
  return targets;
}

export const epochOfMailbox = (epochs: readonly Epoch[], mailbox: Uint8Array): Epoch | undefined =>
  epochs.find(({ nodes }) => nodes.some((node) => equalBytes(node.mailbox.publicKey, mailbox)));
