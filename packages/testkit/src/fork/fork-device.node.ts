/**
 * A device with a real group cipher and a driver of forks, whose store is a map: it can lose its memory after any step. What
 * it must send lies in the store with what makes it true, as with the client's outbox.
 */
import { bytesToHex, expectOk, hexToBytes } from "@xchat/codec";
import {
  answerCommit,
  answerToFollow,
  beforeOf,
  beginFork,
  commitAskedFor,
  ForkWork,
  GroupCache,
  heard,
  judgeAnswer,
  judgeOut,
  knock,
  knockRefused,
  LIVE_KINDS,
  loadFork,
  mailboxes,
  placeOf,
  recordKind,
  sealing,
  slotsOf,
  slotsToAsk,
  slotsToRead,
  takeReceipt,
  takeSlot,
  weigh,
  type ForkAction,
  type ForkDeps,
  type ForkState,
  type JudgedAnswer,
  lastKnown,
} from "@xchat/client/fork";
import type { PartRecord, StoreChange } from "@xchat/client/ports";
import type { CryptoProvider, KeyPair } from "@xchat/crypto";
import { mlsGroupCipher } from "@xchat/mls";
import {
  createIdentity,
  decodeRejoinMessage,
  isSuccessorCredential,
  makeLeafCredential,
  makeRejoinAnswer,
  makeRejoinOut,
  makeRejoinRequest,
  openRejoinAnswer,
  openRejoinRequest,
  refuseCommit,
  verifyLeafCredential,
  type AccountId,
  type Group,
  type GroupCipher,
  type KeyPackageBundle,
  type SavedGroup,
  readLeaves,
  type GroupLeaf,
  type OfferedGroup,
} from "@xchat/protocol";
import { commitInputOf, isDecreeChange, type Change } from "./changes.ts";
import type { SlotNode } from "./slot-node.node.ts";

export interface World {
  readonly provider: CryptoProvider;
  readonly nodes: readonly SlotNode[];
  readonly now: () => number;
  readonly random: () => number;
  /** Makes a key package for somebody, and lets them join by the Welcome. */
  readonly keyPackageOf: (who: string) => Promise<Uint8Array>;
  readonly welcome: (who: readonly string[], welcome: Uint8Array) => Promise<void>;
}

const DAY = 86_400_000;

export interface Account {
  readonly name: string;
  readonly accountId: AccountId;
  readonly chain: Uint8Array;
  readonly deviceSeed: Uint8Array;
}

export async function newAccount({ provider, now }: World, name: string): Promise<Account> {
  const seedOf = (label: string): Uint8Array => provider.sha256(new TextEncoder().encode(`${name} ${label}`));
  const deviceSeed = seedOf("phone");
  const made = await createIdentity(provider, { recoverySeed: seedOf("recovery"), deviceSeed, now: now() });
  return { name, deviceSeed, ...made };
}

export class ForkDevice {
  readonly world: World;
  readonly account: Account;
  readonly cipher: GroupCipher;
  readonly told: ForkAction[] = [];
  /** The store. */
  readonly #records = new Map<string, PartRecord>();
  #savedGroup: SavedGroup | null = null;
  #todo: ForkAction[] = [];
  /** Memory. */
  #deps: ForkDeps;
  #state: ForkState | null = null;
  #group: Group | null = null;
  #weighed = new WeakMap<readonly Uint8Array[], string>();
  events = 0;
  isOnline = true;

  constructor(world: World, account: Account) {
    this.world = world;
    this.account = account;
    const { provider, now } = world;
    this.cipher = mlsGroupCipher({
      provider,
      rules: {
        verifyCredential: async (credential, key) => (await verifyLeafCredential(provider, credential, key, now())).ok,
        isSuccessor: isSuccessorCredential,
        judgeCommit: refuseCommit,
        now,
      },
    });
    this.#deps = this.#newDeps();
  }

  get state(): ForkState {
    return this.#state as ForkState;
  }

  get group(): Group {
    return this.#group as Group;
  }

  get isBegun(): boolean {
    return this.#state !== null;
  }

