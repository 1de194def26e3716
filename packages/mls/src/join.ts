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
import { openBundle } from "./key-package.ts";
import { startGroup, type MlsGroup } from "./mls-group.ts";
import { refuse, refusing } from "./refusal.ts";
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

/** One encoding only, and nothing aliased. */
function readWelcome(encoded: Uint8Array): Welcome | null {
  const decoded = decodeMlsMessage(encoded.slice(), 0)?.[0];
  if (decoded === undefined || decoded.wireformat !== "mls_welcome") return null;
  return equalBytes(encodeMlsMessage(decoded), encoded) ? decoded.welcome : null;
}
