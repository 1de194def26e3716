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
  groupLinkKeys,
  isSoundLink,
  type AnswerPlace,
  type GroupLinkKeys,
} from "./link-keys.ts";
