/**
 * Group encryption behind a port: seal, open and policy. The log and the views see nothing else of it, so that a
 * conversation can move to another protocol version. MLS (RFC 9420) in `@xchat/mls` is the first implementation.
 *
 * G1 A group is immutable: every operation answers with the next one and leaves the given one usable.
 * G2 What was sealed or committed must not leave the device before the group that came back with it is saved:
 *    otherwise a crash could use a generation twice.
 * G3 Bytes of a peer never throw: they are refused with a reason.
 * G4 Credentials, lifetimes and commits are judged by the rules given at construction, for every member, when joining
 *    and when applying; nothing is accepted by default.
 * G5 Commits of one epoch can be tried side by side: each is weighed against the same parent (`snapshot`, `evaluate`),
 *    and only `adopt` decides where the conversation goes on. Going back and forth never uses a generation twice and
 *    opens no message a second time.
 */
import type { Result } from "@xchat/codec";
import type { Awaitable, KeyPair } from "@xchat/crypto";

/** Opaque outside the implementation. */
export interface Group {
  readonly groupId: Uint8Array;
  /** 0 for a group that nobody has been added to yet. */
  readonly epoch: number;
  readonly ownLeaf: number;
}

export interface Member {
  readonly leaf: number;
  /** What this member's credential holds: the certificate that binds `signatureKey` to an account (see identity). */
  readonly credential: Uint8Array;
  readonly signatureKey: Uint8Array;
}

export interface KeyPackageBundle {
  /** Public, as an MLSMessage. */
  readonly keyPackage: Uint8Array;
  /** Secret; belongs in the encrypted store only. Includes `leafKey`'s secret key. */
  readonly privatePart: Uint8Array;
}

/** A group as it lies in the store: the epoch once, the ratchets whenever a message moved them. */
export interface SavedGroup {
  readonly epochPart: Uint8Array;
  readonly ratchetPart: Uint8Array;
}

/** What a commit would change, described to the rules that judge it. */
export interface CommitChange {
  /** As in the epoch that the commit ends. Of an external commit: the newcomer, at the leaf that it takes. */
  readonly committer: Member;
  /** Of an external commit: the committer alone. */
  readonly added: readonly Member[];
  /** Of an external commit: exactly one, the leaf that the newcomer replaces. */
  readonly removed: readonly Member[];
  /** The new conversation policy, or `null` where it stays. */
  readonly policy: Uint8Array | null;
  readonly isExternal: boolean;
  readonly hasPath: boolean;
}

