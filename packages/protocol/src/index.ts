export type * from "./group/port.ts";
export { isNodeAddress, MAX_NODE_ADDRESS_BYTES, MAX_NODE_HINTS, nodeHintCodec, type NodeHint } from "./node-hint.ts";
export {
  decodeMessageContent,
  DISPOSITION,
  encodeMessageContent,
  MAX_CONTENT_BYTES,
  type ExternalFields,
  type Expiration,
  type MessageContent,
  type Part,
  type PartBody,
  type PartSemantics,
} from "./content/mimi.ts";
export {
  contentMeaning,
  deletionContent,
  forwardedContent,
  MAX_REACTION_BYTES,
  MAX_TEXT_BYTES,
  pinContent,
  reactionContent,
  textContent,
  timerExpiration,
  type ContentMeaning,
  type TextInput,
} from "./content/meaning.ts";
export { MAX_MENTIONS, type Mention } from "./content/marks.ts";
export {
  comparePlaces,
  relatedIds,
  viewEvent,
  type MessageBody,
  type ViewContent,
  type ViewEvent,
  type ViewMention,
} from "./content/view-event.ts";
export {
  disappearsAt,
  judgeRow,
  MAX_REACTIONS_OF_PERSON,
  MAX_VERSIONS,
  type MessageRow,
  type Outcome,
  type Reaction,
  type Row,
  type Version,
  type ViewContext,
} from "./content/row.ts";
export { foldView, MAX_PINNED, relatedTo, relationIndex, type View } from "./content/view.ts";
export * from "./group-state/index.ts";
export { decodeBody, decodeNotice, encodeNotice, type BodyKind, type EventBody, type Notice } from "./event/body.ts";
export {
  createEvent,
  decodeEvent,
  encodeEvent,
  eventId,
  MAX_EVENT_BYTES,
  openEvent,
  verifyEvent,
  type NewEvent,
  type SignedEvent,
} from "./event/event.ts";
export { MAX_PARENTS, type EventAuthor, type EventHeader } from "./event/header.ts";
export {
  ENVELOPE_LARGE,
  ENVELOPE_SHORT,
  ENVELOPE_SMALL,
  envelopeHash,
  isEnvelopeSize,
  MAX_SEALED_BYTES,
  openEnvelope,
  sealEnvelopes,
  sealShortEnvelope,
  type EnvelopeRefusal,
  type Fragment,
  type Frame,
  type Whole,
} from "./envelope/envelope.ts";
export { collectFragment, emptyReassembly, type Collected, type Reassembly } from "./envelope/reassembly.ts";
export { epochKeys, epochWrapKey, type EpochKeys, type ExportSecret } from "./conversation/epoch-keys.ts";
export {
  decodePayload,
  encodePayload,
  itemBytes,
  MAX_GIVE_EVENTS,
  MAX_ONE_TIME_KEY_PACKAGES,
  MAX_PARCEL_PARTS,
  MAX_PAYLOAD_BYTES,
  packPayloads,
  PARCEL_PART_BYTES,
  type Ack,
  type AckEntry,
  type PayloadItem,
  type Position,
  type SequenceRange,
  type Signal,
  type Want,
} from "./conversation/payload.ts";
export {
  decodePolicy,
  encodePolicy,
  pairPolicy,
  POLICY_EXTENSION_TYPE,
  PROTOCOL_VERSION,
  type ConversationKind,
  type ConversationPolicy,
  type PolicyAccount,
  type Role,
} from "./conversation/policy.ts";
export * from "./identity/index.ts";
export * from "./first-contact/index.ts";
export * from "./group-link/index.ts";
export * from "./wire/index.ts";
export * from "./descriptor/index.ts";
export * from "./relay/index.ts";
export * from "./exchange/index.ts";
export * from "./mailbox/index.ts";
export * from "./fork/index.ts";
export * from "./rejoin/index.ts";
export * from "./devices/index.ts";
export * from "./account-backup/index.ts";
export {
  decodeDirectFrame,
  encodeDirectFrame,
  MAX_DIRECT_FRAME_BYTES,
  type DirectFrame,
} from "./conversation/direct-frame.ts";
export {
  ACK_PATIENCE,
  MAX_IN_FLIGHT,
  directStep,
  isDirectOpen,
  startDirect,
  type DirectEffect,
  type DirectEnvironment,
  type DirectInput,
  type DirectState,
  type DirectStep,
} from "./conversation/direct-session.ts";
export { judgePairCommit, type PairRefusal } from "./conversation/pair-rules.ts";
export {
  ACK_DELAY,
  ackDueAt,
  MAX_ACK_MEMBERS,
  markRead,
  nextAck,
  receiveAck,
  receiveRead,
  type AckFacts,
  type Outgoing,
  type PositionFacts,
} from "./log/acknowledge.ts";
export { decodeLog, encodeLog } from "./log/log-codec.ts";
export { sayingAll, underNewLeaf } from "./log/new-leaf.ts";
export { appended, prepareOwn, receiveEvent } from "./log/receive.ts";
export { nothingMoreOf, sayingAgain } from "./log/said-again.ts";
export { answerWant, nextRepair, repairDueAt, type RepairInput } from "./log/repair.ts";
export {
  eventFacts,
  gapStart,
  lookupKeys,
  missingCount,
  startLog,
  type AuthorLog,
  type EventFacts,
  type Hex,
  type KnownEvent,
  type Log,
  type LogEffect,
  type LogStep,
  type Lookup,
  type WantRange,
} from "./log/state.ts";
