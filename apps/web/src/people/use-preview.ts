import type { IntentErrorCode, IntentOutput } from "@xchat/client/api";
import { useEffect, useState } from "react";
import { codeOf, useApi } from "../app/context.tsx";

/** What a link or code leads to; both are null while it is being looked for. */
export interface Looked<P> {
  readonly preview: P | null;
  readonly error: IntentErrorCode | null;
  readonly again: () => void;
}

export function usePreview<N extends "previewInvitation" | "previewGroupLink">(
  intent: N,
  text: string,
): Looked<IntentOutput<N>> {
  const api = useApi();
  const [attempt, setAttempt] = useState(0);
  const [preview, setPreview] = useState<IntentOutput<N> | null>(null);
  const [error, setError] = useState<IntentErrorCode | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setError(null);
    api.call(intent, { text }).then(
      (answer) => isCurrent && setPreview(answer),
      (refusal: unknown) => isCurrent && setError(codeOf(refusal)),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, intent, text, attempt]);
  return { preview, error, again: () => setAttempt(attempt + 1) };
}
