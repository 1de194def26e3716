/**
 * Groups, and what several people in one chat add to views and intents. The other half of the contract in `api.ts`; the
 * same promises hold (A1 to A3). Who may do what is law: spec/group.md.
 */
import type { ConversationId, KnownPersonView } from "./api.ts";

export type GroupRole = "owner" | "admin" | "member";
/** Who holds a permission. */
export type GroupHolder = "everyone" | "admins" | "owner";
export type GroupPermissionName = "write" | "add" | "info" | "pin";

/** Somebody as this person knows them: by petname, else by the name that they gave, else by a short form of the id. */
export interface PersonView {
  readonly accountId: string;
  readonly name: string;
  readonly isSelf: boolean;
  /** Among the contacts of this person. */
  readonly isContact: boolean;
}

export interface MemberView extends PersonView {
  readonly role: GroupRole;
  /** Leaves of this account. */
  readonly devices: number;
  /** Has asked to leave; the next commit of anybody takes them out. */
  readonly isLeaving: boolean;
  readonly isVerified: boolean;
  /** What this person may do to them now: judged by the law, so a button that shows works. */
  readonly canRemove: boolean;
  readonly canSetRole: boolean;
}

export interface GroupLinkView {
  /** Hex of the hash by which the state names it. */
  readonly id: string;
  readonly by: PersonView;
  readonly needsApproval: boolean;
  readonly expiresAt: number | null;
  /** `preparing`: the group, or every node, has yet to learn of it; who opens it finds nothing until then. */
  readonly state: "preparing" | "open";
  /** Complete link and bare code, for whoever may add; null for others. */
  readonly link: string | null;
  readonly code: string | null;
  readonly canRevoke: boolean;
}

/** Somebody who asks by a link that needs an admin's yes; shown to those whose yes it takes. */
export interface JoinRequestView {
  readonly id: string;
  readonly person: PersonView;
  readonly greeting: string;
  readonly receivedAt: number;
}

/** What a link to a group shows, before anything is sent. */
export interface GroupLinkPreview {
  readonly group: ConversationId;
  /** "" where it has none. */
  readonly name: string;
  readonly description: string;
  /** As many as there were when the link was made or renewed. */
  readonly members: number;
  readonly needsApproval: boolean;
  /** Who made the link, by the name that they give themselves. */
  readonly by: { readonly name: string; readonly accountId: string; readonly known: KnownPersonView | null };
  readonly nodes: readonly string[];
  /** This person is in it already. */
  readonly existingChat: ConversationId | null;
  /** This device has asked already, and waits. */
  readonly isAsked: boolean;
}

/** A group that this device has asked to come into by a link. Once it is in, there is a chat of the same id. */
export interface JoiningView {
  readonly group: ConversationId;
  readonly name: string;
  /** Who made the link. */
  readonly by: string;
  readonly needsApproval: boolean;
  readonly askedAt: number;
  /** `sending`: no node has the request yet. `over`: nobody has answered, and the link is not good any more. */
  readonly state: "sending" | "waiting" | "over";
}

/** Everything about one group but its messages: `{ view: "group", chat }`. */
export interface GroupView {
  readonly name: string;
  readonly description: string;
  /** `id` is another for another picture. Not here: it has not come yet, or cannot be shown. */
  readonly picture: { readonly id: string; readonly isHere: boolean } | null;
  readonly members: readonly MemberView[];
  readonly role: GroupRole | null;
  readonly permissions: Readonly<Record<GroupPermissionName, GroupHolder>>;
  /** What this person may do now. */
  readonly may: {
    readonly write: boolean;
    readonly add: boolean;
    readonly info: boolean;
    readonly pin: boolean;
    /** Permissions, timer, nodes, links of others. */
    readonly administrate: boolean;
    readonly passOn: boolean;
  };
  /** Seconds, or null where messages stay. */
  readonly disappearAfter: number | null;
  readonly links: readonly GroupLinkView[];
  readonly joinRequests: readonly JoinRequestView[];
  /** Changes that are wanted and have not become an epoch yet, in order, in the words of `GroupActionView`. */
  readonly pending: readonly { readonly id: string; readonly action: GroupActionView }[];
  /** Nothing is sealed while somebody whose removal was undone is in the group (spec/fork-rule.md, FR17). */
  readonly hold: { readonly people: readonly PersonView[] } | null;
}

