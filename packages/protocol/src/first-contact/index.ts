export {
  MAX_CARD_KEY_PACKAGES,
  openCard,
  sealCard,
  type Card,
  type CardInput,
  type ContactInbox,
  type OpenedCard,
} from "./card.ts";
export { MAX_CARD_LIFETIME_MS, type CardRefusal } from "./signed-card.ts";
export { judgeCardMember, judgeWelcomedGroup, type LeafOwner } from "./first-group.ts";
export { cardKey, cardPlace, INVITATION_SECRET_BYTES } from "./invitation-keys.ts";
export {
  decodeInvitationCode,
  encodeInvitationCode,
  invitationLink,
  MAX_INVITATION_TEXT,
  type Invitation,
  type InvitationReason,
} from "./invitation.ts";
export { cleanName, MAX_GREETING_BYTES, MAX_NAME_BYTES, MAX_NAME_GRAPHEMES } from "./person-text.ts";
export { openRequest, sealRequest, type OpenedRequest, type RequestInput } from "./request.ts";
export { MAX_REQUEST_AGE_MS, type RequestRefusal } from "./signed-request.ts";
