/** A bare `ws` server that sends back what it gets: the peer beside which `bench/node.ts` puts the node. */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, backlog: 4_096 });
server.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
server.on("listening", () =>
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`),
);
