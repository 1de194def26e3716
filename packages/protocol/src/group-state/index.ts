export {
  decodeGroupRecord,
  encodeGroupRecord,
  type GroupAction,
  type GroupRecord,
  type PermissionName,
} from "./actions.ts";
export {
  currentState,
  isLinkInForce,
  withAdmin,
  withLeaving,
  withLink,
  withLinkRevoked,
  withOwner,
  withRejoinSeed,
} from "./change.ts";
export { epochRanks, isDecree, type EpochRanks } from "./fork-facts.ts";
export { decodeIntroduction, encodeIntroduction, type Introduction } from "./introduction.ts";
export { judgeChange, refuseCommit, type ConversationRefusal } from "./conversation-rules.ts";
export { judgeCommit, type CommitDescription, type CommitRefusal, type JudgedCommit } from "./judge.ts";
export { isSameAccount, readLeaf, readLeaves, type ChainRules, type GroupLeaf } from "./leaf.ts";
export {
  decodeCommitNote,
  depthOfLine,
  EMPTY_NOTE,
  encodeCommitNote,
  judgeNote,
  leavesToCut,
  type CommitNote,
  type CutEntry,
  type NoteRefusal,
} from "./note.ts";
export {
  MAX_PICTURE_BYTES,
  MAX_PICTURE_SIDE,
  openPicture,
  pictureOwnerSeed,
  picturePlace,
  readPicture,
  sealPicture,
  type PictureRefusal,
  type ReadPicture,
} from "./picture.ts";
export { rejoinInbox, type RejoinInbox } from "./rejoin-inbox.ts";
export {
  advanceRights,
  ALL_RIGHTS,
  decodeRights,
  encodeRights,
  rightsAt,
  startRights,
  withRightsLike,
  type Rights,
  type RightsHistory,
} from "./rights.ts";
export { mayAct, RANK, rankOf, roleOf, standing, type GroupRole, type Rank, type Standing } from "./roles.ts";
export {
  decodeGroupState,
  encodeGroupState,
  MAX_ADMINS,
  MAX_DESCRIPTION_BYTES,
  MAX_GROUP_ACCOUNTS,
  MAX_GROUP_LEAVES,
  MAX_GROUP_STATE_BYTES,
  MAX_JOIN_LINKS,
  newDevicesState,
  newGroupState,
  newPairState,
  OPEN_PERMISSIONS,
  sortedAccounts,
  type GroupState,
  type Holder,
  type JoinLink,
  type PairPart,
  type Permissions,
  type Picture,
  type RejoinSeed,
} from "./state.ts";
export {
  planCommit,
  type CommitPlan,
  type Situation,
  type StateChange,
  type WishedChange,
  type WishRefusal,
} from "./wish.ts";