  get isMember(): boolean {
    return this.#state?.session.standing === "member";
  }

  get records(): ReadonlyMap<string, PartRecord> {
    return this.#records;
  }

  async newKeyPackage(): Promise<KeyPackageBundle> {
    return (await this.newLeaf()).bundle;
  }

  async newLeaf(): Promise<{ leafKey: KeyPair; credential: Uint8Array; bundle: KeyPackageBundle }> {
    const leafKey = await this.cipher.newLeafKey();
    const { chain, deviceSeed } = this.account;
    const credential = await makeLeafCredential(this.world.provider, {
      chain,
      deviceSeed,
      leafPublicKey: leafKey.publicKey,
      now: this.world.now(),
      lifetimeMs: 3_000 * DAY,
    });
    const fresh = { credential, leafKey, lifetimeSeconds: 80 * 86_400, isLastResort: false };
    return { leafKey, credential, bundle: await this.cipher.newKeyPackage(fresh) };
  }

  async begin(group: Group): Promise<void> {
    const work = await beginFork(this.#deps, group, { conversation: bytesToHex(group.groupId) });
    await this.#save(work, null);
  }

  /** One step, saved. Answers with what `work` says. */
  async step<T>(run: (work: ForkWork) => Promise<T>): Promise<T> {
    const work = new ForkWork(this.#deps, this.state, this.group, this.state);
    const answer = await run(work);
    await this.#save(work, this.group);
    return answer;
  }

  /** Loses its memory: everything comes back from the store. */
  crash(): void {
    if (this.#savedGroup === null) return;
    const records = [...this.#records.values()].filter(({ kind }) => LIVE_KINDS.map(recordKind).includes(kind));
    this.#deps = this.#newDeps();
    this.#state = loadFork(this.state.conversation, records);
    this.#group = this.cipher.restore(this.#savedGroup);
    const asked = this.#state === null ? null : commitAskedFor(this.#state);
    if (asked !== null && !this.#todo.some(({ kind }) => kind === "make-commit")) this.#todo.push(asked);
  }

  /** Its disk as it is now, for an old copy of it. */
  image(): () => void {
    const [records, saved, todo] = [new Map(this.#records), this.#savedGroup, [...this.#todo]];
    return () => {
      this.#records.clear();
      for (const [id, record] of records) this.#records.set(id, record);
      this.#savedGroup = saved;
      this.#todo = todo;
      this.crash();
    };
  }

  async want(change: Change): Promise<void> {
    const intent = JSON.stringify([this.world.random(), change]);
    await this.step((work) => work.take({ kind: "want", intent, isDecree: isDecreeChange(change) }));
    await this.act();
  }

  // ---- what the shell does

  /** Does the next thing of what was saved as to be done, until nothing is left. */
  async act(): Promise<void> {
    for (let action = this.#todo.shift(); action !== undefined; action = this.#todo.shift())
      await this.#perform(action);
  }

  async #perform(action: ForkAction): Promise<void> {
    switch (action.kind) {
      case "make-commit":
        return this.#commit(action);
      case "offer-slot":
        return this.#offer(action);
      case "publish":
        for (const { hint, mailbox } of action.place.nodes) {
          this.#reach(hint.keyHash)?.publish(mailbox.publicKey, action.envelopes);
        }
        return;
      case "send-welcome":
        return this.world.welcome(JSON.parse(new TextDecoder().decode(action.memo)) as string[], action.welcome);
      default:
        this.told.push(action);
    }
  }

  async #commit({ intent }: Extract<ForkAction, { kind: "make-commit" }>): Promise<void> {
    for (const { node, epoch } of slotsToRead(this.state)) await this.#readSlot(epoch, node);
    const [, change] = JSON.parse(intent) as [number, Change];
    const around = { cipher: this.cipher, group: this.group, events: this.events };
    const input = await commitInputOf({ ...around, keyPackageOf: this.world.keyPackageOf }, change);
    const names = change.kind === "add" ? [change.who] : [];
    const memo = new TextEncoder().encode(JSON.stringify(names));
    await this.step(async (work) => {
      try {
        return await answerCommit(work, intent, input, memo);
      } catch (error) {
        if ((error as { code?: string }).code !== "not-committable") throw error;
        return answerCommit(work, intent, null, memo);
      }
    });
  }

  async #offer({ candidate, envelopes, targets }: Extract<ForkAction, { kind: "offer-slot" }>): Promise<void> {
    for (const { node, epoch } of targets) {
      const home = this.#reach(node.hint.keyHash);
      if (home === null) continue;
      const receipt = await home.offer(node.mailbox.publicKey, envelopes);
      if (receipt === null) await this.#readSlot(epoch, node);
      else await this.step((work) => takeReceipt(work, { candidate, node: home.id, receipt }));
    }
  }

  async #readSlot(epoch: string, node: { hint: SlotNode["hint"]; mailbox: { publicKey: Uint8Array } }): Promise<void> {
    const home = this.#reach(node.hint.keyHash);
    const slot = home?.slot(node.mailbox.publicKey) ?? null;
    if (home === null || slot === null) return;
    await this.step((work) => takeSlot(work, { epoch, node: home.id, ...slot }));
  }

  /** Reads everything that the nodes have for the epochs of the tree. */
  async poll(): Promise<void> {
    const seen = new Set<string>();
    for (let isNew = true; isNew && this.isMember;) {
      isNew = false;
      for (const { epoch, place } of mailboxes(this.state)) {
        if (seen.has(epoch)) continue;
        seen.add(epoch);
        isNew = true;
        for (const { hint, mailbox } of place.nodes) {
          const home = this.#reach(hint.keyHash);
          for (const envelopes of home?.copies(mailbox.publicKey) ?? []) await this.hand(epoch, envelopes);
        }
      }
      for (const { node, epoch } of slotsToAsk(this.state)) await this.#readSlot(epoch, node);
    }
    if (this.isMember) await this.step((work) => work.take({ kind: "tick" }));
    await this.act();
  }

  /** A commit that came by whatever way. */
  async hand(epoch: string, envelopes: readonly Uint8Array[]): Promise<void> {
    const known = this.#weighed.get(envelopes);
    if (!this.isMember || placeOf(this.state, epoch) === null || this.state.session.seenAt.has(known ?? "")) return;
    const weighed = await this.step((work) => weigh(work, epoch, envelopes));
    if (weighed.kind === "own-unknown") {
      for (const { node } of slotsOf(this.state, epoch)) await this.#readSlot(epoch, node);
    }
    if (weighed.kind === "candidate") this.#weighed.set(envelopes, weighed.id);
  }

  async hear(other: ForkDevice): Promise<void> {
    const { self: leaf, head } = other.state.session;
    const name = placeOf(other.state, head)?.name as string;
    const known = mailboxes(this.state).find(({ place }) => place.name === name)?.epoch;
    await this.step((work) => heard(work, { leaf, account: other.state.ownAccount, epoch: known ?? name }));
  }

  // ---- coming back

  /** Asks the others, follows one, and offers its external commit. `asks`: for so long already. */
  async comeBack(others: readonly ForkDevice[], asks = 0): Promise<void> {
    const { provider, now } = this.world;
    const { conversation } = this.state;
    const { leafKey, credential, bundle } = await this.newLeaf();
    const id = expectOk(hexToBytes(conversation), "conversation");
    const asked = await makeRejoinRequest(provider, {
      conversation: id,
      leafKey,
      credential,
      epoch: null,
      attempt: 0,
      now: now(),
    });
    const before = beforeOf(this.state, this.group);
    const judged: JudgedAnswer[] = [];
    const outs: OfferedGroup[] = [];
    for (const other of others) {
      const sealed = await other.answer(asked.request);
      const answer = sealed === null ? null : await openRejoinAnswer(provider, asked, sealed);
      if (answer?.kind === "out") outs.push(...[judgeOut(this.#leaves, answer, lastKnown(this.state))].filter(isThere));
      const good = answer?.kind === "in" ? await judgeAnswer(this.#deps, before, answer) : null;
      if (good !== null) judged.push(good);
    }
    const followed = answerToFollow(before, judged, outs, { broughtBy: null, isInside: false, asks });
    if (followed === null) return;
    if (followed === "removed") {
      this.told.push({ kind: "removed", commits: [] });
      return;
    }
    const work = await knock(this.#deps, before, followed, bundle);
    if (typeof work === "string") throw new Error(work);
    await this.#save(work, this.group);
    await this.repeatKnock();
  }

  /** What a member says to a request; `null` for what it does not answer. */
  async answer(request: Uint8Array): Promise<Uint8Array | null> {
    const { provider, now } = this.world;
    const { conversation, session } = this.state;
    const around = { conversation: expectOk(hexToBytes(conversation), "conversation"), now: now() };
    const opened = await openRejoinRequest(provider, request, { ...around, isWelcome: () => "yes" });
    const place = placeOf(this.state, session.head);
    if (!opened.ok || place === null || sealing(this.state) !== "open") return null;
    const leafKey = this.cipher.ownLeafKey(this.group);
    const isHere = this.#leaves.some(({ account }) => account === opened.value.account);
    if (!isHere) return sealedOf(await makeRejoinOut(provider, opened.value, leafKey));
    const made = await makeRejoinAnswer(provider, opened.value, {
      groupInfo: await this.cipher.exportGroupInfo(this.group),
      place: {
        wrapKey: place.wrapKey,
        nodes: place.nodes.map(({ hint, mailbox }) => ({ hint, seed: mailbox.seed })),
      },
      start: { lineDepth: 0, tips: [] },
      leafKey,
    });
    return sealedOf(made);
  }

  get #leaves(): readonly GroupLeaf[] {
    return readLeaves(this.cipher.members(this.group)) ?? [];
  }

  async repeatKnock(): Promise<void> {
    const own = this.state.knock;
    for (const { hint, mailbox } of own?.nodes ?? []) {
      const home = this.#reach(hint.keyHash);
      if (own === null || home === null) continue;
      const receipt = await home.offer(mailbox.publicKey, own.envelopes);
      home.publish(mailbox.publicKey, own.envelopes);
      if (receipt === null) await this.step(async (work) => knockRefused(work, home.id));
    }
    await this.act();
  }

  #reach(keyHash: Uint8Array): SlotNode | null {
    const found = this.world.nodes.find(({ id }) => id === bytesToHex(keyHash));
    return found?.isUp === true && this.isOnline ? found : null;
  }

  // ---- the store

  async #save(work: ForkWork, before: Group | null): Promise<void> {
    const changes = work.changes();
    for (const change of changes) this.#apply(change);
    if (work.group !== before) this.#savedGroup = this.cipher.save(work.group);
    this.#state = work.state;
    this.#group = work.group;
    this.#todo.push(...work.actions);
  }

  #apply(change: StoreChange): void {
    if ("put" in change && change.put === "part") this.#records.set(change.record.id, change.record);
    else if ("delete" in change) this.#records.delete(change.key);
    else if ("forgetParts" in change) {
      for (const [id, { kind }] of this.#records) if (change.kinds.includes(kind)) this.#records.delete(id);
    } else throw new TypeError("a change that forks do not make");
  }

  #newDeps(): ForkDeps {
    const { provider, now, random } = this.world;
    const store = { get: async (_table: "part", id: string) => this.#records.get(id) ?? null };
    return { cipher: this.cipher, provider, store, cache: new GroupCache(), now, random };
  }
}

/** Somebody else's device joins by a Welcome. */
export async function joined(device: ForkDevice, welcome: Uint8Array, bundle: KeyPackageBundle): Promise<void> {
  const group = expectOk(await device.cipher.join(welcome, bundle), "welcome");
  await device.begin(group);
}

const isThere = <T>(value: T | null): value is T => value !== null;

function sealedOf(made: Uint8Array | null): Uint8Array | null {
  const message = made === null ? null : decodeRejoinMessage(made);
  return message?.ok === true && message.value.kind === "answer" ? message.value.sealed : null;
}
