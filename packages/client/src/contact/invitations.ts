/**
 * Own invitations: making them, keeping their card and inbox at the nodes, reading what strangers send there.
 *
 * I1 An invitation is saved before anything of it reaches a node.
 * I2 A request is fetched into the store and waits; nothing is sent, acknowledged or shown to its sender.
 */
import { bytesToHex } from "@xchat/codec";
import {
  cardPlace,
  encodeInvitationCode,
  invitationLink,
  openRequest,
  parseAccountId,
  sealCard,
  type Invitation,
  type NodeHint,
} from "@xchat/protocol";
import { IntentError, type InvitationView, type KnownPersonView } from "../api.ts";
import { checkName } from "../base/profile.ts";
import { cursorId, type Delivered } from "../delivery/readers.ts";
import type { InvitationRecord, MailboxKey, NodeOutcome, RequestRecord, StoreChange } from "../ports.ts";
import type { SessionCore } from "../session-core.ts";
import {
  decodeSecrets,
  encodeSecrets,
  inboxKey,
  newSecrets,
  placeKey,
  spent,
  type InvitationSecrets,
} from "./invitation-secrets.ts";
import { answeredRequest } from "./incoming.ts";
import { knownPerson } from "./known.ts";
import { newOwnKeyPackage } from "./key-packages.ts";

const DAY = 86_400_000;
export const MAX_INVITATION_DAYS = 60;
const MAX_OPEN_INVITATIONS = 100;
const MAX_PENDING_REQUESTS = 500;
/** Key packages of lasting invitations are replaced after this time, one-time ones with their first use. */
export const CARD_RENEWAL = 7 * DAY;
const MAX_INVITATION_NODES = 3;

export class Invitations {
  readonly #core: SessionCore;
  readonly #records = new Map<string, InvitationRecord>();
  readonly #requests = new Map<string, RequestRecord>();
  readonly #publishing = new Set<string>();
  /** Chains in requests of people who are contacts already, by the id of the request. */
  readonly #chains = new Map<string, Uint8Array>();

  constructor(core: SessionCore) {
    this.#core = core;
  }

