export { chainPin, judgeChainPin, type ChainPin, type ChainPinVerdict } from "./chain-pin.ts";
export {
  decodeSupply,
  DEVICE_SUPPLY_BODY_KIND,
  encodePackages,
  encodeSnapshotWanted,
  encodeWanted,
  type DeviceSupply,
  type SuppliedPackage,
} from "./device-supply.ts";
export {
  decodeDeviceWork,
  deviceWorkStep,
  encodeDeviceWork,
  noteDeviceWork,
  startDeviceWork,
  type AccountFacts,
  type Chore,
  type ConversationFacts,
  type DeviceWork,
  type DeviceWorkEffect,
  type DeviceWorkOutcome,
  type DeviceWorkStep,
} from "./device-work.ts";
export {
  decodeHistoryMessage,
  decodeHistoryOffer,
  encodeHistoryMessage,
  encodeHistoryOffer,
  fillChunk,
  HISTORY_ITEM_TAG,
  HISTORY_WINDOW,
  MAX_CHUNK_BYTES,
  openChunk,
  openManifest,
  sealChunk,
  sealManifest,
  transferKey,
  TRANSFER_ID_BYTES,
  type HistoryBoundary,
  type HistoryManifest,
  type HistoryMessage,
  type HistoryOffer,
  type HistoryRecord,
} from "./history-format.ts";
export { importRecord, type HistoryRefusal, type HistoryRules, type Imported } from "./history-import.ts";
export {
  historyIntakeStep,
  readHistoryOffer,
  restoreIntake,
  saveIntake,
  type HistoryIntake,
  type HistoryIntakeEffect,
  type HistoryIntakeInput,
  type HistoryIntakeStep,
} from "./history-receive.ts";
export {
  decodeLinkCode,
  encodeLinkCode,
  LINK_CODE_LIFETIME_MS,
  linkRendezvous,
  MAX_LINK_TEXT,
  type LinkCode,
  type LinkCodeReason,
  type LinkRendezvous,
} from "./link-code.ts";
export {
  existingLinkStep,
  LINK_DIGIT_TRIES,
  startExistingLink,
  type ExistingLink,
  type ExistingLinkEffect,
  type ExistingLinkInput,
  type ExistingLinkStep,
  type LinkEnd,
  type LinkEnvironment,
  type LinkStartRefusal,
} from "./link-existing.ts";
export {
  newLinkStep,
  startNewLink,
  type NewLink,
  type NewLinkEffect,
  type NewLinkInput,
  type NewLinkStep,
} from "./link-new.ts";
export {
  decodeSyncEvent,
  decodeSyncSnapshot,
  encodeSyncEvents,
  encodeSyncSnapshot,
  SYNC_BODY_KIND,
  SYNC_SNAPSHOT_BODY_KIND,
  type SyncSnapshotPart,
} from "./sync-event.ts";
export {
  REGISTERS,
  writeRegister,
  type RegisterKey,
  type RegisterName,
  type RegisterValue,
  type SyncOperation,
} from "./sync-registers.ts";
export {
  EMPTY_SYNC,
  foldSync,
  hasRoom,
  listRegister,
  readRegister,
  writesOf,
  type StampedWrite,
  type SyncState,
  type SyncStep,
} from "./sync-state.ts";
