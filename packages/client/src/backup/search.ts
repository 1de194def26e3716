/**
 * Looking for the backups of 24 words (spec/account-backup.md, section 6): at the nodes that the person names or at those
 * of the app, and once at those that a backup names as the person's own. The words never leave this device: nodes are
 * asked for places, which tell nothing of them.
 */
import { bytesToHex, concatBytes, utf8ToBytes } from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";
import { chooseBackup, findBackups, type BackupChoice, type FoundBackup, type OpenedBackup } from "@xchat/protocol";
import { IntentError, type BackupSearchView, type FoundBackupView } from "../api.ts";
import { nodeAddress } from "../delivery/node-address.ts";
import { nodeId } from "../delivery/nodes.ts";
import type { Clock, NodeConnector, NodeHint } from "../ports.ts";
import { readWords } from "./backup-keys.ts";

const HOUR_MS = 3_600_000;
const DISCOVERY_TIMEOUT = 10_000;
/** Asked in all: a backup of a thief could name many. */
const MAX_NODES_ASKED = 24;

export interface SearchPorts {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly connector: NodeConnector;
  readonly defaultNodes: () => Promise<readonly NodeHint[]>;
}

/** What one search has found, held in memory until the person has chosen. */
export interface Search {
  readonly entropy: Uint8Array;
  readonly choice: BackupChoice;
  readonly view: BackupSearchView;
}

interface Asked {
  readonly address: string;
  readonly hint: NodeHint | null;
  readonly hasAnswered: boolean;
}

/** @throws IntentError */
export async function searchBackups(
  ports: SearchPorts,
  input: { readonly words: string; readonly nodes: readonly string[] },
): Promise<Search> {
  const { provider } = ports;
  const entropy = readWords(provider, input.words);
  const asked: Asked[] = [];
  const found: FoundBackup[] = [];
  const ask = async (nodes: readonly Place[]): Promise<void> => {
    const isNew = ({ hint }: Place, at: number): boolean =>
      hint === null || ![...asked, ...nodes.slice(0, at)].some((one) => isNode(one.hint, hint));
    const fresh = nodes.filter(isNew).slice(0, MAX_NODES_ASKED - asked.length);
    for (const answer of await Promise.all(fresh.map((node) => askNode(ports, entropy, node)))) {
      asked.push(answer.asked);
      found.push(...answer.found);
    }
  };
  await ask(await firstPlaces(ports, input.nodes));
  await ask(found.flatMap(({ backup }) => backup.nodes.slice(0, backup.ownNodes).map(placeOf)));
  const choice = chooseBackup(found);
  return { entropy, choice, view: searchView(provider, choice, asked) };
}

export const backupId = (provider: CryptoProvider, { counter, deviceKey, chain }: OpenedBackup): string =>
  bytesToHex(provider.sha256(concatBytes(utf8ToBytes(String(counter)), deviceKey, chain)));

// ---- below: nodes

interface Place {
  readonly address: string;
  readonly hint: NodeHint | null;
}

const placeOf = (hint: NodeHint): Place => ({ address: hint.address, hint });
const isNode = (one: NodeHint | null, other: NodeHint | null): boolean =>
  one !== null && other !== null && nodeId(one) === nodeId(other);

async function firstPlaces(ports: SearchPorts, typed: readonly string[]): Promise<readonly Place[]> {
  const addresses = typed.filter((text) => text.trim() !== "").map(nodeAddress);
  if (addresses.length === 0) return (await ports.defaultNodes()).map(placeOf);
  return Promise.all(addresses.map((address) => discover(ports, address)));
}

async function discover({ connector, clock }: SearchPorts, address: string): Promise<Place> {
  const abort = new AbortController();
  const timer = clock.after(DISCOVERY_TIMEOUT, () => abort.abort());
  const outcome = await connector.discover(address, abort.signal);
  timer.cancel();
  if (outcome.ok) return placeOf(outcome.value);
  if (outcome.error.kind === "clock-wrong") throw new IntentError("clock-wrong", outcome.error);
  return { address, hint: null };
}

async function askNode(
  { provider, connector }: SearchPorts,
  entropy: Uint8Array,
  { address, hint }: Place,
): Promise<{ readonly asked: Asked; readonly found: readonly FoundBackup[] }> {
  if (hint === null) return { asked: { address, hint, hasAnswered: false }, found: [] };
  const access = connector.access(hint);
  let failures = 0;
  const found = await findBackups(provider, entropy, hint.keyHash, async (place) => {
    const outcome = await access.getBlob({ place });
    if (!outcome.ok) failures++;
    return outcome.ok && outcome.value !== null ? outcome.value.blob : null;
  });
  access.close();
  return { asked: { address, hint, hasAnswered: failures === 0 }, found };
}

// ---- below: what the person sees

function searchView(
  provider: CryptoProvider,
  { ranked, level, behind }: BackupChoice,
  asked: readonly Asked[],
): BackupSearchView {
  const late = new Set(behind);
  return {
    found: ranked.map((backup): FoundBackupView => ({
      id: backupId(provider, backup),
      name: backup.name,
      accountId: backup.identity.accountId,
      deviceName: backup.deviceName,
      writtenAt: backup.hour * HOUR_MS,
      contacts: backup.contacts.filter(({ isBlocked }) => !isBlocked).length,
      chats: backup.conversations.length,
    })),
    level,
    nodes: asked.map(({ address, hint, hasAnswered }) => ({
      address,
      state: !hasAnswered ? "unreachable" : hint !== null && late.has(nodeId(hint)) ? "behind" : "answered",
    })),
  };
}
