/**
 * What a newcomer is given besides the Welcome, so that they can begin: where the log stands, who had been there before,
 * and what people call themselves (spec/group.md, section 9). It comes from whoever added them, through the chat with them.
 *
 * GR30 All of it is that person's word. It decides nothing that commits decide: state and leaves come from the Welcome,
 *     events count by their author's signature.
 */
import {
  bytes,
  decode,
  encode,
  hexBytes,
  list,
  literal,
  struct,
  uint,
  type CodecType,
  type DecodeError,
  type Result,
} from "@xchat/codec";
import { MAX_DEPTH } from "../event/header.ts";
import { nameCodec } from "../first-contact/person-text.ts";
import { accountIdCodec } from "../identity/account-id.ts";
import { MAX_AUTHORS } from "../log/state.ts";

/** Of the Welcome: a group of 2,048 leaves with short chains. */
const MAX_WELCOME_BYTES = 3 * 1024 * 1024;

const hash = hexBytes(32);

const codec = struct({
  version: literal(1, "unknown-version"),
  conversation: hash,
  welcome: bytes({ max: MAX_WELCOME_BYTES }),
  /** Everybody who is or was in the group, as far as the sender knows. */
  leaves: list(struct({ leafKey: hash, account: accountIdCodec }), { max: MAX_AUTHORS }),
  /** The newest event of each author: history begins behind them. */
  start: list(struct({ author: hash, sequence: uint(), id: hash, depth: uint(MAX_DEPTH) }), { max: MAX_AUTHORS }),
  people: list(struct({ account: accountIdCodec, name: nameCodec }), { max: MAX_AUTHORS }),
  /** Where the line of the commit stands that added the newcomer (GR23). */
  lineDepth: uint(MAX_DEPTH),
});

export type Introduction = CodecType<typeof codec>;

export const encodeIntroduction = (introduction: Introduction): Uint8Array => encode(codec, introduction);
export const decodeIntroduction = (encoded: Uint8Array): Result<Introduction, DecodeError> => decode(codec, encoded);
