/**
 * What somebody on the wire sees of a connection without TLS (spec/node-api.md, N3): every WebSocket message both ways,
 * unmasked, while two people meet and talk, and a mailbox whose key is known is written and read.
 */
import { once } from "node:events";
import { bech32mToBytes, expectOk } from "@xchat/codec";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { decodeInvitationCode, WIRE_SUBPROTOCOL } from "@xchat/protocol";
import { meet, person, startNodeProcess, systemClock, until, untilTexts, type Person } from "@xchat/testkit";
import { nodeConnector } from "@xchat/transport/node";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer, type RawData } from "ws";

const SECRET_TEXT = "the meeting point is the old lighthouse";

test("[N3] without TLS the wire shows no text, name, account, invitation secret, mailbox key or envelope", async () => {
  const node = await startNodeProcess();
  const wire = await tap(node.hint.address);
  const hint = { ...node.hint, address: wire.address };
  const alice = await person({ name: "Alice Liddell", nodes: [hint] });
  const bob = await person({ name: "Bob Cratchit", nodes: [hint] });
  const provider = nodeCryptoProvider();
  const access = nodeConnector({ provider, clock: systemClock }).access(hint);
  try {
    const { alicesChat, bobsChat } = await meet(alice, bob);
    await alice.api.call("sendMessage", { chat: alicesChat, text: SECRET_TEXT });
    await untilTexts(bob.api, bobsChat, [SECRET_TEXT]);
    const { publicKey, secretKey } = await provider.ed25519KeyPair(provider.randomBytes(32));
    const envelope = provider.randomBytes(8_192);
    const deposited = await access.deposit({ context: "a", mailbox: { publicKey, seed: secretKey }, envelope });
    expect(deposited.ok).toBe(true);

    const [invitation] = await until(alice.api, { view: "invitations" }, (all) => all.length > 0);
    const decoded = decodeInvitationCode(invitation?.code ?? "");
    if (!decoded.ok) throw new Error("the invitation does not decode");
    const ids = await Promise.all([alice, bob].map(accountOf));
    const seen = wire.seen();
    // The descriptor is public: it shows that what passes is looked at as it is.
    expect(seen.includes(Buffer.from("mailbox"))).toBe(true);
    const forbidden: readonly (readonly [string, Uint8Array | string])[] = [
      ["text", SECRET_TEXT],
      ["name", "Alice Liddell"],
      ["name", "Bob Cratchit"],
      ["greeting", "It is Bob Cratchit"],
      ["invitation secret", decoded.value.secret],
      ["hash of the inviter", decoded.value.accountIdHash],
      ["chat", Buffer.from(alicesChat, "hex")],
      ["mailbox key", publicKey],
      ["part of an envelope", envelope.subarray(4_000, 4_016)],
      ...ids.flatMap((id): readonly (readonly [string, Uint8Array | string])[] => [
        ["account id", id],
        ["account id bytes", expectOk(bech32mToBytes("xc", id), "account id")],
      ]),
    ];
    const found = forbidden.filter(([, value]) => seen.includes(Buffer.from(value as string)));
    expect(found.map(([what]) => what)).toEqual([]);
  } finally {
    access.close();
    await alice.close();
    await bob.close();
    await wire.close();
    await node.remove();
  }
});

async function accountOf({ api }: Person): Promise<string> {
  const profile = await until(api, { view: "profile" }, ({ state }) => state === "ready");
  return profile.state === "ready" ? profile.accountId : "";
}

/** Stands in front of a node, hands every message on, and keeps a copy. */
async function tap(target: string) {
  const messages: Buffer[] = [];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => WIRE_SUBPROTOCOL });
  await once(server, "listening");
  server.on("connection", (client) => {
    const behind = new WebSocket(target, WIRE_SUBPROTOCOL, { perMessageDeflate: false });
    const early: RawData[] = [];
    behind.on("open", () => {
      for (const data of early.splice(0)) behind.send(data);
    });
    client.on("message", (data) => {
      messages.push(Buffer.from(data as Buffer));
      if (behind.readyState === WebSocket.OPEN) behind.send(data);
      else early.push(data);
    });
    behind.on("message", (data) => {
      messages.push(Buffer.from(data as Buffer));
      client.send(data);
    });
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      one.on("close", () => other.terminate());
      one.on("error", () => other.terminate());
    }
  });
  const { port } = server.address() as { port: number };
  return {
    address: `ws://127.0.0.1:${port}/x`,
    seen: () => Buffer.concat(messages),
    close: async () => {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, "close");
    },
  };
}
