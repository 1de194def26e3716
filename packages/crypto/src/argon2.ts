/** Argon2id (RFC 9106, version 0x13, one lane) by hash-wasm: its WebAssembly is the same on every platform. */
import { argon2id as hashWasmArgon2id } from "hash-wasm";
import type { Argon2idInput } from "./provider.ts";

export const argon2id = (input: Argon2idInput): Promise<Uint8Array> =>
  hashWasmArgon2id({
    password: input.password,
    salt: input.salt,
    parallelism: 1,
    memorySize: input.memoryKiB,
    iterations: input.passes,
    hashLength: input.length,
    outputType: "binary",
  });
