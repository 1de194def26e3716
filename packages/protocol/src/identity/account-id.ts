/**
 * Account ids (spec/identity.md, section 2): the SHA-256 of a genesis operation, so that an id outlives every key.
 *
 * ID1 The text is bech32m (BIP-350) of the 32 bytes with the prefix `xc`; it is written in lower case, and read in
 *     one case only, with white space around it ignored.
 */
import {
  bech32mToBytes,
  bytes,
  bytesToBech32m,
  bytesToHex,
  err,
  expectOk,
  mapped,
  ok,
  type Brand,
  type Codec,
  type Result,
} from "@xchat/codec";
import type { CryptoProvider } from "@xchat/crypto";

/** `xc1…`, 61 characters, lower case, checksum good. Made by the functions of this file only. */
export type AccountId = Brand<string, "AccountId">;

export const ACCOUNT_ID_BYTES = 32;
const PREFIX = "xc";

export function parseAccountId(text: string): Result<AccountId, { readonly reason: "account-id-malformed" }> {
  const decoded = bech32mToBytes(PREFIX, text.trim());
  // The library reads the prefix in lower case only after it has lowered a wholly upper-case text.
  if (!decoded.ok || decoded.value.length !== ACCOUNT_ID_BYTES) return err({ reason: "account-id-malformed" });
  return ok(accountIdOfBytes(decoded.value));
}

/** Every row on the screen names people: the same few ids are written again and again. */
const MAX_WRITTEN = 4_096;
const written = new Map<string, AccountId>();

/** @throws RangeError unless there are 32 bytes. */
export function accountIdOfBytes(idBytes: Uint8Array): AccountId {
  if (idBytes.length !== ACCOUNT_ID_BYTES) throw new RangeError("an account id has 32 bytes");
  const key = bytesToHex(idBytes);
  const known = written.get(key);
  if (known !== undefined) return known;
  if (written.size === MAX_WRITTEN) written.clear();
  const id = bytesToBech32m(PREFIX, idBytes) as AccountId;
  written.set(key, id);
  return id;
}

export const accountIdToBytes = (id: AccountId): Uint8Array => expectOk(bech32mToBytes(PREFIX, id), "account id");

/** Its 32 bytes, as formats have it. */
export const accountIdCodec: Codec<AccountId> = mapped(
  bytes({ length: ACCOUNT_ID_BYTES }),
  accountIdToBytes,
  accountIdOfBytes,
);

/** `genesisBytes`: the whole signed operation as it stands first in a chain. */
export const accountIdOfGenesis = (provider: CryptoProvider, genesisBytes: Uint8Array): AccountId =>
  accountIdOfBytes(provider.sha256(genesisBytes));
