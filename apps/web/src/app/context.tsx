import {
  IntentError,
  type GroupView,
  type IntentErrorCode,
  type IntentInput,
  type IntentName,
  type IntentOutput,
  type ViewTypes,
} from "@xchat/client/api";
import { createContext, use, useCallback, useState, useSyncExternalStore } from "react";
import type { PageClient } from "./client.ts";
import type { SoleView, Views } from "./views.ts";

export interface AppServices {
  readonly client: PageClient;
  readonly views: Views;
}

export const AppContext = createContext<AppServices | null>(null);

export function useServices(): AppServices {
  const services = use(AppContext);
  if (services === null) throw new Error("a screen outside the app");
  return services;
}

/** `undefined` until the first view has come. */
export function useView<V extends SoleView>(view: V): ViewTypes[V] | undefined {
  const { views } = useServices();
  const subscribe = useCallback((listener: () => void) => views.subscribe({ view }, listener), [views, view]);
  return useSyncExternalStore(subscribe, () => views.last(view));
}

export function useGroup(chat: string): GroupView | undefined {
  const { views } = useServices();
  const subscribe = useCallback(
    (listener: () => void) => views.subscribe({ view: "group", chat }, listener),
    [views, chat],
  );
  return useSyncExternalStore(subscribe, () => views.lastGroup(chat));
}

export function useApi(): PageClient["api"] {
  return useServices().client.api;
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: IntentErrorCode };

export const codeOf = (error: unknown): IntentErrorCode => (error instanceof IntentError ? error.code : "internal");

export interface IntentRun<N extends IntentName> {
  readonly run: (input: IntentInput<N>) => Promise<Outcome<IntentOutput<N>>>;
  readonly isBusy: boolean;
  readonly error: IntentErrorCode | null;
  readonly clear: () => void;
}

/** An intent with its state: busy, and the refusal of the last run. Never rejects. */
export function useIntent<N extends IntentName>(name: N): IntentRun<N> {
  const api = useApi();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<IntentErrorCode | null>(null);
  const run = useCallback(
    async (input: IntentInput<N>): Promise<Outcome<IntentOutput<N>>> => {
      setBusy(true);
      setError(null);
      try {
        return { ok: true, value: await api.call(name, input) };
      } catch (refusal) {
        setError(codeOf(refusal));
        return { ok: false, code: codeOf(refusal) };
      } finally {
        setBusy(false);
      }
    },
    [api, name],
  );
  const clear = useCallback(() => setError(null), []);
  return { run, isBusy, error, clear };
}
