export { chooseBackup, type BackupChoice, type FoundBackup } from "./backup-choice.ts";
export {
  backupPartCount,
  backupReader,
  BACKUP_PART_BYTES,
  openBackup,
  sealBackup,
  type BackupReader,
  type BackupRefusal,
  type OpenedBackup,
} from "./backup-box.ts";
export {
  decodeBackupContent,
  encodeBackupContent,
  MAX_BACKUP_CONTACTS,
  MAX_BACKUP_CONVERSATIONS,
  type BackupContact,
  type BackupContent,
  type BackupConversation,
} from "./backup-content.ts";
export {
  BACKUP_HALVES,
  BACKUP_SLOTS,
  backupHalf,
  backupKeys,
  backupOpenSeed,
  backupOwnerSeed,
  backupPlace,
  MAX_BACKUP_PARTS,
  slotOrder,
  type BackupKeys,
  type BackupPlace,
} from "./backup-keys.ts";
export { contentFromRegisters, registersFromContent, type BackupFacts } from "./backup-registers.ts";
export { backupBlobs, findBackups, type FetchBlob } from "./backup-search.ts";
export {
  BACKUP_HOURS,
  backupStep,
  decodeBackupSchedule,
  encodeBackupSchedule,
  noteBackup,
  startBackupSchedule,
  type BackupEffect,
  type BackupOutcome,
  type BackupSchedule,
  type BackupStep,
} from "./backup-schedule.ts";
export { recoverAccount, recoveryBase, rotateWords, type RecoveryRefusal } from "./recovery.ts";
export {
  decodeRecoveryWork,
  encodeRecoveryWork,
  noteRecoveryWork,
  recoveryWorkStep,
  startRecoveryWork,
  type RecoveryEffect,
  type RecoveryOutcome,
  type RecoveryStep,
  type RecoveryStepResult,
  type RecoveryWork,
  type RejoinState,
} from "./recovery-work.ts";
