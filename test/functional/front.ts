/** What stands in front of a node, as its reverse proxy would, and writes down who comes. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

import type { NodeProcess } from "../../packages/testkit/src/node-process.ts";

export interface Front {
  readonly origin: string;
  /** That a node is told to have. */
  readonly address: string;
  /** Addresses of who came, in order; a test may empty it. */
  readonly seen: string[];
  /** Connections that are open. */
  open(): number;
  /** Who comes from now on is led to this node. */
  lead(to: NodeProcess): void;
  /** Ends what is open. */
  cut(): void;
  close(): void;
}

export async function front(host = "127.0.0.1"): Promise<Front> {
  const seen: string[] = [];
  const open = new Set<Socket>();
  let port = 0;
  const server = createServer((client) => {
    seen.push(client.remoteAddress ?? "");
    const behind = connect(port, "127.0.0.1");
    for (const socket of [client, behind]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        behind.destroy();
      });
    }
    client.pipe(behind).pipe(client);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port: own } = server.address() as { port: number };
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    origin: `http://${host}:${own}`,
    address: `ws://${host}:${own}/x`,
    seen,
    open: () => open.size / 2,
    lead: ({ webAddress }) => {
      port = Number(new URL(webAddress).port);
    },
    cut,
    close: () => {
      server.close();
      cut();
    },
  };
}
