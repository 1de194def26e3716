import type { RequestView } from "@xchat/client/api";
import { useSyncExternalStore } from "react";
import { useView } from "../app/context.tsx";
import { declining } from "./declining.ts";

/** Those that wait for an answer: not one that has just been declined, though that can still be undone. Undefined: not known yet. */
export function useOpenRequests(): readonly RequestView[] | undefined {
  const requests = useView("requests");
  const hidden = useSyncExternalStore(declining.subscribe, declining.ids);
  return requests?.filter(({ id }) => !hidden.has(id));
}
