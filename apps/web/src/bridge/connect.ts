/**
 * One client for all tabs of this origin (DESIGN: process topology). The tab that holds the lock leads; when it goes,
 * the browser gives the lock to another, which starts the worker anew. Every tab sees the same interface throughout:
 * watches are taken up again by themselves, calls that were under way fail with "not-the-leader".
 */
import {
  INTENT_ERROR_CODES,
  IntentError,
  type ClientApi,
  type IntentErrorCode,
  type IntentInput,
  type IntentName,
  type IntentOutput,
  type Query,
  type ViewTypes,
} from "@xchat/client/api";
import { connectApi, type Channel } from "@xchat/client/rpc";
import type { ClientStatus, PageClient } from "../app/client.ts";
import { glanceAnswer, glanceView, openGlance, type Glance } from "../glance/glance.ts";
import { buildId } from "../platform/build.ts";
import { serveTabs, startWorker } from "./leader.ts";
import type { TabWord } from "./words.ts";

const LOCK = "xchat-leader";
const CHANNEL = "xchat-tabs";
/** A call waits so long for a leader before it fails. */
const LEADER_PATIENCE = 15_000;

export function connectClient(): PageClient {
  const bridge = new TabBridge();
  bridge.begin();
  void globalThis.xchatGlance?.then(async (file) => {
    if (file !== null) bridge.show(await openGlance(file, BUILD, Date.now()));
  });
  return {
    api: bridge,
    status: () => bridge.status,
    onStatus: (listener) => listen(bridge.statusListeners, listener),
    onResume: (listener) => listen(bridge.resumeListeners, listener),
  };
}

