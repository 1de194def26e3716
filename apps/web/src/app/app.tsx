import { I18nProvider } from "@lingui/react";
import { i18n } from "@lingui/core";
import { useLingui } from "@lingui/react/macro";
import { Direction } from "radix-ui";
import { useState, useSyncExternalStore, type ReactElement } from "react";
import { directionOf, lazyScreen } from "../i18n/locales.ts";
import { pendingInvitation } from "../platform/invitation-link.ts";
import { Announcer } from "../ui/announcer.tsx";
import { Toasts } from "../ui/toasts.tsx";
import type { PageClient } from "./client.ts";
import { AppContext, useServices, useView } from "./context.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { useLostFocus } from "./kept-focus.ts";
import { Shell } from "./shell.tsx";
import { Splash } from "./splash.tsx";
import { Views } from "./views.ts";
import { part } from "../ui/part.tsx";

const Welcome = part(() => import("../welcome/welcome.tsx"), <Splash />);
const NewDevice = lazyScreen(() => import("../devices/new-device.tsx"), <Splash />);
const Unlock = part(() => import("../welcome/unlock.tsx"), <Splash />);
const Trouble = part(() => import("./trouble.tsx"), <Splash />);

export function App({ client }: { readonly client: PageClient }): ReactElement {
  const [services] = useState(() => ({ client, views: new Views(client.api) }));
  return (
    <I18nProvider i18n={i18n}>
      <AppContext value={services}>
        <Directed />
      </AppContext>
    </I18nProvider>
  );
}

function Directed(): ReactElement {
  const { i18n: language } = useLingui();
  useLostFocus();
  return (
    <Direction.Provider dir={directionOf(language.locale)}>
      <ErrorBoundary>
        <Root />
      </ErrorBoundary>
      <Announcer />
      <Toasts />
    </Direction.Provider>
  );
}

/** Someone new, or a new device of somebody who is here elsewhere. */
function FirstRun({ invitation }: { readonly invitation: string | null }): ReactElement {
  const link = useView("link") ?? { kind: "none" };
  const [isLinking, setLinking] = useState(false);
  return isLinking || link.kind !== "none" ? (
    <NewDevice link={link} onBack={() => setLinking(false)} />
  ) : (
    <Welcome invitation={invitation} onLink={() => setLinking(true)} />
  );
}

function Root(): ReactElement {
  const { client } = useServices();
  const status = useSyncExternalStore(client.onStatus, client.status);
  const profile = useView("profile");
  const invitation = useSyncExternalStore(pendingInvitation.subscribe, pendingInvitation.get);
  if (status.kind === "yielded" || status.kind === "failed") return <Trouble status={status} />;
  if (profile === undefined) return <Splash />;
  if (profile.state === "none") return <FirstRun invitation={invitation} />;
  if (profile.state === "locked") return <Unlock isInvited={invitation !== null} />;
  return <Shell profile={profile} invitation={invitation} />;
}
