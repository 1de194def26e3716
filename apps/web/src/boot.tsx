/** Brings the page up: language, requirements, the invitation in the address, the client, and the first picture. */
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { lazy, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import type { PageClient } from "./app/client.ts";
import { activateLocale, chosenLocale, localeFor } from "./i18n/locales.ts";
import { takeInvitations } from "./platform/invitation-link.ts";
import { missingRequirements } from "./platform/requirements.ts";
import { keepAppOffline } from "./platform/service-worker.ts";
import "./styles/index.css";

const Insecure = lazy(() => import("./welcome/insecure.tsx"));

export async function boot(connect: () => PageClient): Promise<void> {
  // Before anything else, so that the secret leaves the address bar at once.
  takeInvitations();
  const missing = missingRequirements(globalThis);
  // Started before the language has come: the store opens meanwhile.
  const client = missing.length === 0 ? connect() : null;
  await activateLocale(chosenLocale() ?? localeFor(navigator.languages));
  const root = createRoot(document.getElementById("app")!);
  if (client === null) {
    root.render(
      <I18nProvider i18n={i18n}>
        <Suspense>
          <Insecure missing={missing} />
        </Suspense>
      </I18nProvider>,
    );
    return;
  }
  root.render(<App client={client} />);
  void keepAppOffline();
}
