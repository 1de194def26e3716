/**
 * What a node holds and tells, looked at from outside: its folder and its logs, after two people met and talked, hold
 * no text, name, account id, invitation secret or client address.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bech32mToBytes, expectOk } from "@xchat/codec";
import { decodeInvitationCode } from "@xchat/protocol";
import { meet, person, startNodeProcess, until, untilTexts } from "@xchat/testkit";
import { expect, test } from "vitest";

const SECRET_TEXT = "the meeting point is the old lighthouse";

test("a node's folder and logs hold nothing of what was said, by whom, or from where", async () => {
  const node = await startNodeProcess();
  const nodes = [node.hint];
  const alice = await person({ name: "Alice Liddell", nodes });
  const bob = await person({ name: "Bob Cratchit", nodes });
  try {
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await alice.api.call("sendMessage", { chat: alicesChat, text: SECRET_TEXT });
    await untilTexts(bob.api, bobsChat, [SECRET_TEXT]);
    const [invitation] = await until(alice.api, { view: "invitations" }, (all) => all.length > 0);
    const decoded = decodeInvitationCode(invitation?.code ?? "");
    if (!decoded.ok) throw new Error("the invitation does not decode");
    const ids = await Promise.all(
      [alice, bob].map(async ({ api }) => {
        const profile = await until(api, { view: "profile" }, ({ state }) => state === "ready");
        return profile.state === "ready" ? profile.accountId : "";
      }),
    );
    await node.stop();
    const held = await everything(node.dataFolder);
    expect(held.length).toBeGreaterThan(8_192);
    const forbidden: readonly (readonly [string, Uint8Array | string])[] = [
      ["text", SECRET_TEXT],
      ["name", "Alice Liddell"],
      ["name", "Bob Cratchit"],
      ["greeting", "It is Bob Cratchit"],
      ["invitation secret", decoded.value.secret],
      ["hash of the inviter", decoded.value.accountIdHash],
      ["chat", Buffer.from(alicesChat, "hex")],
      ...ids.flatMap((id): readonly (readonly [string, Uint8Array | string])[] => [
        ["account id", id],
        ["account id bytes", expectOk(bech32mToBytes("xc", id), "account id")],
      ]),
    ];
    const printed = Buffer.from(node.stdout() + node.stderr());
    for (const [what, value] of forbidden) {
      const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(value);
      expect({ what, inFolder: held.includes(bytes), inLog: printed.includes(bytes) }).toEqual({
        what,
        inFolder: false,
        inLog: false,
      });
    }
    // The greeting names the node's own address; the structured lines after it name nobody's.
    const lines = printed
      .toString()
      .split("\n")
      .filter((line) => line.startsWith("{"));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toMatch(/127\.0\.0\.1|::1|\d+\.\d+\.\d+\.\d+/u);
    expect(held.includes(Buffer.from("127.0.0.1"))).toBe(false);
  } finally {
    await alice.close();
    await bob.close();
    await node.remove();
  }
});

async function everything(folder: string): Promise<Buffer> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const parts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name))),
  );
  return Buffer.concat(parts);
}
