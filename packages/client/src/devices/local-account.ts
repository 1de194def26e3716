/**
 * What the account as a whole needs on each device: nodes, and what writes the account backup (spec/devices.md, section 8).
 *
 * LA1 Keys of the backup are taken only where this device has none of its own, or after the chain has got another recovery
 *     key: a stolen device must not turn the backups of the others to a key of its thief's.
 * LA2 A node that can be reached from its own machine alone is nobody else's.
 */
import { equalBytes } from "@xchat/codec";
import {
  listRegister,
  MAX_RELAYS,
  readRegister,
  writeRegister,
  type SyncOperation,
  type SyncState,
} from "@xchat/protocol";
import { isLoopback, nodeId } from "../delivery/nodes.ts";
import { relaysOfText, relaysText } from "../delivery/relays.ts";
import type { NodeHint } from "../ports.ts";
import type { LocalHost } from "./local-host.ts";

/** The words have changed on another device, and their keys have not come yet. */
const STALE_KEYS_DOCUMENT = "backup-keys-stale";

const isShared = ({ address }: NodeHint): boolean => !isLoopback(address);

export function nodeFacts({ core }: LocalHost, state: SyncState): readonly SyncOperation[] {
  const own = core.pool.own.filter(isShared);
  const here = new Set(own.map(nodeId));
  const gone = listRegister(state, "node").filter(({ value }) => !here.has(nodeId(value.hint)));
  // One that has only such nodes as nobody else can reach takes none away from the others.
  if (own.length === 0) return [];
  return [
    ...own.map((hint, rank) => writeRegister("node", { keyHash: hint.keyHash }, { hint, rank })),
    ...gone.map(({ key }) => writeRegister("node", key, null)),
  ];
}

export async function takeNodes({ core }: LocalHost, state: SyncState): Promise<void> {
  const shared = listRegister(state, "node")
    .map(({ value }) => value)
    .filter(({ hint }) => isShared(hint))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ hint }) => hint);
  if (shared.length === 0) return;
  const next = [...shared];
  core.pool.own.forEach((hint, place) => {
    if (!isShared(hint)) next.splice(place, 0, hint);
  });
  await core.pool.replace(core.store, next);
}

const RELAYS = "relays";
const WHEN_NO_RELAY = "when-no-relay";

/** A relay on this very machine is nobody else's (LA2). */
export function relayFacts({ core }: LocalHost, state: SyncState): readonly SyncOperation[] {
  const { relays, whenNone } = core.pool.relays.plan;
  const text = relaysText(relays.filter(isShared));
  const isNew = readRegister(state, "setting", { name: RELAYS }) === null;
  // Where nobody has ever set any there is nothing to say.
  if (isNew && text === "" && whenNone === "wait") return [];
  return [
    writeRegister("setting", { name: RELAYS }, { value: text }),
    writeRegister("setting", { name: WHEN_NO_RELAY }, { value: whenNone }),
  ];
}

export async function takeRelays({ core }: LocalHost, state: SyncState): Promise<void> {
  const told = readRegister(state, "setting", { name: RELAYS });
  const whenNone = readRegister(state, "setting", { name: WHEN_NO_RELAY })?.value;
  if (told === null) return;
  const { relays } = core.pool;
  const here = relays.plan.relays.filter((hint) => !isShared(hint));
  const shared = relaysOfText(told.value).filter(isShared);
  await relays.replace(core.store, {
    relays: [...shared, ...here].slice(0, MAX_RELAYS),
    whenNone: whenNone === "direct" ? "direct" : "wait",
  });
  core.pool.retryNow();
}

export class BackupRegisters {
  readonly #host: LocalHost;
  #isStale = false;

  constructor(host: LocalHost) {
    this.#host = host;
  }

  async load(): Promise<void> {
    this.#isStale = (await this.#host.core.store.document(STALE_KEYS_DOCUMENT)) !== null;
  }

  /** The chain has another recovery key. Whoever has the words of it makes the keys; the others wait for these. */
  async wordsChanged(): Promise<void> {
    if (this.#host.core.profile().recoveryEntropy !== null) return;
    await this.#setStale(true);
  }

  facts(): readonly SyncOperation[] {
    const { keys, counter } = this.#host.backup();
    if (keys === null || this.#isStale) return [];
    const { sealKey, placeSecret } = keys;
    return [
      writeRegister("backup-keys", {}, { sealKey, placeSecret }),
      ...(counter === 0 ? [] : [writeRegister("backup-counter", {}, { counter })]),
    ];
  }

  /** LA1. */
  async take(state: SyncState): Promise<void> {
    const backup = this.#host.backup();
    const told = readRegister(state, "backup-keys", {});
    const { keys } = backup;
    const isOther = told !== null && (keys === null || !equalBytes(told.placeSecret, keys.placeSecret));
    if (isOther && (keys === null || this.#isStale)) {
      await backup.turnOn({ sealKey: told.sealKey, placeSecret: told.placeSecret });
      await this.#setStale(false);
    }
    const counter = readRegister(state, "backup-counter", {})?.counter ?? 0;
    if (counter > backup.counter) await backup.knowCounter(counter);
  }

  async #setStale(isStale: boolean): Promise<void> {
    if (isStale === this.#isStale) return;
    const value = isStale ? new Uint8Array([1]) : null;
    await this.#host.core.store.write([{ document: STALE_KEYS_DOCUMENT, value }]);
    this.#isStale = isStale;
  }
}
