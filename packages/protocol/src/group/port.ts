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

export interface CommitChange {
  readonly committer: Member;
  readonly added: readonly Member[];
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
    | "own-message"
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
  | { readonly kind: "commit"; readonly change: CommitChange; readonly group: Group };

export interface CommitInput {
  readonly add?: readonly Uint8Array[];
  readonly removeLeaves?: readonly number[];
  /** Replaces the policy extension. Never in one commit with a removal. */
  readonly policy?: Uint8Array;
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
   * @throws Error with code "not-committable" for what no receiver would accept, and in a group that removed this device.
   */
  commit(
    group: Group,
    input: CommitInput,
  ): Promise<{ readonly commit: Uint8Array; readonly welcome: Uint8Array | null; readonly group: Group }>;
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

  exportSecret(group: Group, label: string, context: Uint8Array, length: number): Promise<Uint8Array>;
  members(group: Group): readonly Member[];
  policy(group: Group): Uint8Array;

  /** Own Ed25519 leaf secret key: events are signed with it. */
  ownLeafKey(group: Group): KeyPair;

  save(group: Group): SavedGroup;
  /** @throws Error with code "store-damaged" when the saved bytes are not a group of this version. */
  restore(saved: SavedGroup): Group;
}
