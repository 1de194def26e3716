export { mlsGroupCipher } from "./group-cipher.ts";
