/**
 * The profile document: who this device is. It lies in the encrypted store.
 *
 * The recovery entropy is held until the person has written the words down and asks for it to be taken away; what is
 * derived from it is derived again when needed, so that taking it away takes all of it.
 */
import {
  bool,
  bytes,
  decode,
  encode,
  expectOk,
  literal,
  nullable,
  struct,
  text,
  word,
  type CodecType,
} from "@xchat/codec";
import { deriveBranch, newRecoveryEntropy, type CryptoProvider } from "@xchat/crypto";
import { cleanName, createIdentity, MAX_NAME_BYTES } from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { encodeNodes, NODES_DOCUMENT } from "../delivery/nodes.ts";
import type { Clock, NodeHint, StoreChange } from "../ports.ts";

const profileCodec = struct({
  version: literal(1, "newer-version"),
  name: text(MAX_NAME_BYTES),
  deviceName: text(MAX_NAME_BYTES),
  accountId: text(90),
  chain: bytes({ max: 64 * 1024 }),
  deviceSeed: bytes({ length: 32 }),
  recoveryEntropy: nullable(bytes({ length: 32 })),
  words: word("unwritten", "written", "forgotten"),
  directAllowed: bool,
  shareReadState: bool,
});

export type Profile = CodecType<typeof profileCodec>;

export const PROFILE_DOCUMENT = "profile";
export const encodeProfile = (profile: Profile): Uint8Array => encode(profileCodec, profile);
export const decodeProfile = (stored: Uint8Array): Profile => expectOk(decode(profileCodec, stored), "profile");

/** @throws IntentError when nothing is left of a name, or too much. */
export function checkName(typed: string): string {
  const name = cleanName(typed);
  if (!name.ok) throw new IntentError(name.error.reason);
  return name.value;
}

export interface NewProfilePorts {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly deviceName: string;
  readonly defaultNodes: () => Promise<readonly NodeHint[]>;
}

/** The profile of a device that has been granted an account (spec/devices.md, DV13): it never holds the words (DV27). */
export function linkedProfile(input: {
  readonly chain: Uint8Array;
  readonly accountId: string;
  readonly deviceSeed: Uint8Array;
  readonly name: string;
  readonly deviceName: string;
  readonly nodes: readonly NodeHint[];
}): readonly StoreChange[] {
  const { nodes, ...own } = input;
  const profile: Profile = {
    version: 1,
    ...own,
    recoveryEntropy: null,
    words: "forgotten",
    directAllowed: true,
    shareReadState: true,
  };
  return [
    { document: NODES_DOCUMENT, value: encodeNodes(nodes) },
    { document: PROFILE_DOCUMENT, value: encodeProfile(profile) },
  ];
}

/** Makes the keys of a new person. What comes back is written as the store's first transaction. */
export async function newProfile(ports: NewProfilePorts, name: string): Promise<readonly StoreChange[]> {
  const { provider, clock } = ports;
  const chosen = checkName(name);
  const recoveryEntropy = newRecoveryEntropy(provider);
  const deviceSeed = provider.randomBytes(32);
  const { chain, accountId } = await createIdentity(provider, {
    recoverySeed: deriveBranch(provider, recoveryEntropy, "identity-recovery"),
    deviceSeed,
    now: clock.now(),
  });
  const profile: Profile = {
    version: 1,
    name: chosen,
    deviceName: ports.deviceName,
    accountId,
    chain,
    deviceSeed,
    recoveryEntropy,
    words: "unwritten",
    directAllowed: true,
    shareReadState: true,
  };
  const nodes = await ports.defaultNodes();
  return [
    { document: NODES_DOCUMENT, value: encodeNodes(nodes) },
    { document: PROFILE_DOCUMENT, value: encodeProfile(profile) },
  ];
}
