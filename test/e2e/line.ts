/**
 * The line between a browser and everything else: a SOCKS 5 proxy (RFC 1928, CONNECT alone) that can be cut and mended,
 * as a tunnel does to a train. It leads to loopback only, and remembers whatever else was asked for.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Line {
  readonly port: number;
  /** Hosts, with their ports, that anything in the browser wanted to reach, each once. */
  readonly asked: ReadonlySet<string>;
  /** Ends what is open and takes nothing new. */
  cut(): void;
  /** Cuts it once so many more bytes have come in; resolves then. */
  cutAfter(bytes: number): Promise<void>;
  mend(): void;
  remove(): Promise<void>;
}

const VERSION = 5;
const NO_AUTHENTICATION = Buffer.from([VERSION, 0]);
const REFUSED = Buffer.from([VERSION, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
const GRANTED = Buffer.from([VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const LOOPBACK = new Set(["localhost", "127.0.0.1"]);

export async function newLine(): Promise<Line> {
  const sockets = new Set<Socket>();
  const asked = new Set<string>();
  let isCut = false;
  /** Told of what comes in. */
  let meter: ((bytes: number) => void) | null = null;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    keep(near, sockets);
    near.once("data", () => {
      near.write(NO_AUTHENTICATION);
      near.once("data", (request: Buffer) => {
        const { host, port } = destination(request);
        asked.add(`${host}:${port}`);
        if (!LOOPBACK.has(host)) return void near.end(REFUSED);
        const far = connect(port, "127.0.0.1", () => near.write(GRANTED));
        keep(far, sockets);
        near.once("close", () => far.destroy());
        far.once("close", () => near.destroy());
        near.pipe(far);
        far.on("data", ({ length }: Buffer) => meter?.(length));
        far.pipe(near);
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    cut,
    cutAfter: (bytes) =>
      new Promise((resolve) => {
        let left = bytes;
        meter = (came) => {
          left -= came;
          if (left > 0) return;
          meter = null;
          cut();
          resolve();
        };
      }),
    mend: () => {
      isCut = false;
    },
    remove: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function keep(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.once("close", () => sockets.delete(socket));
}

/** Of a CONNECT request: an IPv4 address (kind 1), a name (3), or an IPv6 address (4), then the port. */
function destination(request: Buffer): { readonly host: string; readonly port: number } {
  const end = request.length - 2;
  const kind = request[3];
  const host =
    kind === 3
      ? request.subarray(5, end).toString("latin1")
      : kind === 1
        ? request.subarray(4, end).join(".")
        : request.subarray(4, end).toString("hex");
  return { host, port: request.readUInt16BE(end) };
}
