/** The leading tab: runs the worker, owns the peer connections, serves the other tabs. */
import type { ClientApi } from "@xchat/client/api";
import { connectApi, portChannel, serveApi, type Channel } from "@xchat/client/rpc";
import { compileSqlite } from "@xchat/store-sqlite/engine";
import { servePeers } from "@xchat/transport/dom";
import { buildId } from "../platform/build.ts";
import { isKeptOffline } from "../platform/service-worker.ts";
import { trustedScript } from "../platform/trusted.ts";
import workerUrl from "../worker.ts?worker&url";
import type { PageWord, TabWord, WorkerWord } from "./words.ts";

interface StartFailure {
  readonly code: string;
}

/** A tab that has just closed may hold the store for a moment longer than the lock. */
const STORE_TRIES = 20;
const STORE_PAUSE = 150;

/** Starts the worker; rejects with a `StartFailure` when the client cannot be opened. */
export async function startWorker(): Promise<StartedWorker> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryWorker();
    } catch (failure) {
      if ((failure as StartFailure).code !== "store-in-use" || tries === STORE_TRIES) throw failure;
      await new Promise((resolve) => setTimeout(resolve, STORE_PAUSE));
    }
  }
}

export interface StartedWorker {
  readonly api: ClientApi;
  /** Lets the store go. */
  readonly end: () => Promise<void>;
}

function tryWorker(): Promise<StartedWorker> {
  return new Promise((resolve, reject: (failure: StartFailure) => void) => {
    const worker = new Worker(trustedScript(workerUrl), { type: "module", name: "xchat" });
    const api = new MessageChannel();
    const peers = new MessageChannel();
    worker.addEventListener("error", () => reject({ code: "internal" }));
    worker.addEventListener("message", (event: MessageEvent<WorkerWord>) => {
      if (event.data.kind === "ended") return;
      if (event.data.kind === "failed") {
        worker.terminate();
        reject({ code: event.data.code });
      } else {
        resolve({ api: connectApi(portChannel(api.port1)), end: () => endWorker(worker) });
      }
    });
    servePeers(peers.port1);
    const tell = (word: PageWord, ports: MessagePort[] = []): void => worker.postMessage(word, ports);
    compileSqlite().then(
      (module) => tell({ kind: "engine", module }),
      () => tell({ kind: "engine", module: null }),
    );
    const start: PageWord = {
      kind: "start",
      api: api.port2,
      peers: peers.port2,
      origin: location.origin,
      deviceName: deviceName(),
      build: buildId(),
      isKept: isKeptOffline(),
    };
    tell(start, [api.port2, peers.port2]);
  });
}

/** Lets the store go before the lock does, so that the next leader finds it free. */
async function endWorker(worker: Worker): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    worker.addEventListener("message", (event: MessageEvent<WorkerWord>) => {
      if (event.data.kind === "ended") resolve();
    });
    setTimeout(resolve, END_PATIENCE);
  });
  const end: PageWord = { kind: "end" };
  worker.postMessage(end);
  await ended;
  worker.terminate();
}

const END_PATIENCE = 3_000;

/** Serves the interface to every other tab that says hello. */
export function serveTabs(api: ClientApi, leader: string, tabs: BroadcastChannel): void {
  const served = new Map<string, { deliver: (message: unknown) => void; end: () => void }>();
  const say = (word: TabWord): void => tabs.postMessage(word);
  tabs.addEventListener("message", ({ data }: MessageEvent<TabWord>) => {
    if (data.kind === "hello") say({ kind: "leader", leader });
    else if (data.kind === "gone") {
      served.get(data.tab)?.end();
      served.delete(data.tab);
    } else if (data.kind === "to-leader" && data.leader === leader) {
      const tab = served.get(data.tab) ?? serve(data.tab);
      served.set(data.tab, tab);
      tab.deliver(data.message);
    }
  });
  const serve = (tab: string): { deliver: (message: unknown) => void; end: () => void } => {
    const listeners = new Set<(message: unknown) => void>();
    const closers = new Set<() => void>();
    const channel: Channel = {
      send: (message) => say({ kind: "to-tab", tab, leader, message }),
      onMessage: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      onClose: (listener) => {
        closers.add(listener);
        return () => closers.delete(listener);
      },
    };
    serveApi(api, channel);
    return {
      deliver: (message) => listeners.forEach((listener) => listener(message)),
      end: () => closers.forEach((closer) => closer()),
    };
  };
  say({ kind: "leader", leader });
}

function deviceName(): string {
  const platform = /Android|iPhone|iPad|Windows|Mac OS X|Linux/u.exec(navigator.userAgent)?.[0] ?? "Browser";
  return `${platform} browser`;
}
