/**
 * Many connections that do nothing, for `bench/node.ts`. Each proves once that it is served (a ping of the wire's own, or
 * an echo), then stays. Prints one line of JSON when all are open, and ends when its input does.
 */
import { WebSocket } from "ws";
import { decodeFrame, encodeFrame, WIRE_SUBPROTOCOL } from "@xchat/protocol";

const { address, count } = JSON.parse(process.argv[2] as string) as {
  readonly address: string;
  readonly count: number;
};
const PING = encodeFrame({ kind: "ping", token: 7 });
const AT_ONCE = 200;

function connect(): Promise<WebSocket> {
  const socket = new WebSocket(address, [WIRE_SUBPROTOCOL], { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => socket.send(PING));
    socket.once("message", (data: Buffer) => {
      const answer = decodeFrame(data);
      const isServed =
        answer.ok && (answer.value.kind === "pong" || answer.value.kind === "ping") && answer.value.token === 7;
      if (isServed) resolve(socket);
      else reject(new Error("not served"));
    });
  });
}

const sockets: WebSocket[] = [];
while (sockets.length < count) {
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, connect))));
}
const open = (): number => sockets.filter((socket) => socket.readyState === WebSocket.OPEN).length;
process.stdout.write(`${JSON.stringify({ open: open() })}\n`);
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
