/** Brings the page up: language, and the first picture of the client or of why there is none. */
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import type { PageClient } from "./app/client.ts";
import { Chat, preloadScreens } from "./app/screens.tsx";
import { wantedLocale } from "./i18n/languages.ts";
import { activateLocale } from "./i18n/locales.ts";
import type { Missing } from "./platform/requirements.ts";
import { isKeptOffline, keepAppOffline } from "./platform/service-worker.ts";
import { part } from "./ui/part.tsx";

const Insecure = part(() => import("./welcome/insecure.tsx"));

/** @param client null where the browser lacks something, which `missing` then names. */
export async function boot(client: PageClient | null, missing: readonly Missing[]): Promise<void> {
  await activateLocale(wantedLocale());
  const root = createRoot(document.getElementById("app")!);
  if (client === null) {
    root.render(
      <I18nProvider i18n={i18n}>
        <Insecure missing={missing} />
      </I18nProvider>,
    );
    return;
  }
  root.render(<App client={client} />);
  // Whoever has been here opens a chat next: its screen is at hand by then.
  if (isKeptOffline()) Chat.preload();
  onceStarted(client, () => {
    if (isKeptOffline()) setTimeout(preloadScreens, SCREENS_DELAY);
    void keepAppOffline();
  });
}

/** Milliseconds: behind all that the opening has to do. */
const SCREENS_DELAY = 5_000;

/** Storing the app for later must not slow down its first start. */
function onceStarted(client: PageClient, then: () => void): void {
  if (client.status().kind !== "starting") return then();
  const stop = client.onStatus(() => {
    if (client.status().kind === "starting") return;
    stop();
    then();
  });
}
