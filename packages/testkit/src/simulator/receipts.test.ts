/** What nodes of a simulated world sign for is what its devices hold it to: else no commit would ever have a certificate. */
import { expectOk } from "@xchat/codec";
import { CheapKeys, cheapCryptoProvider } from "@xchat/crypto/simulation";
import { isStatementFor, statementOf } from "@xchat/protocol";
import { expect, test } from "vitest";
import { Random } from "./random.ts";
import { World } from "./world.ts";

test.each(["cheap", "real"] as const)(
  "[FR3] a receipt for a commit is for its hash: %s cryptography",
  async (suite) => {
    const world = new World({ seed: 1, suite });
    const [node] = world.nodes;
    const provider = world.plainProvider;
    const mailbox = await provider.ed25519KeyPair(provider.randomBytes(32));
    const keys = { seed: mailbox.secretKey.slice(0, 32), publicKey: mailbox.publicKey };
    const envelopes = [provider.randomBytes(100), provider.randomBytes(90)];
    const stored = await node?.access().depositCommit({ context: "", mailbox: keys, envelopes });
    if (stored?.ok !== true) throw new Error("the node refused it");
    const hash = provider.sha256(new Uint8Array(envelopes.flatMap((envelope) => [...provider.sha256(envelope)])));
    const statement = expectOk(statementOf(stored.value.bytes), "receipt");
    expect(isStatementFor(statement, { mailbox: mailbox.publicKey, hash, kind: "commit" })).toBe(true);
    const { sha256 } = cheapCryptoProvider(new CheapKeys(), new Random(1, "other").word);
    expect(isStatementFor(statement, { mailbox: mailbox.publicKey, hash: sha256(hash), kind: "commit" })).toBe(false);
  },
);
