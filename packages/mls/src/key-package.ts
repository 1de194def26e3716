/** Key packages (RFC 9420, section 10): made, read and judged. */
import { bytes, decode, encode, equalBytes, err, expectOk, literal, ok, struct, type Result } from "@xchat/codec";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import type { GroupRefusal, GroupRules, KeyPackageBundle, Member } from "@xchat/protocol";
import {
  decodeMlsMessage,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  type CiphersuiteImpl,
  type KeyPackage,
  type PrivateKeyPackage,
} from "ts-mls";
import { verifyKeyPackage } from "ts-mls/keyPackage.js";
import { verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import {
  isUsableKey,
  judgeNewLeaf,
  LAST_RESORT_EXTENSION_TYPE,
  leafToMember,
  lifetimeFrom,
  MAX_LIFETIME_SECONDS,
  OWN_CAPABILITIES,
} from "./leaf.ts";
import { refuse, refusing } from "./refusal.ts";
import { SUITE_NAME } from "./suite.ts";

/** The index of a leaf that has no place in a group yet. */
export const NO_LEAF = -1;

const privatePartCodec = struct({
  version: literal(1),
  initKey: bytes({ length: 32 }),
  encryptionKey: bytes({ length: 32 }),
  signatureKey: bytes({ length: 32 }),
});

/** @throws RangeError for a lifetime beyond 90 days. */
export async function makeKeyPackage(
  suite: CiphersuiteImpl,
  nowMs: number,
  input: {
    readonly credential: Uint8Array;
    readonly leafKey: KeyPair;
    readonly lifetimeSeconds: number;
    readonly isLastResort: boolean;
  },
): Promise<KeyPackageBundle> {
  if (!(input.lifetimeSeconds > 0) || BigInt(Math.floor(input.lifetimeSeconds)) > MAX_LIFETIME_SECONDS) {
    throw new RangeError("a key package lives at most 90 days");
  }
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
    { credentialType: "basic", identity: input.credential },
    OWN_CAPABILITIES,
    lifetimeFrom(nowMs, Math.floor(input.lifetimeSeconds)),
    input.isLastResort ? [{ extensionType: LAST_RESORT_EXTENSION_TYPE, extensionData: new Uint8Array(0) }] : [],
    { signKey: input.leafKey.secretKey, publicKey: input.leafKey.publicKey },
    suite,
  );
  return {
    keyPackage: encodeKeyPackageMessage(publicPackage),
    privatePart: encode(privatePartCodec, {
      version: 1 as const,
      initKey: privatePackage.initPrivateKey,
      encryptionKey: privatePackage.hpkePrivateKey,
      signatureKey: privatePackage.signaturePrivateKey,
    }),
  };
}

const encodeKeyPackageMessage = (keyPackage: KeyPackage): Uint8Array =>
  encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });

/** Reads bytes of a peer; the result aliases nothing. One encoding only: what does not come out as it went in is refused. */
export const readKeyPackage = (encoded: Uint8Array): Promise<Result<KeyPackage, GroupRefusal>> =>
  refusing(async () => {
    const decoded = decodeMlsMessage(encoded.slice(), 0)?.[0];
    if (decoded === undefined) return refuse("malformed");
    if (decoded.wireformat !== "mls_key_package") return refuse("malformed", "not a key package");
    return equalBytes(encodeMlsMessage(decoded), encoded) ? ok(decoded.keyPackage) : refuse("malformed");
  });

export interface InspectDeps {
  readonly provider: CryptoProvider;
  readonly suite: CiphersuiteImpl;
  readonly rules: GroupRules;
}

/** Everything that makes a key package fit to be added now. The member has no leaf index yet: it is -1. */
export const inspectKeyPackage = (
  { provider, suite, rules }: InspectDeps,
  encoded: Uint8Array,
): Promise<Result<{ readonly member: Member; readonly keyPackage: KeyPackage }, GroupRefusal>> =>
  refusing(async () => {
    const read = await readKeyPackage(encoded);
    if (!read.ok) return read;
    const keyPackage = read.value;
    if (keyPackage.version !== "mls10" || keyPackage.cipherSuite !== SUITE_NAME) return refuse("unsupported");
    if (equalBytes(keyPackage.initKey, keyPackage.leafNode.hpkePublicKey))
      return refuse("malformed", "keys are not distinct");
    const areSigned =
      (await verifyKeyPackage(keyPackage, suite.signature)) &&
      (await verifyLeafNodeSignatureKeyPackage(keyPackage.leafNode, suite.signature));
    if (!areSigned) return refuse("not-authentic");
    for (const key of [keyPackage.initKey, keyPackage.leafNode.hpkePublicKey]) {
      if (!(await isUsableKey(provider, key))) return refuse("malformed", "encryption key");
    }
    const reason = await judgeNewLeaf(keyPackage.leafNode, rules);
    return reason === null ? ok({ member: leafToMember(NO_LEAF, keyPackage.leafNode), keyPackage }) : refuse(reason);
  });

/** Our own bundle, out of the store. @throws Error "broken-invariant" when it is damaged. */
export async function openBundle(
  bundle: KeyPackageBundle,
): Promise<{ readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage }> {
  const secret = expectOk(decode(privatePartCodec, bundle.privatePart), "own key package");
  const read = await readKeyPackage(bundle.keyPackage);
  const publicPackage = expectOk(read.ok ? read : err({ reason: read.error.reason }), "own key package");
  return {
    publicPackage,
    privatePackage: {
      initPrivateKey: secret.initKey,
      hpkePrivateKey: secret.encryptionKey,
      signaturePrivateKey: secret.signatureKey,
    },
  };
}
