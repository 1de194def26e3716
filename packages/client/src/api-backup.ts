/**
 * The account backup and the way back by the 24 words, as a person sees them. A part of the contract in `api.ts`; the
 * same promises hold (A1 to A3). What they do is law: spec/account-backup.md.
 */
import type { ConversationId } from "./api.ts";

/** `{ view: "backup" }`: what would bring this account back if every device were lost. */
export type BackupView =
  /** No profile is open. */
  | { readonly state: "none" }
  /** The words were taken off this device before it knew how to write backups: typed once, they turn it on. */
  | { readonly state: "off" }
  | {
      readonly state: "on";
      /** Of the newest backup that this device made; null before the first. */
      readonly madeAt: number | null;
      /** Something has changed since, and is written soon. */
      readonly isBehind: boolean;
      /** The person's own nodes, and whether the newest backup lies there whole. */
      readonly nodes: readonly { readonly address: string; readonly isStored: boolean }[];
      /** How many of `nodes` have it. */
      readonly storedAt: number;
      /** The first of the copies expires then, unless this device renews it, which it does 60 days before; null: none. */
      readonly expiresAt: number | null;
      /** More people and chats than a backup can hold: the eldest are left out. */
      readonly isCut: boolean;
    };

/** A chat that the backup brought back by name, and that no member has been reached for yet. */
export interface RecoveredChatView {
  readonly id: ConversationId;
  readonly kind: "pair" | "group";
  readonly name: string;
  /** The other person of a pair. */
  readonly accountId: string | null;
  readonly isVerified: boolean;
  /** `asked`: members are being asked to let this device in. `unreachable`: only a new invitation helps. */
  readonly state: "asked" | "unreachable";
}

/** `{ view: "recovery" }`; null where this device has recovered nothing. */
export type RecoveryView = {
  readonly recoveredAt: number;
  /** Not yet back, in the order of the list of chats. */
  readonly chats: readonly RecoveredChatView[];
} | null;

/** One backup that was found. */
export interface FoundBackupView {
  readonly id: string;
  readonly name: string;
  /** `xc1…` */
  readonly accountId: string;
  /** As the device called itself that wrote it. */
  readonly deviceName: string;
  /** To the hour, by the clock of that device. */
  readonly writtenAt: number;
  readonly contacts: number;
  readonly chats: number;
}

export interface BackupSearchView {
  /** Best first. The first is proposed, and the person may take another: a thief can have written the newest. */
  readonly found: readonly FoundBackupView[];
  /** How many of `found` stand level; above 1, two of them contradict each other. */
  readonly level: number;
  readonly nodes: readonly {
    readonly address: string;
    /** `behind`: it gave an older backup than another node did. */
    readonly state: "answered" | "behind" | "unreachable";
  }[];
}

export interface BackupIntents {
  /**
   * Looks for backups of the words at these nodes (none: those of this app) and at those that a backup names. Nothing
   * of the words leaves the device. What was found is held for `recoverAccount` until the next search.
   */
  findBackups: [{ readonly words: string; readonly nodes: readonly string[] }, BackupSearchView];
  /** Becomes the person of a backup that was found, on this device; every other device is out from then on. */
  recoverAccount: [{ readonly backup: string; readonly passphrase: string | null }, void];
  /** Lets go of what a search has found, and of the words. */
  forgetSearch: [Record<never, never>, void];
  /** Where the backup is `off`. */
  turnOnBackup: [{ readonly words: string }, void];
  /**
   * Other words: those of before recover nothing any more with whoever has seen it. `words`: the present ones, where this
   * device does not have them. The new ones are then to be written down, as at the beginning.
   */
  changeWords: [{ readonly words: string | null }, void];
  /** Writes what has changed now, and tries nodes again that failed. */
  writeBackup: [Record<never, never>, void];
  /** Takes a chat that has not come back off the list. */
  dropRecoveredChat: [{ readonly chat: ConversationId }, void];
}

export const BACKUP_ERROR_CODES = [
  /** Not 24 words. */
  "words-incomplete",
  /** One of them is on no list. */
  "words-unknown",
  /** All are on the list, and they do not belong together: one is wrong, or two have changed places. */
  "words-mistyped",
  /** Sound words, of another account or of before a change of words. */
  "words-of-another",
  /** The account has other words since. */
  "words-rotated-away",
  /** The list of devices has no room for one more change. */
  "chain-full",
  /** What was found is not held any more: search again. */
  "backup-gone",
] as const;
