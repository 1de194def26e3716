/** What the outbox still has to do, as it lies in the store. */
import {
  bool,
  bytes,
  decode,
  encode,
  expectOk,
  list,
  struct,
  text,
  uint,
  variants,
  word,
  type CodecType,
} from "@xchat/codec";
import { nodeHintCodec } from "@xchat/protocol";

const MAX_ENVELOPES = 16;
const envelopes = list(bytes({ max: 65_536 }), { min: 1, max: MAX_ENVELOPES });

const mailboxTarget = struct({
  hint: nodeHintCodec,
  seed: bytes({ length: 32 }),
  publicKey: bytes({ length: 32 }),
  isStored: bool,
});

const inboxTarget = struct({ hint: nodeHintCodec, isStored: bool });

const itemCodec = variants({
  /** A message of a conversation, sealed: the same bytes are sent however often it takes. */
  message: [
    0,
    {
      /**
       * `event`: an event and nothing else. `state`: what is said once and must arrive, by itself or riding on an event:
       * acknowledgements, consent, names. `answer`: to somebody who has asked by a link, into mailboxes of theirs.
       */
      purpose: word("event", "signal", "commit", "state", "answer"),
      /** Hex id of the event that it carries; empty where it carries none. */
      eventId: text(64),
      epoch: uint(),
      envelopes,
      targets: list(mailboxTarget, { min: 1, max: 8 }),
      expiresAt: uint(),
    },
  ],
  /** A request to a contact inbox. */
  request: [
    1,
    {
      inboxPublicKey: bytes({ length: 32 }),
      envelope: bytes({ max: 65_536 }),
      targets: list(inboxTarget, { min: 1, max: 8 }),
      expiresAt: uint(),
    },
  ],
  /** An event that waits to be sealed: for an acceptance, or for a commit to be settled. */
  unsealed: [2, { eventId: text(64) }],
});

export type OutboxItem = CodecType<typeof itemCodec>;
export type MessageItem = Extract<OutboxItem, { kind: "message" }>;
export type RequestItem = Extract<OutboxItem, { kind: "request" }>;
export type SendableItem = MessageItem | RequestItem;

export const encodeItem = (item: OutboxItem): Uint8Array => encode(itemCodec, item);
export const decodeItem = (stored: Uint8Array): OutboxItem => expectOk(decode(itemCodec, stored), "outbox item");

export const storedCount = (item: SendableItem): number => item.targets.filter((target) => target.isStored).length;

/** A commit counts with receipts of more than half of the home nodes: no second one of that epoch can have as many. */
export const isCertified = (item: MessageItem): boolean => storedCount(item) > item.targets.length / 2;