  async load(): Promise<void> {
    for (const record of await this.#core.store.all("invitation")) this.#records.set(record.id, record);
    for (const record of await this.#core.store.all("request")) this.#requests.set(record.id, record);
    for (const record of this.#records.values()) this.#resume(record);
    // Who has come back as the same person is read from the request itself.
    for (const { invitationId, accountId, body } of this.pendingRequests()) {
      const record = this.#records.get(invitationId);
      if (record === undefined || !this.#core.contacts.has(accountId)) continue;
      await this.#open(invitationId, decodeSecrets(record.secrets), body);
    }
  }

  // ---- views

  views(): readonly InvitationView[] {
    return [...this.#records.values()]
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .map((record) => this.#view(record));
  }

  pendingRequests(): readonly RequestRecord[] {
    return [...this.#requests.values()]
      .filter(({ state }) => state === "pending")
      .toSorted((a, b) => b.receivedAt - a.receivedAt);
  }

  request(id: string): RequestRecord {
    const request = this.#requests.get(id);
    if (request === undefined || request.state !== "pending") throw new IntentError("request-gone");
    return request;
  }

  /** Who asks, where it is a contact already. */
  knownPerson(id: string, accountId: string): KnownPersonView | null {
    return knownPerson(this.#core, accountId, this.#chains.get(id) ?? null);
  }

  label(invitationId: string): string {
    return this.#records.get(invitationId)?.label ?? "";
  }

  // ---- intents

  async create(input: {
    readonly label: string;
    readonly isLasting: boolean;
    readonly days: number;
  }): Promise<InvitationView> {
    const { store, provider, clock, pool } = this.#core;
    if ([...this.#records.values()].filter(isLive).length >= MAX_OPEN_INVITATIONS)
      throw new IntentError("node-refused");
    const nodes = pool.own.slice(0, MAX_INVITATION_NODES);
    if (nodes.length === 0) throw new IntentError("node-unreachable");
    const days = Math.min(MAX_INVITATION_DAYS, Math.max(1, Math.round(input.days)));
    const secrets = await newSecrets(provider, nodes);
    const record: InvitationRecord = {
      id: bytesToHex(provider.randomBytes(16)),
      label: input.label.trim() === "" ? "" : checkName(input.label),
      isLasting: input.isLasting,
      state: "preparing",
      createdAt: clock.now(),
      expiresAt: clock.now() + days * DAY,
      uses: 0,
      secrets: encodeSecrets(secrets),
    };
    const keyPackage = await newOwnKeyPackage(this.#core, record);
    await store.write([
      { put: "invitation", record },
      { put: "keyPackage", record: keyPackage },
    ]);
    this.#records.set(record.id, record);
    this.#changed();
    await this.#publish(record.id);
    this.#read(record, "not-at-first");
    return this.#view(this.#records.get(record.id) ?? record);
  }

  async revoke(id: string): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) return;
    await this.#end(record, "revoked");
  }

  /** A device that was removed knows their secrets. */
  async revokeAll(): Promise<void> {
    for (const record of [...this.#records.values()].filter(isLive)) await this.#end(record, "revoked");
  }

  /** Changes that end a one-time invitation, or count a use of a lasting one, to be written with the acceptance. */
  useChanges(invitationId: string): readonly StoreChange[] {
    const record = this.#records.get(invitationId);
    if (record === undefined) return [];
    const used: InvitationRecord = {
      ...record,
      secrets: record.isLasting ? record.secrets : encodeSecrets(spent(decodeSecrets(record.secrets))),
      uses: record.uses + 1,
      state: record.isLasting ? record.state : "used",
    };
    return [{ put: "invitation", record: used }];
  }

  /** After the acceptance is saved. */
  async used(invitationId: string): Promise<void> {
    const record = await this.#core.store.get("invitation", invitationId);
    if (record === null) return;
    this.#records.set(record.id, record);
    if (record.state === "used") this.#takeDown(record);
    this.#changed();
  }

  async settleRequest(request: RequestRecord, state: "declined" | "gone"): Promise<void> {
    const record = answeredRequest(request, "declined");
    await this.#core.store.write([
      state === "gone" ? { delete: "request", key: request.id } : { put: "request", record },
    ]);
    this.forgetRequest(request.id, state === "gone" ? null : record);
  }

  forgetRequest(id: string, replacement: RequestRecord | null): void {
    if (replacement === null) this.#requests.delete(id);
    else this.#requests.set(id, replacement);
    this.#core.topics.mark("requests");
  }

  /** Ends what has expired, renews what is due. Called from time to time. */
  async maintain(): Promise<void> {
    const now = this.#core.clock.now();
    for (const record of this.#records.values()) {
      if (!isLive(record)) continue;
      if (record.expiresAt <= now) await this.#end(record, "expired");
      else if (record.isLasting) await this.#renew(record);
    }
    for (const request of this.#requests.values()) {
      if (request.receivedAt + MAX_INVITATION_DAYS * DAY < now) await this.settleRequest(request, "gone");
    }
  }

  // ---- below: publishing

  #resume(record: InvitationRecord): void {
    if (!isLive(record)) return;
    this.#read(record, "always");
    if (record.state === "preparing") this.#core.background.run(this.#publish(record.id));
  }

  /** Resolves after the first node has the card, or after the first round of failures; goes on by itself. */
  async #publish(id: string): Promise<void> {
    if (this.#publishing.has(id)) return;
    this.#publishing.add(id);
    const record = this.#records.get(id) as InvitationRecord;
    const secrets = decodeSecrets(record.secrets);
    const card = await this.#card(record, secrets);
    await new Promise<void>((resolve) => {
      const tries = secrets.nodes.map((hint) => this.#publishAt(record, secrets, card, hint, resolve));
      this.#core.background.run(
        Promise.all(tries).finally(() => this.#publishing.delete(id)),
        resolve,
      );
    });
  }

  async #publishAt(
    record: InvitationRecord,
    secrets: InvitationSecrets,
    card: Uint8Array,
    hint: NodeHint,
    onFirstRound: () => void,
  ): Promise<void> {
    const { pool, clock } = this.#core;
    for (;;) {
      const current = this.#records.get(record.id);
      if (current === undefined || !isLive(current) || current.expiresAt <= clock.now() || this.#core.isClosed())
        return onFirstRound();
      const outcome = await this.#putCard(record, secrets, card, hint);
      pool.report(hint, outcome);
      if (outcome.ok) {
        await this.#opened(record.id);
        return onFirstRound();
      }
      onFirstRound();
      if (outcome.error.kind === "refused") return;
      await new Promise<void>((resolve) => {
        const again = (): void => {
          if (pool.mayTry(hint, again)) resolve();
        };
        again();
      });
    }
  }

  async #putCard(
    { expiresAt }: InvitationRecord,
    secrets: InvitationSecrets,
    blob: Uint8Array,
    hint: NodeHint,
  ): Promise<NodeOutcome<void>> {
    const access = this.#core.pool.access(hint);
    const opened = await access.openInbox({ inbox: inboxKey(secrets), expiresAt });
    if (!opened.ok) return opened;
    const place = cardPlace(this.#core.provider, secrets.secret);
    return access.putBlob({ place, owner: placeKey(secrets), version: secrets.cardVersion, blob, expiresAt });
  }

  async #opened(id: string): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined || record.state !== "preparing") return;
    const open: InvitationRecord = { ...record, state: "open" };
    this.#records.set(id, open);
    await this.#core.store.write([{ put: "invitation", record: open }]);
    this.#changed();
  }

  async #card(record: InvitationRecord, secrets: InvitationSecrets): Promise<Uint8Array> {
    const { provider, profile, store, clock } = this.#core;
    const keyPackages = (await store.all("keyPackage")).filter(({ invitationId }) => invitationId === record.id);
    const newest = keyPackages.toSorted((a, b) => b.createdAt - a.createdAt).slice(0, 1);
    return sealCard(provider, {
      secret: secrets.secret,
      chain: profile().chain,
      deviceSeed: profile().deviceSeed,
      name: profile().name,
      keyPackages: newest.map(({ keyPackage }) => keyPackage),
      inbox: { mailbox: secrets.inboxPublicKey, requestKey: secrets.requestPublicKey, nodes: secrets.nodes },
      isLasting: record.isLasting,
      issuedAt: clock.now(),
      expiresAt: record.expiresAt,
    });
  }

  async #renew(record: InvitationRecord): Promise<void> {
    const { store, clock } = this.#core;
    const own = (await store.all("keyPackage")).filter(({ invitationId }) => invitationId === record.id);
    const newest = Math.max(0, ...own.map(({ createdAt }) => createdAt));
    if (newest + CARD_RENEWAL > clock.now()) return;
    const secrets = decodeSecrets(record.secrets);
    const renewed: InvitationRecord = {
      ...record,
      secrets: encodeSecrets({ ...secrets, cardVersion: secrets.cardVersion + 1 }),
    };
    const keyPackage = await newOwnKeyPackage(this.#core, record);
    // The one before stays usable for those who have fetched it and not yet written.
    const stale = own.filter(({ createdAt }) => createdAt < newest);
    await store.write([
      { put: "invitation", record: renewed },
      { put: "keyPackage", record: keyPackage },
      ...stale.map(({ id }): StoreChange => ({ delete: "keyPackage", key: id })),
    ]);
    this.#records.set(record.id, renewed);
    await this.#publish(record.id);
  }

  async #end(record: InvitationRecord, state: "revoked" | "expired"): Promise<void> {
    const { store } = this.#core;
    const keyPackages = (await store.all("keyPackage")).filter(({ invitationId }) => invitationId === record.id);
    const isWanted = (id: string): boolean => this.pendingRequests().some(({ invitationId }) => invitationId === id);
    // A request that has come already can still be accepted, and needs its key package.
    const gone = isWanted(record.id) ? [] : keyPackages;
    const secrets = isWanted(record.id) ? record.secrets : encodeSecrets(spent(decodeSecrets(record.secrets)));
    const ended: InvitationRecord = { ...record, state, secrets };
    await store.write([
      { put: "invitation", record: ended },
      ...gone.map(({ id }): StoreChange => ({ delete: "keyPackage", key: id })),
    ]);
    this.#records.set(record.id, ended);
    this.#takeDown(ended);
    this.#changed();
  }

  #takeDown(record: InvitationRecord): void {
    const { pool, provider, readers } = this.#core;
    readers.remove(readerName(record.id));
    const secrets = decodeSecrets(record.secrets);
    const takeDown = async (): Promise<void> => {
      const place = cardPlace(provider, secrets.secret);
      for (const hint of secrets.nodes) {
        // What cannot be taken down now expires by itself; requests to it are not read any more.
        await pool.access(hint).removeBlob({ place, owner: placeKey(secrets), version: secrets.cardVersion + 1 });
      }
    };
    this.#core.background.run(takeDown());
  }

  // ---- below: reading

  #read(record: InvitationRecord, apart: "always" | "not-at-first"): void {
    const secrets = decodeSecrets(record.secrets);
    const key: MailboxKey = inboxKey(secrets);
    this.#core.readers.set(
      readerName(record.id),
      secrets.nodes.map((hint) => ({ hint, mailboxes: [key] })),
      (delivered) => this.#core.background.run(this.#core.lane.run(() => this.#receive(record.id, secrets, delivered))),
      { apart },
    );
  }

  async #receive(invitationId: string, secrets: InvitationSecrets, { hint, envelopes }: Delivered): Promise<void> {
    const { store, cursors, topics } = this.#core;
    const changes: StoreChange[] = [];
    const requests: RequestRecord[] = [];
    const id = cursorId(secrets.inboxPublicKey, hint);
    let last = cursors.get(id) ?? 0;
    for (const { envelope, cursor } of envelopes) {
      last = Math.max(last, cursor);
      const request = await this.#open(invitationId, secrets, envelope);
      if (request === null || this.#requests.has(request.id) || requests.some((other) => other.id === request.id))
        continue;
      if (this.pendingRequests().length + requests.length >= MAX_PENDING_REQUESTS) continue;
      requests.push(request);
      changes.push({ put: "request", record: request });
    }
    changes.push({ put: "cursor", record: { id, cursor: last } });
    await store.write(changes);
    cursors.set(id, last);
    for (const request of requests) this.#requests.set(request.id, request);
    if (requests.length > 0) topics.mark("requests");
  }

  async #open(invitationId: string, secrets: InvitationSecrets, envelope: Uint8Array): Promise<RequestRecord | null> {
    const { provider, clock, profile, contacts } = this.#core;
    const own = parseAccountId(profile().accountId);
    if (!own.ok) return null;
    const opened = await openRequest(
      provider,
      { inboxSecretKey: secrets.requestSeed, invitationSecret: secrets.secret, ownAccountId: own.value },
      envelope,
      clock.now(),
    );
    // What does not open is not for us, or not well-formed: nobody is told, and nothing is kept.
    if (!opened.ok) return null;
    if (contacts.get(opened.value.accountId)?.isBlocked === true) return null;
    const id = bytesToHex(provider.sha256(envelope));
    if (contacts.has(opened.value.accountId)) this.#chains.set(id, opened.value.chain);
    return {
      id,
      invitationId,
      accountId: opened.value.accountId,
      name: opened.value.name,
      greeting: opened.value.greeting,
      receivedAt: clock.now(),
      state: "pending",
      body: envelope,
    };
  }

  #view(record: InvitationRecord): InvitationView {
    const secrets = decodeSecrets(record.secrets);
    const code = encodeInvitationCode(this.#invitation(secrets));
    const { linkBase, clock } = this.#core;
    const { id, label, isLasting, createdAt, expiresAt, uses } = record;
    return {
      id,
      label,
      isLasting,
      // Between two rounds of maintenance, too, nobody is shown a code that no longer works.
      state: isLive(record) && expiresAt <= clock.now() ? "expired" : record.state,
      createdAt,
      expiresAt,
      uses,
      code,
      link: linkBase === null ? code : invitationLink(linkBase, code),
    };
  }

  #invitation(secrets: InvitationSecrets): Invitation {
    return { secret: secrets.secret, accountIdHash: this.#core.ownIdHash, nodes: secrets.nodes };
  }

  #changed(): void {
    this.#core.topics.mark("invitations");
  }
}

const isLive = ({ state }: InvitationRecord): boolean => state === "preparing" || state === "open";
const readerName = (invitationId: string): string => `inbox/${invitationId}`;
