/** The real client of a profile folder: the adapters of Node behind each port. */
import { createClient, type Client } from "@xchat/client";
import { conversations } from "@xchat/client/conversations";
import { nodeCryptoProvider } from "@xchat/crypto/node";
import { mlsGroupCipher } from "@xchat/mls";
import { nodeStoreOpener } from "@xchat/store-sqlite/node";
import { loadNodeDirectTransport, nodeConnector } from "@xchat/transport/node";
import type { ProfileFolder } from "../profile-folder.ts";
import { systemClock } from "../system-clock.ts";

/** Seen on this device alone; the machine's own name is nobody's business. */
const DEVICE_NAME = "Terminal";

/** @throws StoreError when the store cannot be opened. */
export async function openClient(folder: ProfileFolder): Promise<Client> {
  const provider = nodeCryptoProvider();
  const direct = await loadNodeDirectTransport();
  const client = await createClient({
    provider,
    loadConversations: async () => conversations((rules) => mlsGroupCipher({ provider, rules })),
    stores: nodeStoreOpener({ directory: folder.store, provider, now: () => systemClock.now() }),
    connector: nodeConnector({ provider, clock: systemClock }),
    direct,
    clock: systemClock,
    deviceName: DEVICE_NAME,
    // A new profile is given its nodes by `init`, which can tell how that went.
    defaultNodes: async () => [],
    linkBase: null,
  });
  return {
    api: client.api,
    close: async () => {
      await client.close();
      direct?.close();
    },
  };
}
