/** Leaves: what ours declare, and what is asked of every other (RFC 9420, section 7.3). */
import type { CryptoProvider } from "@xchat/crypto";
import { POLICY_EXTENSION_TYPE, type GroupRules, type Member } from "@xchat/protocol";
import type { AuthenticationService, Capabilities, LeafNode, Lifetime } from "ts-mls";
import { RefusedInside, RuleFailed, type RefusalReason } from "./refusal.ts";
import { SUITE_NAME } from "./suite.ts";

const DAY_SECONDS = 86_400n;
/** Longest time that a key package is valid. */
export const MAX_LIFETIME_SECONDS = 90n * DAY_SECONDS;
/** How far the clocks of two devices may differ. */
export const CLOCK_TOLERANCE_SECONDS = DAY_SECONDS;

/** Key package extension that marks one which may be used many times (draft-ietf-mls-extensions, "last_resort"). */
export const LAST_RESORT_EXTENSION_TYPE = 0x000a;

export const OWN_CAPABILITIES: Capabilities = {
  versions: ["mls10"],
  ciphersuites: [SUITE_NAME],
  extensions: [LAST_RESORT_EXTENSION_TYPE, POLICY_EXTENSION_TYPE],
  proposals: [],
  credentials: ["basic"],
};

export const lifetimeFrom = (nowMs: number, seconds: number): Lifetime => {
  const notBefore = BigInt(Math.floor(nowMs / 1000));
  return { notBefore, notAfter: notBefore + BigInt(seconds) };
};

/**
 * Of the leaf of a key package that is about to be added, everything counts. In the tree of a group that one joins, a
 * leaf may have outlived its key package: its owner was added in time and has been silent since. Refusing the whole group
 * for that would strand the newcomer, so there only length and start are judged.
 */
export function isLifetimeAcceptable({ notBefore, notAfter }: Lifetime, nowMs: number, isNew: boolean): boolean {
  const now = BigInt(Math.floor(nowMs / 1000));
  if (notAfter <= notBefore || notAfter - notBefore > MAX_LIFETIME_SECONDS) return false;
  if (notBefore > now + CLOCK_TOLERANCE_SECONDS) return false;
  return !isNew || notAfter >= now - CLOCK_TOLERANCE_SECONDS;
}

/** Whether a leaf can be part of our groups at all, before anything is asked about its owner. */
export const hasNeededCapabilities = ({ capabilities, credential }: LeafNode): boolean =>
  credential.credentialType === "basic" &&
  capabilities.versions.includes("mls10") &&
  capabilities.ciphersuites.includes(SUITE_NAME) &&
  capabilities.credentials.includes("basic") &&
  capabilities.extensions.includes(POLICY_EXTENSION_TYPE);

/** The strict authentication service: nothing is valid but what the rules verify. */
export const authServiceOf = (rules: GroupRules): AuthenticationService => ({
  validateCredential: async (credential, signatureKey) => {
    if (credential.credentialType !== "basic") throw new RefusedInside("unsupported");
    const isValid = await asking(() => rules.verifyCredential(credential.identity, signatureKey));
    if (!isValid) throw new RefusedInside("credential-refused");
    return true;
  },
});

/** Asks a rule; see `RuleFailed`. */
export async function asking<T>(rule: () => T | Promise<T>): Promise<T> {
  try {
    return await rule();
  } catch (error) {
    throw new RuleFailed(error);
  }
}

export const leafToMember = (leaf: number, node: LeafNode): Member => ({
  leaf,
  credential: node.credential.credentialType === "basic" ? node.credential.identity : new Uint8Array(0),
  signatureKey: node.signaturePublicKey,
});

/** `null` when the leaf of a key package may be added now. */
export async function judgeNewLeaf(leaf: LeafNode, rules: GroupRules): Promise<RefusalReason | null> {
  if (leaf.leafNodeSource !== "key_package") return "malformed";
  if (leaf.credential.credentialType !== "basic" || !hasNeededCapabilities(leaf)) return "unsupported";
  if (!isLifetimeAcceptable(leaf.lifetime, rules.now(), true)) return "lifetime-refused";
  const { identity } = leaf.credential;
  const isValid = await asking(() => rules.verifyCredential(identity, leaf.signaturePublicKey));
  return isValid ? null : "credential-refused";
}

/** Of the right length is not enough: ML-KEM keys can still be invalid (FIPS 203, section 7.2), and X25519 ones useless. */
export const isUsableKey = async (provider: CryptoProvider, encryptionKey: Uint8Array): Promise<boolean> =>
  provider.isXwingPublicKey?.(encryptionKey) ?? (await provider.xwingEncapsulate(encryptionKey)) !== null;
