import type { IntentErrorCode, IntentOutput } from "@xchat/client/api";
import { useEffect, useState } from "react";
import { codeOf, useApi } from "../app/context.tsx";

export type Hit = IntentOutput<"search">["hits"][number];

const PAUSE_MILLISECONDS = 150;
const MAX_HITS = 100;

interface Found {
  /** Null before anything was searched for. */
  readonly hits: readonly Hit[] | null;
  readonly isBusy: boolean;
  readonly error: IntentErrorCode | null;
}

const NOTHING: Found = { hits: null, isBusy: false, error: null };

/** Searches a moment after the last key, newest hit first. An answer to an older question is dropped. */
export function useSearch(text: string, chat: string | null): Found {
  const api = useApi();
  const [found, setFound] = useState<Found>(NOTHING);
  const wanted = text.trim();
  useEffect(() => {
    if (wanted === "") {
      setFound(NOTHING);
      return;
    }
    let isCurrent = true;
    setFound((before) => ({ ...before, isBusy: true }));
    const timer = setTimeout(async () => {
      try {
        const { hits } = await api.call("search", { text: wanted, chat, limit: MAX_HITS });
        if (isCurrent) setFound({ hits, isBusy: false, error: null });
      } catch (error) {
        if (isCurrent) setFound({ hits: null, isBusy: false, error: codeOf(error) });
      }
    }, PAUSE_MILLISECONDS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, wanted, chat]);
  return found;
}
