/**
 * A node's signed word that it has stored something (spec/mailbox.md, section 6).
 *
 * MB11 One signature covers all that one write to the disk made durable: the root of an RFC 6962 tree whose leaves are
 *     statements. It is made after the disk has answered, never before.
 * MB14 A statement names node, mailbox, hash, kind, hour of arrival and hour of expiry. Storing the same thing again gives
 *      the same statement.
 * MB12 Signature: Ed25519 over "xchat receipt v1" ‖ 0x00 ‖ node id ‖ tree size (4) ‖ root, with the identity key.
 */
import {
  bytes,
  concatBytes,
  decode,
  encode,
  equalBytes,
  err,
  list,
  literal,
  ok,
  struct,
  uint,
  utf8ToBytes,
  word,
  type CodecType,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import { merkleTree, rootOfPath } from "./merkle.ts";

/** Leaves under one signature: 2^12, so that every receipt fits the smallest class of answers. */
export const MAX_RECEIPT_LEAVES = 4_096;
export const MAX_RECEIPT_BYTES = 960;
const LABEL = utf8ToBytes("xchat receipt v1\0");

const statementCodec = struct({
  version: literal(1, "unsupported-version"),
  nodeId: bytes({ length: 32 }),
  /** Mailbox or contact inbox. */
  mailbox: bytes({ length: 32 }),
  /** Of the envelope; of a commit: SHA-256 of the hashes of its envelopes, one behind the other. */
  hash: bytes({ length: 32 }),
  kind: word("envelope", "commit", "inbox"),
  hour: uint(0xffff_ffff),
  expiresHour: uint(0xffff_ffff),
});
export type Statement = Omit<CodecType<typeof statementCodec>, "version">;

const receiptCodec = struct({
  statement: bytes({ max: 160 }),
  index: uint(MAX_RECEIPT_LEAVES - 1),
  size: uint(MAX_RECEIPT_LEAVES),
  path: list(bytes({ length: 32 }), { max: 12 }),
  signature: bytes({ length: 64 }),
});

export const encodeStatement = (statement: Statement): Uint8Array =>
  encode(statementCodec, { version: 1 as const, ...statement });

/** One receipt for each statement, in their order, under one signature. 1 … 4,096 statements. */
export async function signReceipts(
  provider: CryptoProvider,
  identity: KeyPair,
  nodeId: Uint8Array,
  statements: readonly Statement[],
): Promise<readonly Uint8Array[]> {
  const leaves = statements.map(encodeStatement);
  const tree = merkleTree(provider.sha256, leaves);
  const signature = await provider.ed25519Sign(identity.secretKey, signedRoot(nodeId, tree.size, tree.root));
  return leaves.map((statement, index) =>
    encode(receiptCodec, { statement, index, size: tree.size, path: tree.path(index), signature }),
  );
}

export interface ReceiptRefusal {
  readonly reason: "malformed" | "path-invalid" | "signature-invalid";
}

/**
 * Verifies a receipt on its own: anybody who knows the node's identity key can. Whether it speaks of the right thing is
 * for the caller (`isStatementFor`).
 *
 * @param knownRoots signatures verified before, so that the receipts of one batch cost one verification. Bounded by the caller.
 */
export async function openReceipt(
  provider: CryptoProvider,
  identityKey: Uint8Array,
  receipt: Uint8Array,
  knownRoots?: Set<string>,
): Promise<Result<Statement, ReceiptRefusal>> {
  const decoded = decode(receiptCodec, receipt);
  if (!decoded.ok) return err({ reason: "malformed" });
  const statement = decode(statementCodec, decoded.value.statement);
  if (!statement.ok) return err({ reason: "malformed" });
  const root = rootOfPath(provider.sha256, { data: decoded.value.statement, ...decoded.value });
  if (root === null) return err({ reason: "path-invalid" });
  const { version: _, ...said } = statement.value;
  const signed = signedRoot(said.nodeId, decoded.value.size, root);
  if (!equalBytes(said.nodeId, provider.sha256(identityKey))) return err({ reason: "signature-invalid" });
  const known = knownRoots === undefined ? "" : String.fromCharCode(...signed, ...decoded.value.signature);
  if (knownRoots?.has(known) === true) return ok(said);
  if (!(await provider.ed25519Verify(identityKey, signed, decoded.value.signature))) {
    return err({ reason: "signature-invalid" });
  }
  knownRoots?.add(known);
  return ok(said);
}

/** What a receipt says, for who has verified it already, as a client does with everything that a node answers. */
export function statementOf(receipt: Uint8Array): Result<Statement, ReceiptRefusal> {
  const decoded = decode(receiptCodec, receipt);
  const statement = decoded.ok ? decode(statementCodec, decoded.value.statement) : decoded;
  if (!statement.ok) return err({ reason: "malformed" });
  const { version: _, ...said } = statement.value;
  return ok(said);
}

export const isStatementFor = (statement: Statement, wanted: Pick<Statement, "mailbox" | "hash" | "kind">): boolean =>
  statement.kind === wanted.kind &&
  equalBytes(statement.mailbox, wanted.mailbox) &&
  equalBytes(statement.hash, wanted.hash);

function signedRoot(nodeId: Uint8Array, size: number, root: Uint8Array): Uint8Array {
  const sizeBytes = new Uint8Array(4);
  new DataView(sizeBytes.buffer).setUint32(0, size);
  return concatBytes(LABEL, nodeId, sizeBytes, root);
}
