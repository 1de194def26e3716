/** Own key packages: a fresh leaf key each, bound to this device by a certificate. */
import { bytesToHex } from "@xchat/codec";
import type { KeyPair } from "@xchat/crypto";
import { makeLeafCredential } from "@xchat/protocol";
import type { KeyPackageBundle } from "@xchat/protocol";
import type { InvitationRecord, KeyPackageRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";

/** MLS asks that lifetimes be bounded (RFC 9420, section 7.2); ours is the longest that the rules accept. */
const LIFETIME = 90 * 86_400_000;
/** A leaf lives as long as its conversation does; its certificate is renewed with the leaf. */
const CERTIFICATE_LIFETIME = 10 * 365 * 86_400_000;

export interface NewLeaf {
  readonly leafKey: KeyPair;
  readonly credential: Uint8Array;
  readonly bundle: KeyPackageBundle;
}

export const newKeyPackage = async (core: SessionCore, isLastResort: boolean): Promise<KeyPackageBundle> =>
  (await newLeaf(core, isLastResort)).bundle;

export async function newLeaf(core: SessionCore, isLastResort = false): Promise<NewLeaf> {
  const { cipher, clock, profile, provider } = core;
  const leafKey = await cipher.newLeafKey();
  const credential = await makeLeafCredential(provider, {
    chain: profile().chain,
    deviceSeed: profile().deviceSeed,
    leafPublicKey: leafKey.publicKey,
    now: clock.now(),
    lifetimeMs: CERTIFICATE_LIFETIME,
  });
  const bundle = await cipher.newKeyPackage({ credential, leafKey, lifetimeSeconds: LIFETIME / 1000, isLastResort });
  return { leafKey, credential, bundle };
}

export async function newOwnKeyPackage(core: SessionCore, invitation: InvitationRecord): Promise<KeyPackageRecord> {
  const bundle = await newKeyPackage(core, invitation.isLasting);
  const now = core.clock.now();
  return {
    id: bytesToHex(core.provider.sha256(bundle.keyPackage)),
    invitationId: invitation.id,
    keyPackage: bundle.keyPackage,
    privatePart: bundle.privatePart,
    createdAt: now,
    expiresAt: now + LIFETIME,
  };
}
