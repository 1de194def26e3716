/** The shape of spec/vectors/mls-xwing.json: what one member received, and what must come of it. Byte strings are hex. */
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
