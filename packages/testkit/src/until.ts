/** Waiting for what a view shows, instead of sleeping. */
import type { ClientApi, Query, ViewTypes } from "@xchat/client/api";

const PATIENCE = 30_000;

/** Resolves with the first view for which `isSo` holds; rejects with the last view seen when that takes too long. */
export function until<Q extends Exclude<Query, { view: "messages" }>>(
  api: ClientApi,
  query: Q,
  isSo: (view: ViewTypes[Q["view"]]) => boolean,
  patience = PATIENCE,
): Promise<ViewTypes[Q["view"]]> {
  return new Promise((resolve, reject) => {
    let last: unknown;
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`${query.view} did not come to what was waited for: ${JSON.stringify(last)}`));
    }, patience);
    const stop = api.watch(query, (view) => {
      last = view;
      if (!isSo(view)) return;
      clearTimeout(timer);
      queueMicrotask(() => stop());
      resolve(view);
    });
  });
}
