/**
 * Key packages in stock (spec/conversation.md, section 3): those of contacts' devices, to add them while they are away, and
 * own ones, which each contact is given.
 *
 * ST1 A one-time key package leaves the stock with the wish that it is for, in one save; the last-resort one stays.
 */
import { bytes, bytesToHex, decode, encode, expectOk, list, struct } from "@xchat/codec";
import {
  accountIdOfBytes,
  accountIdToBytes,
  listedDevices,
  MAX_ONE_TIME_KEY_PACKAGES,
  type AccountId,
  type Hex,
  type KeyPackageBundle,
  type PayloadItem,
} from "@xchat/protocol";
import { toBytes } from "../chat/authors.ts";
import type { Step } from "../chat/step.ts";
import { newKeyPackage } from "../contact/key-packages.ts";
import type { KeyPackageRecord, PartRecord } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";

const RENEWAL = 7 * 86_400_000;
const LIFETIME = 90 * 86_400_000;

type StockItem = Extract<PayloadItem, { kind: "key-packages" }>;

const codec = struct({
  account: bytes({ length: 32 }),
  deviceKey: bytes({ length: 32 }),
  oneTime: list(bytes({ max: 20_000 }), { max: MAX_ONE_TIME_KEY_PACKAGES }),
  lastResort: bytes({ max: 20_000 }),
});

interface Shelf {
  readonly id: string;
  readonly conversationId: string;
  readonly account: AccountId;
  readonly deviceKey: Uint8Array;
  readonly oneTime: readonly Uint8Array[];
  readonly lastResort: Uint8Array;
  readonly createdAt: number;
}

export class Stock {
  readonly #shelves = new Map<string, Shelf>();
  readonly #onFilled: (account: AccountId) => void;

  /** `onFilled`: key packages of somebody have come who may be waited for. */
  constructor(onFilled: (account: AccountId) => void) {
    this.#onFilled = onFilled;
  }

  load(parts: readonly PartRecord[]): void {
    for (const { kind, value, id, conversationId, createdAt } of parts) {
      if (kind !== "stock") continue;
      const { account, ...rest } = expectOk(decode(codec, value), "stock");
      this.#shelves.set(id, { id, conversationId, createdAt, account: accountIdOfBytes(account), ...rest });
    }
  }

  forget(conversationId: string): void {
    for (const shelf of this.#shelves.values()) {
      if (shelf.conversationId === conversationId) this.#shelves.delete(shelf.id);
    }
  }

  /** In a step of the chat with them. */
  take(
    step: Step,
    { leafKey, account }: { readonly leafKey: Hex; readonly account: AccountId },
    item: StockItem,
  ): void {
    const leaf = step.state.side.leaves.find((one) => one.leafKey === leafKey);
    if (leaf === undefined || account !== step.state.record.accountId) return;
    const { oneTime, lastResort } = item;
    const shelf: Shelf = {
      id: `${step.id}/stock/${leaf.deviceKey}`,
      conversationId: step.id,
      account,
      deviceKey: toBytes(leaf.deviceKey),
      oneTime,
      lastResort,
      createdAt: step.core.clock.now(),
    };
    step.changes.push({ put: "part", record: toPart(shelf) });
    step.after.push(() => {
      this.#shelves.set(shelf.id, shelf);
      this.#onFilled(account);
    });
  }

  /** Gives the wishes of a group that wait for key packages what is here for them. */
  fill(step: Step): void {
    const { wishes } = step.state.shared;
    const filled = wishes.map((one) => {
      if (one.change.kind !== "add" || one.change.keyPackages.length > 0) return one;
      const keyPackages = this.#use(step, one.change.account);
      return keyPackages.length === 0 ? one : { ...one, change: { ...one.change, keyPackages } };
    });
    if (filled.some((one, i) => one !== wishes[i])) step.setShared({ wishes: filled });
  }

  /** One for each device that the contact's chain lists: the newest, where several chats with them have been given some. */
  #use(step: Step, account: AccountId): readonly Uint8Array[] {
    const chain = step.core.contacts.get(account)?.chain;
    const listed = chain === undefined ? null : listedDevices(chain);
    const keys = new Set(listed?.ok === true ? listed.value.map(({ deviceKey }) => bytesToHex(deviceKey)) : []);
    const used: Uint8Array[] = [];
    for (const shelf of [...this.#shelves.values()].toSorted((a, b) => b.createdAt - a.createdAt)) {
      if (shelf.account !== account || shelf.createdAt + LIFETIME < step.core.clock.now()) continue;
      if (!keys.delete(bytesToHex(shelf.deviceKey))) continue;
      const [first, ...rest] = shelf.oneTime;
      used.push(first ?? shelf.lastResort);
      const left = { ...shelf, oneTime: rest };
      // At once, not after the save: another group must not take the same one meanwhile.
      this.#shelves.set(shelf.id, left);
      step.changes.push({ put: "part", record: toPart(left) });
    }
    return used;
  }
}

/** In a step of a chat of two: hands the other person fresh key packages when that is due. */
export async function giveStock(step: Step): Promise<void> {
  const { core, id } = step;
  const now = core.clock.now();
  const { stockGivenAt } = step.state.shared;
  if (stockGivenAt !== 0 && stockGivenAt + RENEWAL > now && stockGivenAt <= now) return;
  const oneTime: KeyPackageBundle[] = [];
  for (let i = 0; i < MAX_ONE_TIME_KEY_PACKAGES; i++) oneTime.push(await newKeyPackage(core, false));
  const lastResort = await newKeyPackage(core, true);
  for (const bundle of oneTime) step.changes.push({ put: "keyPackage", record: toRecord(core, bundle, stockOf(id)) });
  step.changes.push({ put: "keyPackage", record: toRecord(core, lastResort, lastResortOf(id)) });
  step.setShared({ stockGivenAt: now });
  const item: StockItem = {
    kind: "key-packages",
    oneTime: oneTime.map(({ keyPackage }) => keyPackage),
    lastResort: lastResort.keyPackage,
  };
  await step.seal([item], "state");
}

/** What an own key package of the stock belongs to: the chat through which it was given. */
export const stockOf = (pair: string): string => `stock/${pair}`;
export const lastResortOf = (pair: string): string => `last-resort/${pair}`;

function toRecord(core: SessionCore, { keyPackage, privatePart }: KeyPackageBundle, owner: string): KeyPackageRecord {
  const now = core.clock.now();
  const id = bytesToHex(core.provider.sha256(keyPackage));
  return { id, invitationId: owner, keyPackage, privatePart, createdAt: now, expiresAt: now + LIFETIME };
}

const toPart = ({ id, conversationId, account, deviceKey, oneTime, lastResort, createdAt }: Shelf): PartRecord => ({
  id,
  conversationId,
  kind: "stock",
  value: encode(codec, { account: accountIdToBytes(account), deviceKey, oneTime, lastResort }),
  createdAt,
});
