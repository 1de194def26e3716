/** The 24 words, as a person types them. */
import { RECOVERY_WORD_COUNT, wordsToEntropy } from "@xchat/crypto";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { askPassphrase } from "../prompt.ts";
import { standardInput } from "../standard-input.ts";
import { ERROR_WORDS } from "../words.ts";
import { UsageError } from "./command.ts";

/** From the terminal without echo, else from the standard input. What is wrong with them is said before anybody is asked. */
export async function askWords(): Promise<string> {
  const typed =
    (await askPassphrase(`Your ${RECOVERY_WORD_COUNT} words (they are not shown): `)) ?? (await standardInput());
  const read = wordsToEntropy(nodeCryptoProvider(), typed);
  if (read.ok) read.value.fill(0);
  else if (read.error.reason === "unknown-word") {
    throw new UsageError(`Word ${read.error.position} is not on the list. Look at its spelling.`);
  } else if (read.error.reason === "wrong-word-count") {
    throw new UsageError(`These are ${read.error.count} words and not ${RECOVERY_WORD_COUNT}.`);
  } else throw new UsageError(ERROR_WORDS["words-mistyped"].words);
  return typed;
}
