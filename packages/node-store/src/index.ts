export { DEFAULT_STORE_LIMITS, openEmbeddedStore, type EmbeddedStoreOptions } from "./embedded.ts";
export { GroupCommit, type GroupCommitOptions } from "./group-commit.ts";
export {
  StoreUnavailable,
  type MailboxState,
  type NodeStore,
  type StoredBlob,
  type StoredRow,
  type StoredSlot,
  type StoreLimits,
  type StoreOperation,
  type StoreOutcome,
  type StoreRefusal,
  type StoreUsage,
} from "./port.ts";
