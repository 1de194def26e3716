import { Plural, Trans } from "@lingui/react/macro";
import { useEffect, useEffectEvent, useState, useSyncExternalStore, type ReactElement } from "react";
import { useTimeWords } from "../i18n/format.ts";
import { Icon } from "../ui/icon.tsx";
import { useIntent, useView } from "./context.tsx";

function useIsOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      window.addEventListener("online", listener);
      window.addEventListener("offline", listener);
      return () => {
        window.removeEventListener("online", listener);
        window.removeEventListener("offline", listener);
      };
    },
    () => navigator.onLine,
  );
}

const TICK_MILLISECONDS = 1_000;

/** The present time, anew each second while something counts down. */
export function useNow(isCounting: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isCounting) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), TICK_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isCounting]);
  return now;
}

/** Waits between tries grow to minutes while a device is away, and mean nothing any more once it is back. */
function useRetryWhenBack(retry: () => void): void {
  const onBack = useEffectEvent(retry);
  useEffect(() => {
    const back = (): void => onBack();
    window.addEventListener("online", back);
    return () => window.removeEventListener("online", back);
  }, []);
}

/** A line above everything while no node can be reached. Short breaks are not worth a word. */
export function ConnectionBanner(): ReactElement {
  const network = useView("network");
  const isOnline = useIsOnline();
  const retry = useIntent("retryNow");
  useRetryWhenBack(() => void retry.run({}));
  const nodes = network?.nodes ?? [];
  const clockError = network?.clockError ?? null;
  const isConnecting = nodes.some((node) => node.state === "connecting");
  const isDown = nodes.length > 0 && !nodes.some((node) => node.state === "ready");
  const isUnrelayed = nodes.every((node) => node.state === "no-relay");
  const retryAt = isDown && !isConnecting ? Math.min(...nodes.map((node) => node.retryAt ?? Infinity)) : Infinity;
  const now = useNow(Number.isFinite(retryAt));
  const words = useTimeWords();
  return (
    <div role="status">
      {!isOnline && (
        <div className="banner">
          <Icon name="offline" size={18} />
          <p>
            <Trans>No connection. What you write is kept and goes out as soon as there is one.</Trans>
          </p>
        </div>
      )}
      {isOnline && clockError !== null && <ClockBanner error={clockError} />}
      {isOnline && isDown && clockError === null && (
        <div className="banner">
          {isConnecting ? <span className="spinner" aria-hidden="true" /> : <Icon name="nodes" size={18} />}
          <p>
            {isConnecting ? (
              <Trans>Connecting …</Trans>
            ) : (
              <>
                {isUnrelayed ? (
                  <Trans>No relay leads to your nodes.</Trans>
                ) : (
                  <Plural value={nodes.length} one="Your node does not answer." other="None of your # nodes answers." />
                )}{" "}
                <Trans>What you write is kept. Open direct chats go on.</Trans>{" "}
                {Number.isFinite(retryAt) && (
                  <span aria-live="off">
                    <Trans>Next try {words.until(retryAt, now)}.</Trans>
                  </span>
                )}
              </>
            )}
          </p>
          {!isConnecting && (
            <button type="button" className="link-button" onClick={() => void retry.run({})}>
              <Trans>Try now</Trans>
            </button>
          )}
        </div>
      )}
    </div>
  );
}

const HOUR = 3_600_000;

/** `error`: milliseconds ahead, negative behind. */
function ClockBanner({ error }: { readonly error: number }): ReactElement {
  const hours = Math.max(1, Math.round(Math.abs(error) / HOUR));
  return (
    <div className="banner">
      <Icon name="warning" size={18} />
      <p>
        {error > 0 ? (
          <Plural
            value={hours}
            one="This device's clock is wrong: ahead by up to an hour."
            other="This device's clock is wrong: ahead by about # hours."
          />
        ) : (
          <Plural
            value={hours}
            one="This device's clock is wrong: behind by up to an hour."
            other="This device's clock is wrong: behind by about # hours."
          />
        )}{" "}
        <Trans>Set date, time and time zone. What you write is kept, and goes out when the clock is right.</Trans>
      </p>
    </div>
  );
}
