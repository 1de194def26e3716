/**
 * The shape of spec/vectors/mls-xwing.json, and what all such stories have: what one member received, and what must come of
 * it. Byte strings are hex.
 */
export interface FrozenStory {
  readonly description: string;
  /** Milliseconds since 1970: the clock of the member. */
  readonly now: number;
  readonly keyPackage: string;
  readonly privatePart: string;
  readonly welcome: string;
  readonly joined: FrozenEpoch;
  readonly steps: readonly FrozenStep[];
  /** The group as it was saved after the last step, by the version that made this file. */
  readonly saved: { readonly epochPart: string; readonly ratchetPart: string };
}

/** The shape of spec/vectors/mls-xwing-external.json. */
export interface FrozenExternalStory extends FrozenStory {
  /** What the one who rejoins was given, and what came of it; `saved` after the message that it then sent. */
  readonly rejoin: {
    readonly groupInfo: string;
    readonly epoch: number;
    readonly signer: number;
    readonly members: readonly string[];
    readonly replacedLeaf: number;
    readonly ownLeaf: number;
    readonly after: FrozenEpoch;
    readonly saved: FrozenStory["saved"];
  };
  /** A snapshot of the last epoch (its epoch part is that of `saved`), and a commit that ends it. */
  readonly snapshot: { readonly ratchetPart: string; readonly candidate: string; readonly after: FrozenEpoch };
}

export interface FrozenEpoch {
  readonly epoch: number;
  readonly policy: string;
  /** exportSecret("frozen", "", 32). */
  readonly exporter: string;
  /** `leaf signatureKey credential` for each member. */
  readonly members: readonly string[];
}

export type FrozenStep =
  | {
      readonly message: string;
      readonly opens: "application";
      readonly sender: number;
      readonly epoch: number;
      readonly plaintext: string;
      readonly authenticatedData: string;
    }
  | { readonly message: string; readonly opens: "commit"; readonly committer: number; readonly after: FrozenEpoch }
  | { readonly message: string; readonly opens: "nothing"; readonly reason: string };
