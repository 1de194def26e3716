/** The client's own limits, told while typing and not only after the refusal. Units as named. */
/** Bytes of UTF-8 of one message (spec: conversation events). */
export const MAX_MESSAGE_BYTES = 32_768;
/** From how many bytes left on the composer counts down. */
export const WARN_MESSAGE_BYTES = 2_000;
export const MIN_PASSPHRASE_LENGTH = 8;
/** Characters that a field for names takes; the client checks the bytes. */
export const MAX_NAME_LENGTH = 64;
export const MAX_LABEL_LENGTH = 64;
export const MAX_GREETING_LENGTH = 250;
/** Characters of what a group is for. */
export const MAX_DESCRIPTION_LENGTH = 1_000;