/** One thing that a commit did. `person` is whom it concerns. */
export type GroupActionView =
  | { readonly kind: "created" }
  | {
      readonly kind: "added" | "removed" | "left" | "device-added" | "device-removed" | "rejoined" | "role-ended";
      readonly person: PersonView;
    }
  | { readonly kind: "role"; readonly person: PersonView; readonly to: GroupRole }
  | { readonly kind: "leaving"; readonly person: PersonView; readonly isLeaving: boolean }
  | { readonly kind: "name"; readonly to: string | null }
  | {
      readonly kind: "description" | "picture" | "home-nodes" | "link-made" | "link-revoked" | "came-by-link" | "other";
    }
  /** Said behind the others of one commit: it does not count any more. What it was there for may have been done again. */
  | { readonly kind: "undone" }
  | { readonly kind: "permission"; readonly name: GroupPermissionName; readonly to: GroupHolder }
  | { readonly kind: "timer"; readonly to: number | null };

/** A line of a chat: who changed what. `by` null: nobody, such as a group that had to heal. */
export interface RecordView {
  readonly by: PersonView | null;
  readonly actions: readonly GroupActionView[];
}

export interface GroupIntents {
  /** A group of this person, and of these contacts once they have been added. It can be written to at once. */
  createGroup: [
    { readonly name: string; readonly description: string; readonly members: readonly string[] },
    { readonly chat: ConversationId },
  ];
  setGroupInfo: [{ readonly chat: ConversationId; readonly name?: string; readonly description?: string }, void];
  /**
   * A JPEG as base64url, of at most 256 by 256 pixels and 32,752 bytes: what it carries beside its pixels is left out. Null
   * takes the picture away.
   */
  setGroupPicture: [{ readonly chat: ConversationId; readonly jpeg: string | null }, void];
  /** The picture that the views name, as base64url; null where it is not here. */
  groupPicture: [{ readonly chat: ConversationId }, { readonly id: string; readonly jpeg: string } | null];
  /** By account id; contacts only. They are in when a commit has been applied: until then it is `pending`. */
  addMembers: [{ readonly chat: ConversationId; readonly members: readonly string[] }, void];
  removeMember: [{ readonly chat: ConversationId; readonly accountId: string }, void];
  /** `owner` passes the group on. */
  setRole: [{ readonly chat: ConversationId; readonly accountId: string; readonly role: GroupRole }, void];
  setPermission: [
    { readonly chat: ConversationId; readonly name: GroupPermissionName; readonly holder: GroupHolder },
    void,
  ];
  /** Seconds; null: messages stay. In a chat of two as well. */
  setDisappearing: [{ readonly chat: ConversationId; readonly seconds: number | null }, void];
  leaveGroup: [{ readonly chat: ConversationId }, void];
  /** Takes back what is still pending. */
  cancelPending: [{ readonly chat: ConversationId; readonly id: string }, void];
  /** The person has read about the hold and writes all the same. */
  writeAllTheSame: [{ readonly chat: ConversationId }, void];
  createGroupLink: [
    { readonly chat: ConversationId; readonly needsApproval: boolean; readonly days: number | null },
    { readonly id: string; readonly link: string; readonly code: string },
  ];
  revokeGroupLink: [{ readonly chat: ConversationId; readonly id: string }, void];
  answerJoinRequest: [{ readonly chat: ConversationId; readonly id: string; readonly accept: boolean }, void];
  /** Takes a whole link or the code alone, as `previewInvitation` does. */
  previewGroupLink: [{ readonly text: string }, GroupLinkPreview];
  /** Asks to come in. `chat`: null until somebody has let this person in; then it is `group`. */
  joinGroup: [
    { readonly text: string; readonly greeting: string },
    { readonly group: ConversationId; readonly chat: ConversationId | null },
  ];
  /** The person waits no more, or has seen that it is over. */
  giveUpJoining: [{ readonly group: ConversationId }, void];
}

export const GROUP_ERROR_CODES = [
  "group-not-permitted",
  "group-not-a-contact",
  "group-picture-unsuitable",
  "group-too-large",
  "group-pending-gone",
  "group-link-gone",
  "group-link-is-invitation",
  "group-links-full",
] as const;
