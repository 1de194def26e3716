/** The dedicated worker of the leading tab: protocol, store and sockets. Peer connections live in its page. */
import { createClient } from "@xchat/client";
import type { Clock, NodeHint } from "@xchat/client/ports";
import { portChannel, serveApi } from "@xchat/client/rpc";
import { base64UrlToBytes } from "@xchat/codec";
import { domCryptoProvider } from "@xchat/crypto/dom";
import { beginSqlite, opfsStoreOpener } from "@xchat/store-sqlite/dom";
import { nodeConnector, workerDirectTransport } from "@xchat/transport/dom";
import type { WorkerStart, WorkerWord } from "./bridge/words.ts";

/** The largest piece, on its way while the rest is made ready. */
const loadSqlite = beginSqlite();

const clock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, call) => {
    // Longer waits than a timer can hold are cut: whoever waits looks at the clock again.
    const timer = setTimeout(call, Math.min(milliseconds, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The node that served the app; none when it cannot be asked. */
async function servingNode(): Promise<readonly NodeHint[]> {
  const answer = await fetch("/config.json", { credentials: "omit", cache: "no-store" });
  if (!answer.ok) return [];
  const { node } = (await answer.json()) as {
    readonly node?: { readonly address?: unknown; readonly keyHash?: unknown };
  };
  if (typeof node?.address !== "string" || typeof node.keyHash !== "string") return [];
  const keyHash = base64UrlToBytes(node.keyHash);
  return keyHash.ok && keyHash.value.length === 32 ? [{ address: node.address, keyHash: keyHash.value }] : [];
}

/** Somebody new has nobody yet, and waits for none of it. */
const loadConversations = (): Promise<typeof import("./conversations.ts")> => import("./conversations.ts");

async function start({ api, peers, origin, deviceName, isKept }: WorkerStart): Promise<void> {
  // Whoever has been here has chats, most likely: not only once the store has been looked at.
  if (isKept) loadConversations().catch(() => {});
  const provider = await domCryptoProvider();
  const client = await createClient({
    provider,
    stores: opfsStoreOpener({ name: "xchat", provider, now: () => Date.now(), loadSqlite }),
    connector: nodeConnector({ provider, clock }),
    direct: workerDirectTransport(peers),
    clock,
    deviceName,
    defaultNodes: () => servingNode().catch(() => []),
    linkBase: `${origin}/`,
    loadConversations: async () => (await loadConversations()).loadedConversations(provider),
  });
  serveApi(client.api, portChannel(api));
  addEventListener("message", (event: MessageEvent<unknown>) => {
    if (event.data === "end") void client.close().finally(() => say({ kind: "ended" }));
  });
  say({ kind: "ready" });
}

const say = (word: WorkerWord): void => postMessage(word);

addEventListener(
  "message",
  (event: MessageEvent<WorkerStart>) => {
    start(event.data).catch((error: unknown) => {
      const code = error instanceof Error && "code" in error ? String(error.code) : "internal";
      say({ kind: "failed", code, detail: String(error) });
    });
  },
  { once: true },
);
