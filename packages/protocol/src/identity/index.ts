export {
  ACCOUNT_ID_BYTES,
  accountIdCodec,
  accountIdOfBytes,
  accountIdOfGenesis,
  accountIdToBytes,
  parseAccountId,
  type AccountId,
} from "./account-id.ts";
export {
  CLOCK_TOLERANCE_MS,
  MAX_CERTIFICATE_LIFETIME_MS,
  MAX_CREDENTIAL_BYTES,
  claimedLeaf,
  isSuccessorCredential,
  makeLeafCredential,
  verifyLeafCredential,
  type CredentialReason,
  type CredentialRefusal,
  type VerifiedLeaf,
} from "./certificate.ts";
export {
  appendOperation,
  createIdentity,
  draftOperation,
  extendIdentity,
  isListedDevice,
  lastSigner,
  readOperation,
  signOperation,
  verifyChain,
  type ChainReason,
  type ChainRefusal,
  type Identity,
  type IdentityDevice,
} from "./chain.ts";
export {
  devicesWhileConflicting,
  extendsChain,
  isRecoveredAfter,
  listedDevices,
  sharedOperations,
  type Extension,
  type ForkRefusal,
} from "./fork.ts";
export { MAX_CHAIN_BYTES, MAX_DEVICES, MAX_OPERATIONS, type Action } from "./operation.ts";
export { checkSafetyCode, safetyCode, safetyNumber } from "./safety-number.ts";
export { judgePinned, type PinRefusal, type PinVerdict } from "./pin.ts";