export interface GroupRules {
  /** True when the credential is valid for this key now, judged by its own chain and certificate. */
  readonly verifyCredential: (credential: Uint8Array, signatureKey: Uint8Array) => Awaitable<boolean>;
  /** True when `successor` belongs to the same account and device, and may replace it. */
  readonly isSuccessor: (credential: Uint8Array, successor: Uint8Array) => boolean;
  /** True when the owner of `successor` may replace this leaf by an external commit; `isSuccessor` where left out. */
  readonly mayRejoin?: (credential: Uint8Array, successor: Uint8Array) => boolean;
  /** Judged before a commit is applied; `null` allows it, a word refuses it. */
  readonly judgeCommit: (
    before: { readonly members: readonly Member[]; readonly policy: Uint8Array },
    change: CommitChange,
  ) => string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface GroupRefusal {
  readonly reason:
    | "malformed"
    | "wrong-group"
    /** An epoch whose keys are no longer held. */
    | "epoch-too-old"
    /** An epoch that this device has not reached: keep the message and catch up. */
    | "epoch-ahead"
    /** Its key was used and is gone: a duplicate, or a replay. */
    | "already-opened"
    | "too-many-skipped"
    | "not-authentic"
    | "credential-refused"
    | "lifetime-refused"
    | "policy-refused"
    | "not-for-this-key-package"
    /** The leaf to be replaced is not in the group, or not one that this credential may replace. */
    | "not-own-leaf"
    /** Sealed by this device, or a commit in its name. One that it does not know was made by a copy of it, or is forged. */
    | "own-message"
    /**
     * An application message that this leaf has signed and this group has not sealed: its store was restored from an old copy,
     * or was copied. To go on would use keys twice: rejoin.
     */
    | "sent-by-copy"
    | "unsupported";
  readonly detail?: string;
}

export type Opened =
  | {
      readonly kind: "application";
      readonly sender: Member;
      readonly epoch: number;
      readonly plaintext: Uint8Array;
      readonly authenticatedData: Uint8Array;
      readonly group: Group;
    }
  | ({ readonly kind: "commit" } & Commit);

/**
 * What a commit is to a fork rule, by the weightiest thing that it does: an external one before a removal (also one that
 * adds), a change of policy (also one that adds), an addition, and an update of nothing but keys or own credential.
 */
export type CommitKind = "external" | "removal" | "policy" | "addition" | "update";

/** What is known of a commit once it has been verified and judged. */
export interface CommitFacts {
  readonly commitKind: CommitKind;
  /** The epoch that it ends. */
  readonly parentEpoch: number;
  readonly change: CommitChange;
  /** Bound to the commit and signed by its author; not secret. */
  readonly authenticatedData: Uint8Array;
}

export interface Commit extends CommitFacts {
  /** The group that it leads to. */
  readonly group: Group;
}

/** Any number of additions and removals may share one commit, with one Welcome for everybody who was added. */
export interface CommitInput {
  readonly add?: readonly Uint8Array[];
  readonly removeLeaves?: readonly number[];
  /** Replaces the policy extension. Never in one commit with a removal: that is two epochs, the removal first. */
  readonly policy?: Uint8Array;
  /** Replaces the credential of one's own leaf; its signature key stays. Not in a commit that only adds: it has no path. */
  readonly credential?: Uint8Array;
  /** Signed with the commit and read by every receiver; not secret to who can open the envelope. */
  readonly authenticatedData?: Uint8Array;
}

/** What a device that wants to rejoin learns of a group before it commits. Signed by `signer`, who is one of `members`. */
export interface GroupPreview {
  readonly groupId: Uint8Array;
  readonly epoch: number;
  readonly signer: Member;
  readonly members: readonly Member[];
  readonly policy: Uint8Array;
}

export interface RejoinInput {
  /** From `exportGroupInfo` of a member. */
  readonly groupInfo: Uint8Array;
  /** Fresh, with a leaf key of its own. It is used up by this commit, whether or not the commit wins. */
  readonly keyPackage: KeyPackageBundle;
  /** The own old leaf, found among the members of the preview. */
  readonly replacedLeaf: number;
  readonly authenticatedData?: Uint8Array;
}

export interface GroupCipher {
  /** A fresh Ed25519 key for one leaf; the credential is made for it, then the key package. */
  newLeafKey(): Awaitable<KeyPair>;
  /** `lifetimeSeconds` at most 90 days; `isLastResort` marks one that many may use. */
  newKeyPackage(input: {
    readonly credential: Uint8Array;
    readonly leafKey: KeyPair;
    readonly lifetimeSeconds: number;
    readonly isLastResort: boolean;
  }): Promise<KeyPackageBundle>;
  /**
   * The member that a key package would add, checked in full (signature, lifetime, suite, credential). It has no leaf
   * yet: its `leaf` is -1.
   */
  inspectKeyPackage(keyPackage: Uint8Array): Promise<Result<Member, GroupRefusal>>;

  createGroup(input: {
    readonly groupId: Uint8Array;
    readonly keyPackage: KeyPackageBundle;
    readonly policy: Uint8Array;
  }): Promise<Group>;
  /**
   * With no input: an empty commit with a path, which heals. `welcome` comes when someone was added. A change of policy
   * has a path too; a commit that only adds has none.
   *
   * A device cannot apply its own commit from the wire: keep the group that comes back until the commit has won or lost,
   * and go on in the given one. When it has won, `adopt` carries over what the given group received in between.
   *
   * @throws Error with code "not-committable" for what no receiver would accept, in a group that removed this device, and
   *   for a snapshot.
   */
  commit(
    group: Group,
    input: CommitInput,
  ): Promise<{ readonly commit: Uint8Array; readonly welcome: Uint8Array | null } & Commit>;
  /**
   * A Welcome with the secrets of these newcomers alone: for 250 of them, the one for all has 0.3 MB more than each needs,
   * and names the key packages of the others.
   *
   * @throws Error with code "not-committable" when it is no Welcome, or does not add one of them.
   */
  welcomeFor(welcome: Uint8Array, keyPackages: readonly Uint8Array[]): Promise<Uint8Array>;
  join(welcome: Uint8Array, keyPackage: KeyPackageBundle): Promise<Result<Group, GroupRefusal>>;

