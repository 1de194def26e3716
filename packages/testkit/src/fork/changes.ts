/** What people want in the tests of forks, as the commit that it takes in the group as it is. */
import { bytesToHex, expectOk } from "@xchat/codec";
import {
  currentState,
  decodeGroupState,
  encodeCommitNote,
  encodeGroupState,
  leavesToCut,
  readLeaves,
  standing,
  withAdmin,
  type AccountId,
  type CommitInput,
  type CommitNote,
  type Group,
  type GroupCipher,
  type GroupLeaf,
  type GroupState,
} from "@xchat/protocol";

export type Change =
  | { readonly kind: "update" }
  | { readonly kind: "name"; readonly to: string }
  | { readonly kind: "remove"; readonly account: AccountId }
  | { readonly kind: "admin"; readonly account: AccountId; readonly isAdmin: boolean }
  | { readonly kind: "add"; readonly who: string };

export const isDecreeChange = (change: Change): boolean =>
  change.kind === "remove" || (change.kind === "admin" && !change.isAdmin);

interface Around {
  readonly cipher: GroupCipher;
  readonly group: Group;
  /** How many events this device has written. */
  readonly events: number;
  readonly keyPackageOf: (who: string) => Promise<Uint8Array>;
}

/** `null`: it is done already, or cannot be done here. */
export async function commitInputOf(around: Around, change: Change): Promise<CommitInput | null> {
  const { cipher, group } = around;
  const state = expectOk(decodeGroupState(cipher.policy(group)), "state");
  const members = cipher.members(group);
  const leaves = readLeaves(members) ?? [];
  const note = (next: GroupState, after: readonly GroupLeaf[]): Uint8Array => {
    const keys = leavesToCut({ state, leaves }, { state: next, leaves: after });
    return encodeCommitNote({ ...placeOf(around), cut: keys.map((leafKey) => ({ leafKey, sequence: null })) });
  };
  const withState = (next: GroupState): CommitInput => ({
    policy: encodeGroupState(next),
    authenticatedData: note(next, leaves),
  });
  const current = currentState(standing(state, leaves));
  switch (change.kind) {
    case "update":
      return { authenticatedData: note(state, leaves) };
    case "name":
      return current.name === change.to ? null : withState({ ...current, name: change.to });
    case "admin": {
      const next = withAdmin(standing(state, leaves), change.account, change.isAdmin);
      const isThere = leaves.some(({ account }) => account === change.account);
      return isThere && next.admins.join() !== current.admins.join() ? withState(next) : null;
    }
    case "remove": {
      const gone = leaves.filter(({ account }) => account === change.account);
      const removeLeaves = members
        .filter(({ signatureKey }) => gone.some(({ leafKey }) => leafKey === bytesToHex(signatureKey)))
        .map(({ leaf }) => leaf);
      if (removeLeaves.length === 0) return null;
      return {
        removeLeaves,
        authenticatedData: note(
          state,
          leaves.filter((leaf) => !gone.includes(leaf)),
        ),
      };
    }
    case "add":
      return { add: [await around.keyPackageOf(change.who)], authenticatedData: note(state, leaves) };
  }
}

const placeOf = ({ events }: Around): Pick<CommitNote, "place" | "unknown"> => ({
  place: { depth: events, previous: events === 0 ? null : { sequence: events - 1, id: eventName(events - 1) } },
  unknown: [],
});

const eventName = (sequence: number): string => sequence.toString(16).padStart(64, "0");
