/** Joining by a Welcome (RFC 9420, section 12.4.3.1). */
import { equalBytes, ok, type Result } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import type { GroupRefusal, GroupRules, KeyPackageBundle } from "@xchat/protocol";
import {
  decodeMlsMessage,
  emptyPskIndex,
  encodeMlsMessage,
  joinGroup,
  type CiphersuiteImpl,
  type ClientConfig,
  type Welcome,
} from "ts-mls";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { judgeTree } from "./group-info.ts";
import { openBundle, readKeyPackage } from "./key-package.ts";
import { startGroup, type MlsGroup } from "./mls-group.ts";
import { notCommittable, refuse, refusing } from "./refusal.ts";
import { SUITE_NAME } from "./suite.ts";

export interface JoinDeps {
  readonly provider: CryptoProvider;
  readonly suite: CiphersuiteImpl;
  readonly rules: GroupRules;
  readonly config: ClientConfig;
}

/** @throws what a rule throws, and Error "broken-invariant" when the own bundle is damaged. */
export async function joinByWelcome(
  deps: JoinDeps,
  encoded: Uint8Array,
  bundle: KeyPackageBundle,
): Promise<Result<MlsGroup, GroupRefusal>> {
  const own = await openBundle(bundle);
  return refusing(async () => {
    const welcome = readWelcome(encoded);
    if (welcome === null) return refuse("malformed");
    if (welcome.cipherSuite !== SUITE_NAME) return refuse("unsupported");
    const reference = await makeKeyPackageRef(own.publicPackage, deps.suite.hash);
    if (!welcome.secrets.some(({ newMember }) => equalBytes(newMember, reference)))
      return refuse("not-for-this-key-package");
    const { publicPackage, privatePackage } = own;
    const state = await joinGroup(
      welcome,
      publicPackage,
      privatePackage,
      emptyPskIndex,
      deps.suite,
      undefined,
      undefined,
      deps.config,
    );
    const group = startGroup(state, deps.config);
    return (await judgeTree(deps, state.ratchetTree)) ?? ok(group);
  });
}

/** See `welcomeFor` in the port. */
export async function cutWelcome(
  suite: CiphersuiteImpl,
  encoded: Uint8Array,
  keyPackages: readonly Uint8Array[],
): Promise<Uint8Array> {
  const read = await refusing(async () => {
    const welcome = readWelcome(encoded);
    return welcome === null ? refuse("malformed") : ok(welcome);
  });
  if (!read.ok) throw notCommittable("not a Welcome");
  const secrets: Welcome["secrets"] = [];
  for (const one of keyPackages) {
    const keyPackage = await readKeyPackage(one);
    if (!keyPackage.ok) throw notCommittable("not a key package");
    const reference = await makeKeyPackageRef(keyPackage.value, suite.hash);
    const own = read.value.secrets.find(({ newMember }) => equalBytes(newMember, reference));
    if (own === undefined) throw notCommittable("not a newcomer of this Welcome");
    secrets.push(own);
  }
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: { ...read.value, secrets } });
}

/** One encoding only, and nothing aliased. */
function readWelcome(encoded: Uint8Array): Welcome | null {
  const decoded = decodeMlsMessage(encoded.slice(), 0)?.[0];
  if (decoded === undefined || decoded.wireformat !== "mls_welcome") return null;
  return equalBytes(encodeMlsMessage(decoded), encoded) ? decoded.welcome : null;
}
