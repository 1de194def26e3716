/** The dedicated worker of the leading tab: protocol, store and sockets. Peer connections live in its page. */
import { createClient } from "@xchat/client";
import type { Clock, NodeHint } from "@xchat/client/ports";
import { portChannel, serveApi } from "@xchat/client/rpc";
import { base64UrlToBytes } from "@xchat/codec";
import { domCryptoProvider } from "@xchat/crypto/dom";
import { opfsStoreOpener } from "@xchat/store-sqlite/dom";
import { compileSqlite } from "@xchat/store-sqlite/engine";
import { nodeConnector, workerDirectTransport } from "@xchat/transport/dom";
import { quietness } from "./bridge/quiet.ts";
import { opfsGlanceFile } from "./glance/glance-file.ts";
import { GlanceKeeper } from "./glance/keeper.ts";
import type { PageWord, WorkerStart, WorkerWord } from "./bridge/words.ts";

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

async function start({ api, peers, origin, deviceName, build, isKept }: WorkerStart): Promise<void> {
  // Whoever has been here has chats, most likely: not only once the store has been looked at.
  if (isKept) loadConversations().catch(() => {});
  const provider = await domCryptoProvider();
  const client = await createClient({
    provider,
    stores: opfsStoreOpener({ name: "xchat", provider, now: () => Date.now(), engine }),
    connector: nodeConnector({ provider, clock }),
    direct: workerDirectTransport(peers),
    clock,
    deviceName,
    defaultNodes: () => servingNode().catch(() => []),
    linkBase: `${origin}/`,
    loadConversations: async () => (await loadConversations()).loadedConversations(provider),
    pause: quietness(api),
  });
  const keeper = new GlanceKeeper({ api: client.api, file: opfsGlanceFile, build });
  serveApi(keeper.begin(), portChannel(api));
  end = async () => {
    await keeper.end();
    await client.close();
  };
  say({ kind: "ready" });
}

const say = (word: WorkerWord): void => postMessage(word);

const { promise: engine, resolve: useEngine } = Promise.withResolvers<WebAssembly.Module>();
// Whoever opens a store is told.
engine.catch(() => {});
let end = (): Promise<void> => Promise.resolve();

addEventListener("message", ({ data: word }: MessageEvent<PageWord>) => {
  switch (word.kind) {
    case "start":
      start(word).catch((error: unknown) => {
        const code = error instanceof Error && "code" in error ? String(error.code) : "internal";
        say({ kind: "failed", code, detail: String(error) });
      });
      break;
    case "engine":
      useEngine(word.module ?? compileSqlite());
      break;
    case "end":
      void end().finally(() => say({ kind: "ended" }));
  }
});
