/**
 * Becoming the person of a backup on this device (spec/account-backup.md, AB14, AB15): everything that is written is one
 * transaction of a new store, so that there is a person or none.
 */
import type { CryptoProvider } from "@xchat/crypto";
import { accountIdOfBytes, recoverAccount, type BackupContact, type OpenedBackup } from "@xchat/protocol";
import { IntentError } from "../api.ts";
import { encodeProfile, PROFILE_DOCUMENT, type Profile } from "../base/profile.ts";
import { encodeNodes, MAX_OWN_NODES, NODES_DOCUMENT } from "../delivery/nodes.ts";
import { relaysChange, relaysOfText } from "../delivery/relays.ts";
import type { Clock, ContactRecord, NodeHint, RelayPlan, StoreChange } from "../ports.ts";
import { SETTINGS } from "./backup-content.ts";
import { backupKeysChange } from "./backup-keys.ts";
import { backupStateChange, startBackupState } from "./backup-state.ts";
import { recoveredChanges } from "./recovered.ts";

export interface RestorePorts {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly deviceName: string;
  readonly defaultNodes: () => Promise<readonly NodeHint[]>;
}

export interface RestoreInput {
  /** Of the words: the caller's, who forgets it. */
  readonly entropy: Uint8Array;
  readonly chosen: OpenedBackup;
  /** Everything that was found: the best chain of all is the one that is recovered. */
  readonly found: readonly OpenedBackup[];
}

/** @throws IntentError */
export async function restoredChanges(
  ports: RestorePorts,
  { entropy, chosen, found }: RestoreInput,
): Promise<readonly StoreChange[]> {
  const { provider, clock } = ports;
  const now = clock.now();
  const deviceSeed = provider.randomBytes(32);
  const chains = found.map(({ chain }) => chain);
  const recovered = await recoverAccount(provider, { entropy, chains, deviceSeed, now });
  if (!recovered.ok) {
    const { reason } = recovered.error;
    throw new IntentError(reason === "words-rotated-away" ? "words-rotated-away" : "internal", recovered.error);
  }
  const { chain, keys } = recovered.value;
  const own = chosen.nodes.slice(0, Math.min(chosen.ownNodes, MAX_OWN_NODES));
  const nodes = own.length > 0 ? own : await ports.defaultNodes();
  const profile: Profile = {
    version: 1,
    name: chosen.name,
    deviceName: ports.deviceName,
    accountId: chosen.identity.accountId,
    chain,
    deviceSeed,
    recoveryEntropy: null,
    words: "forgotten",
    directAllowed: settingOf(chosen, SETTINGS.directAllowed),
    shareReadState: settingOf(chosen, SETTINGS.shareReadState),
  };
  const greatest = Math.max(...found.map(({ counter }) => counter));
  return [
    { document: NODES_DOCUMENT, value: encodeNodes(nodes) },
    { document: PROFILE_DOCUMENT, value: encodeProfile(profile) },
    relaysChange(relayPlanOf(chosen)),
    backupKeysChange(keys),
    // At once (AB11): the chats wait for it, and the nodes have seen just now that somebody came back.
    backupStateChange(startBackupState(0, greatest)),
    ...recoveredChanges(chosen, now),
    ...chosen.contacts.map((contact): StoreChange => ({ put: "contact", record: contactRecord(contact) })),
  ];
}

/**
 * The name by which the person knew them stays theirs to give: who turns up under this account cannot change it. The
 * chain is empty until it is seen; then it is held to the pin.
 */
function contactRecord({ account, petname, isVerified, isBlocked, direct }: BackupContact): ContactRecord {
  const accountId = accountIdOfBytes(account);
  return {
    accountId,
    name: petname ?? `${accountId.slice(0, 12)} …`,
    petname,
    isVerified,
    isBlocked,
    mayDirect: direct === "allowed",
    chain: new Uint8Array(0),
  };
}

function relayPlanOf({ settings }: OpenedBackup): RelayPlan {
  const valueOf = (name: string): string => settings.find((one) => one.name === name)?.value ?? "";
  return {
    relays: relaysOfText(valueOf(SETTINGS.relays)),
    whenNone: valueOf(SETTINGS.whenNoRelay) === "direct" ? "direct" : "wait",
  };
}

/** What a backup of an older version does not know is as in a new profile: on. */
const settingOf = ({ settings }: OpenedBackup, name: string): boolean =>
  settings.find((one) => one.name === name)?.value !== "false";
