import { Trans } from "@lingui/react/macro";
import { useSyncExternalStore, type ReactElement } from "react";
import { pendingInvitation } from "../platform/invitation-link.ts";
import type { Missing } from "../platform/requirements.ts";
import { Mark } from "../ui/icon.tsx";
import { CarriedCode, CopyCarriedCode } from "./carried-code.tsx";

/** In place of the app, where the browser or the way of opening it lacks something that it cannot do without. */
export default function Insecure({ missing }: { readonly missing: readonly Missing[] }): ReactElement {
  return (
    <main className="gate">
      <div className="gate-card">
        <Mark size={52} />
        {missing.includes("secure-context") ? <InsecureOrigin /> : <OldBrowser missing={missing} />}
        <Carry />
      </div>
    </main>
  );
}

/** An invitation in the address is not lost: it is good wherever the app runs. */
function Carry(): ReactElement | null {
  const invitation = useSyncExternalStore(pendingInvitation.subscribe, pendingInvitation.get);
  if (invitation === null) return null;
  return (
    <>
      <h2>
        <Trans>You were given an invitation</Trans>
      </h2>
      <p>
        <Trans>Copy its code. Where X Chat runs for you, paste it under "I have an invitation".</Trans>
      </p>
      <CarriedCode invitation={invitation} />
      <CopyCarriedCode invitation={invitation} />
    </>
  );
}

function InsecureOrigin(): ReactElement {
  return (
    <>
      <h1>
        <Trans>X Chat needs a protected address</Trans>
      </h1>
      <p>
        <Trans>
          This page came over plain http from another machine. Anyone on the way could have changed it, so the browser
          rightly withholds encryption and safe storage from it. Nothing was stored.
        </Trans>
      </p>
      <p>
        <Trans>Open it in one of these ways:</Trans>
      </p>
      <ul>
        <li>
          <Trans>with an address that begins with https://</Trans>
        </li>
        <li>
          <Trans>on the machine that runs the node, as http://localhost with its port</Trans>
        </li>
        <li>
          <Trans>on your own node: anyone can run one with two commands</Trans>
        </li>
      </ul>
    </>
  );
}

function OldBrowser({ missing }: { readonly missing: readonly Missing[] }): ReactElement {
  return (
    <>
      <h1>
        <Trans>This browser cannot run X Chat</Trans>
      </h1>
      <p>
        <Trans>
          Your keys and messages live on your device, and this browser lacks a part that is needed to keep them safely:
        </Trans>
      </p>
      <ul>
        {missing.includes("crypto") && (
          <li>
            <Trans>built-in encryption (WebCrypto)</Trans>
          </li>
        )}
        {missing.includes("storage") && (
          <li>
            <Trans>private file storage; some browsers switch it off in private windows</Trans>
          </li>
        )}
        {missing.includes("locks") && (
          <li>
            <Trans>locks between windows (Web Locks)</Trans>
          </li>
        )}
        {missing.includes("workers") && (
          <li>
            <Trans>background workers and WebAssembly; some strict modes switch them off</Trans>
          </li>
        )}
      </ul>
      <p>
        <Trans>A current version of Chrome, Edge, Firefox or Safari in an ordinary window has all of them.</Trans>
      </p>
    </>
  );
}
