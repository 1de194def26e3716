/**
 * Argon2id (RFC 9106, version 0x13, one lane) by hash-wasm: its WebAssembly is the same on every platform. Loaded at the
 * first use, since it is a tenth of what a browser would load before it can show anything.
 */
import type { Argon2idInput } from "./provider.ts";

export async function argon2id(input: Argon2idInput): Promise<Uint8Array> {
  const { argon2id: hashWasmArgon2id } = await import("hash-wasm");
  return hashWasmArgon2id({
    password: input.password,
    salt: input.salt,
    parallelism: 1,
    memorySize: input.memoryKiB,
    iterations: input.passes,
    hashLength: input.length,
    outputType: "binary",
  });
}
