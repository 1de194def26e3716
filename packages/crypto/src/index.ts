export type { Argon2idInput, Awaitable, CryptoProvider, KeyPair } from "./provider.ts";
