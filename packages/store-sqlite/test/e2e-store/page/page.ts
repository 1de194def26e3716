/** Hands orders of the test to the worker and its answers back. */
import type { Order } from "./orders.ts";
// @ts-expect-error -- the bundler's way to name a worker without starting it
// oxlint-disable-next-line import/default -- made by the bundler
import workerUrl from "./worker.ts?worker&url";

interface TrustedTypesFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}
const { trustedTypes } = globalThis as unknown as { readonly trustedTypes: TrustedTypesFactory };
const policy = trustedTypes.createPolicy("xchat", { createScriptURL: (url) => url });

const start = (): Worker => new Worker(policy.createScriptURL(workerUrl as string), { type: "module" });
let worker = start();

const ask = (order: Order): Promise<unknown> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", (event) => resolve(event.data));
    port1.start();
    worker.postMessage(order, [port2]);
  });

Object.assign(window, {
  ask,
  restartWorker: () => {
    worker.terminate();
    worker = start();
  },
});
