/**
 * The one process that owns a profile. Commands reach it by its socket; it ends when nobody has asked for anything for
 * a while, and at once when it is told to.
 */
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { createClient, type Client } from "@xchat/client";
import type { NodeHint } from "@xchat/client/ports";
import { serveApi } from "@xchat/client/rpc";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { mlsGroupCipher } from "@xchat/mls";
import { nodeStoreOpener } from "@xchat/store-sqlite/node";
import { loadNodeDirectTransport, nodeConnector } from "@xchat/transport/node";
import { lineChannel } from "./json-lines.ts";
import { makeFolder, type ProfileFolder } from "./profile-folder.ts";
import { systemClock } from "./system-clock.ts";

const IDLE_LIFETIME = 10 * 60_000;
const DISCOVERY_PATIENCE = 10_000;

export interface DaemonOptions {
  /** Node of a new profile. */
  readonly nodeAddress: string | null;
  /** Milliseconds without a connection before it ends. */
  readonly idleLifetime?: number;
}

/** Resolves when it has ended. The store's lock keeps a second one out. */
export async function runDaemon(folder: ProfileFolder, options: DaemonOptions): Promise<void> {
  await makeFolder(folder);
  const client = await openClient(folder, options);
  // Whoever holds the store's lock owns the socket: one that lies there is left over from a crash.
  await rm(folder.socket, { force: true });
  await serve(client, folder, options.idleLifetime ?? IDLE_LIFETIME);
}

function serve(client: Client, folder: ProfileFolder, idleLifetime: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let connections = 0;
    let idle: NodeJS.Timeout | undefined;
    const waitForWork = (): void => {
      idle = setTimeout(end, idleLifetime);
    };
    const server = createServer((socket) => {
      connections++;
      clearTimeout(idle);
      socket.on("close", () => {
        connections--;
        if (connections === 0) waitForWork();
      });
      serveApi(client.api, lineChannel(socket));
    });
    const end = (): void => {
      clearTimeout(idle);
      finish(server, client, folder).then(resolve, reject);
    };
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
    server.once("error", reject);
    server.listen(folder.socket, waitForWork);
  });
}

async function finish(server: Server, client: Client, folder: ProfileFolder): Promise<void> {
  server.close();
  await client.close();
  await rm(folder.socket, { force: true });
}

async function openClient(folder: ProfileFolder, { nodeAddress }: DaemonOptions): Promise<Client> {
  const provider = nodeCryptoProvider();
  const connector = nodeConnector({ provider, clock: systemClock });
  const defaultNodes = async (): Promise<readonly NodeHint[]> => {
    if (nodeAddress === null) return [];
    const found = await connector.discover(nodeAddress, AbortSignal.timeout(DISCOVERY_PATIENCE));
    return found.ok ? [found.value] : [];
  };
  return createClient({
    provider,
    cipher: (rules) => mlsGroupCipher({ provider, rules }),
    stores: nodeStoreOpener({ directory: folder.store, provider, now: () => systemClock.now() }),
    connector,
    direct: await loadNodeDirectTransport(),
    clock: systemClock,
    deviceName: hostname().slice(0, 64),
    defaultNodes,
    linkBase: null,
  });
}
