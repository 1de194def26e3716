/**
 * The page's side of the service worker, which keeps the app itself for use without a network. A new version waits until
 * the person takes it; then it serves all windows, and each of them reloads.
 */
import { trustedScript } from "./trusted.ts";

let waiting: ServiceWorker | null = null;
const listeners = new Set<() => void>();

function offer(worker: ServiceWorker | null): void {
  // Without a controller this is the first version, which nobody has to take.
  if (worker === null || navigator.serviceWorker.controller === null) return;
  waiting = worker;
  for (const listener of listeners) listener();
}

function follow(registration: ServiceWorkerRegistration): void {
  offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const { installing } = registration;
    installing?.addEventListener("statechange", () => {
      if (installing.state === "installed") offer(registration.waiting);
    });
  });
}

const UPDATE_INTERVAL_MILLISECONDS = 60 * 60_000;

/** Whether this page came from what an earlier visit stored. */
export const isKeptOffline = (): boolean => "serviceWorker" in navigator && navigator.serviceWorker.controller !== null;

/** Never fails: without a service worker the app works as long as its node does. */
export async function keepAppOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  let isFirst = navigator.serviceWorker.controller === null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!isFirst) location.reload();
    isFirst = false;
  });
  try {
    const registration = await navigator.serviceWorker.register(trustedScript("/sw.js"), { updateViaCache: "none" });
    follow(registration);
    setInterval(() => void registration.update().catch(() => {}), UPDATE_INTERVAL_MILLISECONDS);
  } catch {
    // A browser may refuse, for one in a private window.
  }
}

const TAKE_OVER_MILLISECONDS = 10_000;

/**
 * Fetches the newest version from where this page came from, and reloads into it. False where what is kept here is the
 * newest that can be had.
 */
export async function takeNewest(): Promise<boolean> {
  const registration = isKeptOffline() ? await navigator.serviceWorker.getRegistration() : undefined;
  if (registration === undefined) {
    location.reload();
    return true;
  }
  const isSame = await registration.update().then(
    ({ installing, waiting: next }) => installing === null && next === null,
    () => registration.waiting === null,
  );
  const next = isSame ? null : await installed(registration);
  if (next === null) return false;
  const taken = new Promise<void>((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
    setTimeout(resolve, TAKE_OVER_MILLISECONDS);
  });
  next.postMessage({ kind: "take-over" });
  await taken;
  location.reload();
  return true;
}

/** The worker that waits, once it does; null where its installation failed. */
function installed({ installing, waiting: next }: ServiceWorkerRegistration): Promise<ServiceWorker | null> {
  if (installing === null) return Promise.resolve(next);
  return new Promise((resolve) => {
    installing.addEventListener("statechange", () => {
      if (installing.state === "redundant") resolve(null);
      else if (installing.state !== "installing") resolve(installing);
    });
  });
}

export const newVersion = {
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  isWaiting: (): boolean => waiting !== null,
  take: (): void => waiting?.postMessage({ kind: "take-over" }),
};
