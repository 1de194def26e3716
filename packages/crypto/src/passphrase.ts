/**
 * A random 32-byte key wrapped by a passphrase: Argon2id (RFC 9106), then AES-256-GCM. The record carries its parameters,
 * so that they can grow; what is read is bounded, since a record from elsewhere must not ask for all of the memory.
 */
import { bytes, decode, encode, err, literal, ok, struct, uint, utf8ToBytes, type Result } from "@xchat/codec";
import type { CryptoProvider } from "./provider.ts";
import { openSecretBox, SECRET_BOX_OVERHEAD, sealSecretBox } from "./secret-box.ts";

export interface PassphraseParameters {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** RFC 9106, section 4, second recommended option (with one lane in place of four): about 0.3 s. */
export const DEFAULT_PASSPHRASE_PARAMETERS: PassphraseParameters = { memoryKiB: 64 * 1024, passes: 3 };

const KEY_LENGTH = 32;
const SALT_LENGTH = 16;
const AAD = utf8ToBytes("xchat/1 wrapped key");

const wrappedKey = struct({
  version: literal(1, "unknown-version"),
  memoryKiB: uint(1024 * 1024),
  passes: uint(16),
  salt: bytes({ length: SALT_LENGTH }),
  box: bytes({ length: KEY_LENGTH + SECRET_BOX_OVERHEAD }),
});

export interface UnwrapError {
  readonly reason: "wrong-passphrase" | "malformed" | "unknown-version";
}

/** @param key 32 bytes. @throws RangeError for another length, or an empty passphrase. */
export async function wrapKey(
  provider: CryptoProvider,
  passphrase: string,
  key: Uint8Array,
  parameters: PassphraseParameters = DEFAULT_PASSPHRASE_PARAMETERS,
): Promise<Uint8Array> {
  if (key.length !== KEY_LENGTH) throw new RangeError("a wrapped key has 32 bytes");
  if (passphrase === "") throw new RangeError("a passphrase is not empty");
  const salt = provider.randomBytes(SALT_LENGTH);
  const stretched = await stretch(provider, passphrase, salt, parameters);
  const box = await sealSecretBox(provider, stretched, AAD, key);
  return encode(wrappedKey, { version: 1 as const, ...pick(parameters), salt, box });
}

export async function unwrapKey(
  provider: CryptoProvider,
  passphrase: string,
  wrapped: Uint8Array,
): Promise<Result<Uint8Array, UnwrapError>> {
  const record = decode(wrappedKey, wrapped);
  if (!record.ok) return err({ reason: record.error.reason === "unknown-version" ? "unknown-version" : "malformed" });
  const { memoryKiB, passes, salt, box } = record.value;
  if (memoryKiB < 8 || passes < 1) return err({ reason: "malformed" });
  if (passphrase === "") return err({ reason: "wrong-passphrase" });
  const key = await openSecretBox(provider, await stretch(provider, passphrase, salt, { memoryKiB, passes }), AAD, box);
  return key === null ? err({ reason: "wrong-passphrase" }) : ok(key);
}

const pick = ({ memoryKiB, passes }: PassphraseParameters): PassphraseParameters => ({ memoryKiB, passes });

/** The same text typed on another keyboard can come in other code points: NFKC makes them one. */
const stretch = (
  provider: CryptoProvider,
  passphrase: string,
  salt: Uint8Array,
  { memoryKiB, passes }: PassphraseParameters,
): Promise<Uint8Array> =>
  provider.argon2id({
    password: utf8ToBytes(passphrase.normalize("NFKC")),
    salt,
    memoryKiB,
    passes,
    length: KEY_LENGTH,
  });