function listen(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Of the page that is running: tabs of two builds must not share one client. */
const BUILD = buildId();

class TabBridge implements ClientApi {
  readonly statusListeners = new Set<() => void>();
  readonly resumeListeners = new Set<() => void>();
  status: ClientStatus = { kind: "starting" };
  readonly #tab = crypto.randomUUID();
  readonly #tabs = new BroadcastChannel(CHANNEL);
  readonly #watches = new Set<{ readonly query: Query; readonly listener: (view: never) => void; stop: () => void }>();
  readonly #waiting = new Set<(api: ClientApi) => void>();
  #api: ClientApi | null = null;
  /** What is shown until there is an interface. */
  #glance: Glance | null = null;
  #endRemote: () => void = () => {};
  #stepBack: () => void = () => this.#becomeYielded();
  /** The tab that is followed; another tab's hello makes the leader say its name again. */
  #leader: string | null = null;
  #isLeading = false;
  #wasServed = false;

  begin(): void {
    this.#tabs.addEventListener("message", ({ data }: MessageEvent<TabWord>) => {
      if (this.status.kind === "yielded") return;
      if (data.kind === "leader" && data.leader !== this.#tab && data.leader !== this.#leader)
        this.#follow(data.leader);
      if (data.kind === "leaving" && data.leader === this.#leader) this.#leaderLeft();
      if (data.kind === "failed" && this.#api === null) this.#setStatus({ kind: "failed", code: data.code });
      // The tab that came later has the newer build: it takes over, and no older one gets in between.
      if (data.kind === "hello" && data.build !== BUILD) this.#stepBack();
    });
    addEventListener("pagehide", () => {
      this.#say(this.#isLeading ? { kind: "leaving", leader: this.#tab } : { kind: "gone", tab: this.#tab });
    });
    // A page that comes back from the browser's cache was forgotten by the leader meanwhile.
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.#leader = null;
      this.#hello();
    });
    this.#hello();
    void navigator.locks.request(LOCK, () => this.#lead());
  }

  /** Calls wait for the client all the same, but for those that only show what is in it. */
  show(glance: Glance | null): void {
    if (this.#api !== null || this.status.kind !== "starting") return;
    this.#glance = glance;
    for (const watch of this.#watches) this.#showTo(watch);
  }

  #showTo({ query, listener }: { readonly query: Query; readonly listener: (view: never) => void }): void {
    const view = this.#glance === null ? undefined : glanceView(this.#glance, query);
    if (view !== undefined) listener(view as never);
  }

  #say(word: TabWord): void {
    this.#tabs.postMessage(word);
  }

  #hello(): void {
    this.#say({ kind: "hello", tab: this.#tab, build: BUILD });
  }

  #becomeYielded(): void {
    this.#endRemote();
    this.#setStatus({ kind: "yielded" });
  }

  async call<N extends IntentName>(intent: N, input: IntentInput<N>): Promise<IntentOutput<N>> {
    if (this.#api === null && this.#glance !== null) {
      const answer = glanceAnswer(this.#glance, intent, input);
      if (answer !== undefined) {
        // What was shown of it is asked for again, as after a change of leaders.
        this.#wasServed = true;
        return answer;
      }
    }
    const api = this.#api ?? (await this.#nextApi());
    return api.call(intent, input);
  }

  watch<Q extends Query>(query: Q, listener: (view: ViewTypes[Q["view"]]) => void): () => void {
    const watch = { query, listener: listener as (view: never) => void, stop: () => {} };
    this.#watches.add(watch);
    if (this.#api !== null) watch.stop = this.#api.watch(query, listener);
    // Never before this returns.
    else if (this.#glance !== null) queueMicrotask(() => this.#watches.has(watch) && this.#showTo(watch));
    return () => {
      this.#watches.delete(watch);
      watch.stop();
    };
  }

  /** Holds the lock, and with it the lead, for as long as this tab lives. */
  async #lead(): Promise<void> {
    if (this.status.kind === "yielded") return;
    try {
      const { api, end } = await startWorker();
      this.#isLeading = true;
      this.#endRemote();
      this.#use(api);
      serveTabs(api, this.#tab, this.#tabs);
      await new Promise<void>((resolve) => {
        this.#stepBack = resolve;
      });
      this.#isLeading = false;
      this.#becomeYielded();
      await end();
    } catch (failure) {
      await this.#stayFailed(failureCode(failure));
    }
  }

  /** Keeps the lead, so that other tabs do not try the same in turn, and tells them; a reload of this one tries again. */
  async #stayFailed(code: IntentErrorCode): Promise<void> {
    this.#setStatus({ kind: "failed", code });
    this.#tabs.addEventListener("message", ({ data }: MessageEvent<TabWord>) => {
      if (data.kind === "hello") this.#say({ kind: "failed", code });
    });
    this.#say({ kind: "failed", code });
    await new Promise<void>((resolve) => {
      this.#stepBack = resolve;
    });
    this.#becomeYielded();
  }

  #setStatus(status: ClientStatus): void {
    this.status = status;
    for (const listener of this.statusListeners) listener();
  }

  /** What is asked for from now on waits for the next leader; what was under way is told that its outcome is not known. */
  #leaderLeft(): void {
    this.#endRemote();
    this.#endRemote = () => {};
    this.#leader = null;
    this.#api = null;
    this.#wasServed = true;
  }

  #follow(leader: string): void {
    this.#endRemote();
    this.#leader = leader;
    const listeners = new Set<(message: unknown) => void>();
    const closers = new Set<() => void>();
    const receive = ({ data }: MessageEvent<TabWord>): void => {
      if (data.kind !== "to-tab" || data.tab !== this.#tab || data.leader !== leader) return;
      for (const listener of listeners) listener(data.message);
    };
    this.#tabs.addEventListener("message", receive);
    const channel: Channel = {
      send: (message) => this.#say({ kind: "to-leader", tab: this.#tab, leader, message }),
      onMessage: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      onClose: (listener) => {
        closers.add(listener);
        return () => closers.delete(listener);
      },
    };
    const api = connectApi(channel);
    this.#endRemote = () => {
      this.#tabs.removeEventListener("message", receive);
      for (const closer of closers) closer();
    };
    this.#use(api);
  }

  #use(api: ClientApi): void {
    const isResuming = this.#api !== null || this.#wasServed;
    this.#api = api;
    this.#glance = null;
    this.#setStatus({ kind: "ready" });
    for (const watch of this.#watches) {
      watch.stop();
      watch.stop = api.watch(watch.query, watch.listener as (view: ViewTypes[Query["view"]]) => void);
    }
    for (const take of this.#waiting) take(api);
    this.#waiting.clear();
    if (isResuming) for (const listener of this.resumeListeners) listener();
  }

  #nextApi(): Promise<ClientApi> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(take);
        reject(new IntentError("not-the-leader"));
      }, LEADER_PATIENCE);
      const take = (api: ClientApi): void => {
        clearTimeout(timer);
        resolve(api);
      };
      this.#waiting.add(take);
    });
  }
}

const failureCode = (failure: unknown): IntentErrorCode => {
  const { code } = failure as { readonly code?: unknown };
  return INTENT_ERROR_CODES.find((known) => known === code) ?? "internal";
};
