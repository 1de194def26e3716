/**
 * One person on several devices: linking one more, the list of them, and what follows when it changes. The same promises
 * hold as in `api.ts` (A1 to A3). The law is spec/devices.md.
 */

/** Why a link ended. `other-…`: the other device said so. */
export type LinkEndReason =
  | LinkEndCause
  /** The other device has ended it. */
  | `other-${LinkEndCause}`;

export type LinkEndCause =
  | "cancelled"
  | "denied"
  | "digits-mismatch"
  | "two-devices"
  | "timeout"
  | "chain-refused"
  | "protocol";

/**
 * Where a link stands, on either side: `code` to `added` on the device that is in the account, `meeting` to `joined` on
 * the one that will be. One at a time.
 */
export type LinkView =
  | { readonly kind: "none" }
  /** To be shown as a square code and as text, until it is answered or has expired. */
  | { readonly kind: "code"; readonly code: string; readonly expiresAt: number }
  /** A device that calls itself so has answered: the person types the digits that it shows. */
  | { readonly kind: "digits"; readonly deviceName: string; readonly triesLeft: number }
  /** The digits were right; the person has to say yes on the new device. */
  | { readonly kind: "confirming"; readonly deviceName: string }
  | { readonly kind: "adding"; readonly deviceName: string }
  | { readonly kind: "added"; readonly deviceName: string }
  /** Waits for the device that showed the code, at these nodes. */
  | { readonly kind: "meeting"; readonly nodes: readonly string[] }
  | { readonly kind: "showing"; readonly digits: string }
  /** Whose device will this be? The name is what that person is called by themselves. */
  | { readonly kind: "asking"; readonly accountId: string; readonly name: string }
  | { readonly kind: "joining" }
  | { readonly kind: "joined" }
  /** `isListed`: the account lists a device that was not let in: it is to be removed there, and linked anew. */
  | {
      readonly kind: "ended";
      readonly side: "existing" | "new";
      readonly reason: LinkEndReason;
      readonly isListed: boolean;
      readonly deviceName: string;
    };

export interface DeviceView {
  /** Hex of its key in the account's chain. */
  readonly id: string;
  /** Null where no device has told it yet. */
  readonly name: string | null;
  readonly isThis: boolean;
  /** To the hour, as the device claims that added it. */
  readonly addedAt: number;
  /** Listed, and in the conversation of the own devices. One that is not was never let in. */
  readonly isLinked: boolean;
}

/** What this device gets, or got last, from another one of the person's. */
export interface HistoryTakeView {
  /** The device that gives. */
  readonly device: string;
  /** `asked`: the person has to say yes there. `waiting`: that device is away, or a chat has not come here yet. */
  readonly state: "asked" | "coming" | "waiting" | "done" | "stopped" | "declined";
  /** Of `total` bytes, so many are here; both 0 before it has begun. */
  readonly done: number;
  readonly total: number;
  /** Messages, and what belongs to them, that were new here. */
  readonly events: number;
  /** What was left out: it was not as its author has written it, or of nobody who was there. */
  readonly refused: number;
}

/** What another device of the person's asks of this one. */
export interface HistoryGiveView {
  readonly device: string;
  /** `asks`: the person has to answer here. */
  readonly state: "asks" | "preparing" | "giving";
  readonly done: number;
  readonly total: number;
}

export interface DevicesView {
  /** In the order in which they were added. */
  readonly devices: readonly DeviceView[];
  /** The account does not list this device any more: it keeps what it has, and neither sends nor receives. */
  readonly isRemoved: boolean;
  /** What is still to be done since the list has changed; null where nothing is. */
  readonly work: {
    readonly total: number;
    readonly done: number;
    readonly failing: readonly { readonly chat: string; readonly reason: string }[];
  } | null;
  readonly history: {
    readonly take: HistoryTakeView | null;
    readonly give: readonly HistoryGiveView[];
    /** This device came to the account later than others, and has got nothing from them yet. */
    readonly isOffered: boolean;
  };
}

export interface DeviceIntents {
  /** Makes a code. Whoever has set a passphrase gives it: the person is there, and not somebody at an open device. */
  startLink: [{ readonly passphrase: string | null }, void];
  typeLinkDigits: [{ readonly digits: string }, void];
  /** The device that asks is not the one in the person's hand. */
  denyLink: [Record<never, never>, void];
  /** On a device without a profile. `passphrase` is that of the store that will be made on it. */
  enterLinkCode: [{ readonly text: string; readonly deviceName: string; readonly passphrase: string | null }, void];
  /** The person has seen whose account it is. */
  acceptLink: [Record<never, never>, void];
  /** Ends the link that is under way on this device, or puts away one that is over. */
  endLink: [Record<never, never>, void];
  renameDevice: [{ readonly id: string; readonly name: string }, void];
  /** Takes it off the account's list, and out of every conversation, for good. */
  removeDevice: [{ readonly id: string; readonly passphrase: string | null }, void];
  /** Asks another device for what was said before this one came. The person answers there. */
  askHistory: [{ readonly id: string }, void];
  /** Ends what is on its way to this device, or puts away how it ended; or says that nothing is wanted. */
  endHistory: [Record<never, never>, void];
  answerHistory: [{ readonly id: string; readonly isAllowed: boolean }, void];
  /** Ends what is on its way from this device. */
  stopGivingHistory: [{ readonly id: string }, void];
}

export const DEVICE_ERROR_CODES = [
  "link-code-malformed",
  "link-code-mistyped",
  "link-code-newer-version",
  "link-code-is-invitation",
  "link-none",
  "device-too-many",
  "device-chain-full",
  "device-removed",
  "device-missing",
  "device-is-this",
  "history-gone",
] as const;