  /**
   * Seals one application message to the present epoch.
   *
   * @throws Error with code "removed-from-group" after a commit that removed this device.
   */
  seal(
    group: Group,
    plaintext: Uint8Array,
    authenticatedData: Uint8Array,
  ): Promise<{ readonly message: Uint8Array; readonly group: Group }>;
  /**
   * Opens an application message, or verifies, judges and applies a commit of another member. When the commit removes
   * this device (`change.removed` has its leaf), the group that comes back still opens what was sent before.
   *
   * @throws only what one of the rules throws.
   */
  open(group: Group, message: Uint8Array): Promise<Result<Opened, GroupRefusal>>;
  /**
   * `open` for each, with the group that the one before it left; quicker than one after the other, where they are application
   * messages. What gives the same bytes as `open` uses the same keys: take all that comes, or open again from `group`.
   */
  openInOrder(group: Group, messages: readonly Uint8Array[]): Promise<readonly Result<Opened, GroupRefusal>[]>;

  /** What a message claims to be, by its framing alone; `null` for anything else. Commits are weighed, not opened. */
  messageKind(message: Uint8Array): "application" | "commit" | null;

  /**
   * What is left of a group for weighing commits that end its epoch: made before one is applied, kept until the epoch is
   * final. It opens no application message, seals and commits nothing; `evaluate`, `exportSecret`, `members`, `policy`,
   * `save` and `restore` take it. Its `epochPart` is the very bytes of the group's; its `ratchetPart` has 64 bytes and a
   * little for each member.
   */
  snapshot(group: Group): Group;
  /**
   * Verifies and judges another member's commit, external ones included, against its parent (a snapshot, or a group that
   * is still in that epoch), and leaves the parent as it is. The group that comes back is not yet where this device goes
   * on: see `adopt`. A commit that was tried can be tried again.
   *
   * @throws only what one of the rules throws.
   */
  evaluate(parent: Group, commit: Uint8Array): Promise<Result<Commit, GroupRefusal>>;
  /**
   * Goes on in `next` (from `evaluate`, `commit` or `externalRejoin`) instead of `current`, which may stand at the parent
   * of `next` or on another branch, any number of epochs on. What `current` could open can be opened still, messages of a
   * branch that lost among them; keys that it has used stay used, also when this device returns to a branch it was on.
   */
  adopt(current: Group, next: Group): Group;

  /**
   * GroupInfo with ratchet tree and external key (RFC 9420, section 12.4.3), for a device that asks to rejoin. It names
   * every member: seal it to who asked.
   *
   * @throws Error with code "removed-from-group", also for a snapshot.
   */
  exportGroupInfo(group: Group): Promise<Uint8Array>;
  /**
   * Checks a GroupInfo in full: signature, tree hash, parent hashes, every leaf and its credential, extensions. The
   * confirmation tag cannot be checked from outside (its key is the group's secret): a wrong one makes every member refuse
   * the commit that is built on it.
   */
  inspectGroupInfo(groupInfo: Uint8Array): Promise<Result<GroupPreview, GroupRefusal>>;
  /**
   * An external commit that replaces one's own leaf and does nothing else (RFC 9420, section 12.4.3.2, "resync"). It
   * travels as a PublicMessage, since its author has no secret of the epoch: wrap it for the members. The same save
   * before send, and the same `adopt`, as with `commit`.
   */
  externalRejoin(input: RejoinInput): Promise<Result<{ readonly commit: Uint8Array } & Commit, GroupRefusal>>;

  /** Of the group's present epoch; of a snapshot: of the epoch that it was made in. */
  exportSecret(group: Group, label: string, context: Uint8Array, length: number): Promise<Uint8Array>;
  members(group: Group): readonly Member[];
  policy(group: Group): Uint8Array;

  /** Own Ed25519 leaf secret key: events are signed with it. */
  ownLeafKey(group: Group): KeyPair;

  save(group: Group): SavedGroup;
  /** @throws Error with code "store-damaged" when the saved bytes are not a group of this version. */
  restore(saved: SavedGroup): Group;

  /** The `epochPart` of `save` alone: the same bytes object until a commit. */
  saveEpoch(group: Group): Uint8Array;
  /**
   * The ratchets in numbered pieces instead of one `ratchetPart`, for groups of many: a message moves one piece or two, of
   * one to three kilobytes (and 45 bytes for each message that is awaited), however large the group is. Answers with those
   * that differ from what `since` would give; `null` says: delete it, and a used secret with it. `since` is the group that
   * was saved last. Without one, as after a restart, all pieces come: delete the others. When the epoch part changed, piece
   * numbers have moved: write it and the changed pieces in one transaction.
   *
   * @throws TypeError for a snapshot: it is written once, by `save`.
   */
  saveRatchets(group: Group, since: Group | null): ReadonlyMap<number, Uint8Array | null>;
  /** From `saveEpoch` and all pieces. @throws Error with code "store-damaged". */
  restorePieces(epochPart: Uint8Array, pieces: ReadonlyMap<number, Uint8Array>): Group;
}
