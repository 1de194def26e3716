export {
  openGroupCard,
  sealGroupCard,
  type GroupCard,
  type GroupCardInput,
  type OpenedGroupCard,
} from "./group-card.ts";
export {
  decodeGroupLinkCode,
  encodeGroupLinkCode,
  type GroupLinkCode,
  type GroupLinkReason,
} from "./group-link-code.ts";
export { openJoinRequest, sealJoinRequest, type JoinRequestInput, type OpenedJoinRequest } from "./join-request.ts";
export {
  ANSWER_SEED_BYTES,
  answerPlace,
  groupCardKeys,
  groupLinkKeys,
  isSoundLink,
  type AnswerPlace,
  type GroupLinkKeys,
} from "./link-keys.ts";
export {
  ANSWER_WAIT_MS,
  judgeJoin,
  judgeJoined,
  liveLinks,
  MAX_ANSWERED_AGE_MS,
  mayLetIn,
  staleLinks,
  type JoinedRefusal,
  type JoinQuestion,
  type JoinRefusal,
} from "./link-rules.ts";
