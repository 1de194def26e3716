/**
 * An identity as a fold over its signed chain (spec/identity.md, sections 3 and 4).
 *
 * ID4 The first operation is the genesis, and no other; each further one carries its place and the hash of the one
 *     before it.
 * ID5 Devices are added and removed by a listed device; the recovery key is rotated, and devices are recovered, by the
 *     recovery key alone.
 * ID6 A key that has been listed, as device or for recovery, is never listed again. So a stolen one stays out.
 * ID7 There are 1 to 8 devices: the last one is not removed but replaced, by recovery.
 * ID8 A chain has at most 64 operations and 16,384 bytes.
 */
import { bytesToHex, equalBytes, err, ok, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { accountIdOfGenesis, type AccountId } from "./account-id.ts";
import {
  areSignaturesValid,
  chainMalformed,
  decodeOperation,
  decodeOperationBody,
  encodeChain,
  encodeOperation,
  encodeOperationBody,
  HOUR_MS,
  IDENTITY_SUITE,
  IDENTITY_VERSION,
  MAX_BODY_BYTES,
  MAX_DEVICES,
  MAX_OPERATIONS,
  operationMessage,
  signersOf,
  splitChain,
  type Action,
  type ChainMalformed,
  type OperationBody,
} from "./operation.ts";

export interface IdentityDevice {
  /** Ed25519 public key. */
  readonly deviceKey: Uint8Array;
  /** Milliseconds since 1970, whole hours, as the signer claims. */
  readonly addedAt: number;
}

export interface Identity {
  readonly accountId: AccountId;
  /** Oldest first; never empty. */
  readonly devices: readonly IdentityDevice[];
  readonly recoveryKey: Uint8Array;
  /** SHA-256 of the last operation. */
  readonly head: Uint8Array;
  /** Count of operations. */
  readonly length: number;
}

export type ChainReason =
  | ChainMalformed["reason"]
  | "genesis-missing"
  | "genesis-repeated"
  | "sequence-wrong"
  | "previous-wrong"
  | "signature-invalid"
  | "signer-not-listed"
  | "device-not-listed"
  | "key-used-before"
  | "last-device"
  | "too-many-devices";

/** `operation`: index of the one that was refused. */
export interface ChainRefusal {
  readonly reason: ChainReason;
  readonly operation: number;
}

/** State of the fold: the identity and every key that it ever listed, as hex. */
interface Fold {
  readonly identity: Identity;
  readonly usedKeys: ReadonlySet<string>;
}

/**
 * A new identity: recovery key and first device. Both seeds are 32 bytes, belong to the caller, and come from branches
 * of their own; `now` is rounded down to the hour. Device names are metadata and stay out of the chain.
 */
export async function createIdentity(
  provider: CryptoProvider,
  input: {
    readonly recoverySeed: Uint8Array;
    readonly deviceSeed: Uint8Array;
    readonly deviceName?: string;
    readonly now: number;
  },
): Promise<{ readonly chain: Uint8Array; readonly accountId: AccountId }> {
  const recovery = await provider.ed25519KeyPair(input.recoverySeed);
  const device = await provider.ed25519KeyPair(input.deviceSeed);
  if (equalBytes(recovery.publicKey, device.publicKey)) throw new RangeError("recovery and device need two seeds");
  const action: Action = { kind: "genesis", recoveryKey: recovery.publicKey, deviceKey: device.publicKey };
  const body = encodeOperationBody(operationBody(action, 0, null, input.now));
  const signatures = [
    await signOperation(provider, body, input.recoverySeed),
    await signOperation(provider, body, input.deviceSeed),
  ];
  const genesis = encodeOperation({ body, signatures });
  return { chain: encodeChain([genesis]), accountId: accountIdOfGenesis(provider, genesis) };
}

/** Reads and judges a whole chain: every signature, from the genesis on. Never throws. */
export async function verifyChain(
  provider: CryptoProvider,
  chainBytes: Uint8Array,
): Promise<Result<Identity, ChainRefusal>> {
  const split = splitChain(chainBytes);
  if (!split.ok) return err({ reason: split.error.reason, operation: 0 });
  let fold: Fold | null = null;
  for (const [index, encoded] of split.value.entries()) {
    const next: Result<Fold, { readonly reason: ChainReason }> = await applyOperation(provider, fold, index, encoded);
    if (!next.ok) return err({ reason: next.error.reason, operation: index });
    fold = next.value;
  }
  // A chain holds at least one operation, so that the fold has begun.
  return ok((fold as Fold).identity);
}

/**
 * The body of the next operation of a verified chain, to be signed by everyone whom ID3 and ID5 ask for: on one device
 * or, when a device is added, on two. An action that the chain does not allow is refused by `appendOperation`.
 */
export const draftOperation = (identity: Identity, action: Action, now: number): Uint8Array =>
  encodeOperationBody(operationBody(action, Math.min(identity.length, MAX_OPERATIONS - 1), identity.head, now));

/** One signature for an operation. Whoever signs a body that came from elsewhere looks at `readOperation` first. */
export const signOperation = async (
  provider: CryptoProvider,
  body: Uint8Array,
  seed: Uint8Array,
): Promise<Uint8Array> => provider.ed25519Sign(seed, operationMessage(body));

/** What a drafted operation would do, for the device that is asked to sign it. */
export function readOperation(body: Uint8Array): Result<OperationBody, ChainMalformed> {
  const decoded = decodeOperationBody(body);
  return decoded.ok ? decoded : err(chainMalformed(decoded.error.reason));
}

/** The chain with one operation more, judged as a peer will judge it. Signatures in the order of ID3: right, then possession. */
export async function appendOperation(
  provider: CryptoProvider,
  chainBytes: Uint8Array,
  body: Uint8Array,
  signatures: readonly Uint8Array[],
): Promise<Result<Uint8Array, ChainRefusal>> {
  const split = splitChain(chainBytes);
  if (!split.ok) return err({ reason: split.error.reason, operation: 0 });
  if (split.value.length === MAX_OPERATIONS) return err({ reason: "chain-too-long", operation: MAX_OPERATIONS });
  const isShaped =
    body.length <= MAX_BODY_BYTES && signatures.length <= 2 && signatures.every((one) => one.length === 64);
  if (!isShaped) return err({ reason: "chain-malformed", operation: split.value.length });
  const longer = encodeChain([...split.value, encodeOperation({ body, signatures })]);
  const verified = await verifyChain(provider, longer);
  return verified.ok ? ok(longer) : verified;
}

/** `draftOperation`, `signOperation` by each seed, `appendOperation`: where one device holds all the seeds. */
export async function extendIdentity(
  provider: CryptoProvider,
  chainBytes: Uint8Array,
  input: { readonly action: Action; readonly seeds: readonly Uint8Array[]; readonly now: number },
): Promise<Result<Uint8Array, ChainRefusal>> {
  const identity = await verifyChain(provider, chainBytes);
  if (!identity.ok) return identity;
  const body = draftOperation(identity.value, input.action, input.now);
  const signatures: Uint8Array[] = [];
  for (const seed of input.seeds) signatures.push(await signOperation(provider, body, seed));
  return appendOperation(provider, chainBytes, body, signatures);
}

export const isListedDevice = (identity: Identity, deviceKey: Uint8Array): boolean =>
  hasDevice(identity.devices, deviceKey);

/** Hex of the device that signed the last operation; null for the recovery key. Of a chain that has been verified. */
export function lastSigner(chain: Uint8Array): string | null {
  const operations = splitChain(chain);
  const last = operations.ok ? decodeOperation(operations.value.at(-1) as Uint8Array) : operations;
  const body = last.ok ? decodeOperationBody(last.value.body) : last;
  if (!body.ok) return null;
  const { action } = body.value;
  if (action.kind === "genesis") return bytesToHex(action.deviceKey);
  return "by" in action ? bytesToHex(action.by) : null;
}

// ---- the fold

const operationBody = (action: Action, sequence: number, previous: Uint8Array | null, now: number): OperationBody => ({
  version: IDENTITY_VERSION,
  suite: IDENTITY_SUITE,
  sequence,
  previous,
  hour: Math.max(0, Math.floor(now / HOUR_MS)),
  action,
});

async function applyOperation(
  provider: CryptoProvider,
  fold: Fold | null,
  index: number,
  encoded: Uint8Array,
): Promise<Result<Fold, { readonly reason: ChainReason }>> {
  const operation = decodeOperation(encoded);
  if (!operation.ok) return err(chainMalformed(operation.error.reason));
  const decoded = decodeOperationBody(operation.value.body);
  if (!decoded.ok) return err(chainMalformed(decoded.error.reason));
  const body = decoded.value;

  const misplaced = placeRefusal(fold?.identity ?? null, index, body) ?? rightRefusal(fold, body.action);
  if (misplaced !== null) return err({ reason: misplaced });
  const signers = signersOf(body.action, fold?.identity.recoveryKey ?? new Uint8Array(0));
  if (!(await areSignaturesValid(provider, operation.value, signers))) return err({ reason: "signature-invalid" });

  const head = provider.sha256(encoded);
  const accountId = fold?.identity.accountId ?? accountIdOfGenesis(provider, encoded);
  return ok(foldAction(fold, body, { accountId, head, length: index + 1 }));
}

/** ID4. */
function placeRefusal(identity: Identity | null, index: number, body: OperationBody): ChainReason | null {
  if (body.sequence !== index) return "sequence-wrong";
  if (identity === null) {
    if (body.action.kind !== "genesis") return "genesis-missing";
    return body.previous === null ? null : "previous-wrong";
  }
  if (body.action.kind === "genesis") return "genesis-repeated";
  return body.previous !== null && equalBytes(body.previous, identity.head) ? null : "previous-wrong";
}

/** ID5 to ID7; that the signer named is the signer in fact is seen to by the signatures. */
function rightRefusal(fold: Fold | null, action: Action): ChainReason | null {
  const brought = keysBroughtIn(action);
  if (new Set(brought).size !== brought.length) return "key-used-before";
  if (fold === null) return null;
  const { devices } = fold.identity;
  if (brought.some((key) => fold.usedKeys.has(key))) return "key-used-before";
  switch (action.kind) {
    case "add-device":
      if (!hasDevice(devices, action.by)) return "signer-not-listed";
      return devices.length === MAX_DEVICES ? "too-many-devices" : null;
    case "remove-device":
      if (!hasDevice(devices, action.by)) return "signer-not-listed";
      if (!hasDevice(devices, action.deviceKey)) return "device-not-listed";
      return devices.length === 1 ? "last-device" : null;
    case "recover":
      return areKeptListed(devices, action.keptDevices) ? null : "device-not-listed";
    default:
      return null;
  }
}

/** Each kept device is listed, and none is named twice. */
function areKeptListed(devices: readonly IdentityDevice[], kept: readonly Uint8Array[]): boolean {
  return new Set(kept.map(bytesToHex)).size === kept.length && kept.every((key) => hasDevice(devices, key));
}

function keysBroughtIn(action: Action): readonly string[] {
  switch (action.kind) {
    case "genesis":
      return [bytesToHex(action.recoveryKey), bytesToHex(action.deviceKey)];
    case "add-device":
    case "recover":
      return [bytesToHex(action.deviceKey)];
    case "rotate":
      return [bytesToHex(action.recoveryKey)];
    case "remove-device":
      return [];
  }
}

function foldAction(
  fold: Fold | null,
  body: OperationBody,
  place: Pick<Identity, "accountId" | "head" | "length">,
): Fold {
  const { action } = body;
  const before = fold?.identity;
  const recoveryKey =
    action.kind === "genesis" || action.kind === "rotate" ? action.recoveryKey : (before as Identity).recoveryKey;
  const devices = devicesAfter(before?.devices ?? [], action, body.hour * HOUR_MS);
  return {
    identity: { ...place, recoveryKey, devices },
    usedKeys: new Set([...(fold?.usedKeys ?? []), ...keysBroughtIn(action)]),
  };
}

/** The device list after an action that is allowed. */
export function devicesAfter(
  devices: readonly IdentityDevice[],
  action: Action,
  addedAt: number,
): readonly IdentityDevice[] {
  switch (action.kind) {
    case "genesis":
    case "add-device":
      return [...devices, { deviceKey: action.deviceKey, addedAt }];
    case "remove-device":
      return devices.filter((device) => !equalBytes(device.deviceKey, action.deviceKey));
    case "recover": {
      const isKept = (device: IdentityDevice): boolean =>
        action.keptDevices.some((kept) => equalBytes(kept, device.deviceKey));
      return [...devices.filter(isKept), { deviceKey: action.deviceKey, addedAt }];
    }
    case "rotate":
      return devices;
  }
}

export const hasDevice = (devices: readonly IdentityDevice[], deviceKey: Uint8Array): boolean =>
  devices.some((device) => equalBytes(device.deviceKey, deviceKey));
