/** The page beside the worker that fills a store: only a worker may open one. */
import type { HistoryReport } from "./history.ts";

globalThis.fillHistory = (order) =>
  new Promise<HistoryReport>((resolve, reject) => {
    const worker = new Worker("/fill-worker.js", { type: "module" });
    worker.addEventListener("error", (event) => reject(new Error(event.message)));
    worker.addEventListener("message", ({ data }: MessageEvent<HistoryReport | { readonly failure: string }>) => {
      if ("failure" in data) reject(new Error(data.failure));
      else resolve(data);
    });
    worker.postMessage(order);
  });
