/**
 * The one process that owns a profile: serves the client's interface on the profile's socket until it is told to stop,
 * or until nobody has asked for anything for a while and nothing waits to be sent.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { ChatView } from "@xchat/client/api";
import type { Client } from "@xchat/client";
import type { Clock, Timer } from "@xchat/client/ports";
import { serveApi } from "@xchat/client/rpc";
import { lineChannel, MAX_REQUEST_LINE, type LineChannel } from "../json-lines.ts";
import type { ProfileFolder } from "../profile-folder.ts";
import { isStop, PROTOCOL } from "./control.ts";

/** Milliseconds without a connection before the process ends. */
export const IDLE_LIFETIME = 10 * 60_000;
/** As long as this it stays for messages that wait to be sent. */
const SENDING_LIFETIME = 24 * 60 * 60_000;

export interface ServeInput {
  readonly client: Client;
  readonly folder: ProfileFolder;
  readonly clock: Clock;
  readonly idleLifetime?: number;
  /** The process is told from outside to end. */
  readonly signal: AbortSignal;
  readonly onListening: () => void;
}

/**
 * Resolves when it has ended and the client is closed. The caller holds the profile's lock: a socket that lies there is
 * left over from a process that is gone.
 *
 * @throws Error when the socket cannot be made; the client is closed then too.
 */
export async function serveProfile(input: ServeInput): Promise<void> {
  const service = new ProfileService(input);
  try {
    await service.run();
  } finally {
    await input.client.close();
    service.end();
  }
}

class ProfileService {
  readonly #input: ServeInput;
  readonly #server: Server;
  readonly #connections = new Set<LineChannel>();
  readonly #stopServing = new Set<() => void>();
  #chats: readonly ChatView[] = [];
  #idle: Timer | null = null;
  #finish: () => void = () => {};

  constructor(input: ServeInput) {
    this.#input = input;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** Until something ends it: no more requests are taken, and connections wait for `end`. */
  async run(): Promise<void> {
    const { folder, signal, onListening, client } = this.#input;
    const stopWatching = client.api.watch({ view: "chats" }, (chats) => (this.#chats = chats));
    try {
      await new Promise<void>((resolve, reject) => {
        this.#finish = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
        if (signal.aborted) resolve();
        this.#server.once("error", reject);
        if (process.platform !== "win32") rmSync(folder.socket, { force: true });
        this.#server.listen(folder.socket, () => {
          if (process.platform !== "win32") chmodSync(folder.socket, 0o600);
          this.#waitForWork(0);
          onListening();
        });
      });
    } finally {
      stopWatching();
      this.#idle?.cancel();
      this.#server.close();
      for (const stop of this.#stopServing) stop();
    }
  }

  /** Whoever asked for the stop hears of it by the close, when all is saved. */
  end(): void {
    for (const connection of this.#connections) connection.close();
    if (process.platform !== "win32") rmSync(this.#input.folder.socket, { force: true });
  }

  #welcome(socket: Socket): void {
    const channel = lineChannel(socket, MAX_REQUEST_LINE);
    this.#idle?.cancel();
    this.#connections.add(channel);
    channel.send({ kind: "hello", protocol: PROTOCOL, pid: process.pid });
    channel.onMessage((message) => {
      if (isStop(message)) this.#finish();
    });
    const stop = serveApi(this.#input.client.api, channel);
    this.#stopServing.add(stop);
    channel.onClose(() => {
      this.#stopServing.delete(stop);
      this.#connections.delete(channel);
      if (this.#connections.size === 0) this.#waitForWork(0);
    });
  }

  #waitForWork(waited: number): void {
    const { clock, idleLifetime = IDLE_LIFETIME } = this.#input;
    this.#idle?.cancel();
    this.#idle = clock.after(idleLifetime, () => {
      const total = waited + idleLifetime;
      if (this.#chats.some(isSending) && total < SENDING_LIFETIME) this.#waitForWork(total);
      else this.#finish();
    });
  }
}

/** The newest message has not reached a node yet, and could. */
const isSending = ({ last }: ChatView): boolean =>
  last?.delivery?.state === "queued" && last.delivery.why !== "waiting-for-acceptance";
