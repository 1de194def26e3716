import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState, type ReactElement } from "react";
import { takeNewest } from "../platform/service-worker.ts";
import { isStorageRefused } from "../platform/storage.ts";
import { Button, Note } from "../ui/basics.tsx";
import { Mark } from "../ui/icon.tsx";
import type { ClientStatus } from "./client.ts";
import { ERROR_WORDS } from "./errors.ts";

type Stopped = Extract<ClientStatus, { kind: "yielded" | "failed" }>;

/** The whole page, where the client cannot run here at all: what happened, what was kept, and the next step. */
export default function Trouble({ status }: { readonly status: Stopped }): ReactElement {
  const needsNewer = status.kind === "yielded" || status.code === "store-newer-version";
  return (
    <main className="gate">
      <div className="gate-card">
        <Mark size={52} />
        <Words status={status} />
        {needsNewer ? <TakeNewest /> : <TryAgain />}
      </div>
    </main>
  );
}

function Words({ status }: { readonly status: Stopped }): ReactElement {
  const { t } = useLingui();
  if (status.kind === "yielded") {
    return (
      <>
        <h1>
          <Trans>A newer X Chat is open in another window</Trans>
        </h1>
        <p>
          <Trans>
            This window shows an older version and has stepped back, so that the two do not disturb each other. Nothing
            is lost.
          </Trans>
        </p>
      </>
    );
  }
  if (status.code === "internal") return <CouldNotStart />;
  const words = ERROR_WORDS[status.code];
  return (
    <>
      <h1>{t(words.title)}</h1>
      <p>{t(words.text)}</p>
    </>
  );
}

/** Some browsers have storage and refuse it all the same, in private windows above all: only trying tells. */
function CouldNotStart(): ReactElement {
  const [isRefused, setRefused] = useState(false);
  useEffect(() => {
    let isShown = true;
    void isStorageRefused().then((refused) => isShown && setRefused(refused));
    return () => {
      isShown = false;
    };
  }, []);
  if (isRefused) {
    return (
      <>
        <h1>
          <Trans>This window may not store anything</Trans>
        </h1>
        <p>
          <Trans>
            Your keys and messages live on your device, and the browser refuses to keep them here. Private windows often
            do, and so does a setting that blocks data of sites. Open X Chat in an ordinary window, or allow it to store
            data. Nothing was changed.
          </Trans>
        </p>
      </>
    );
  }
  return (
    <>
      <h1>
        <Trans>X Chat could not start</Trans>
      </h1>
      <p>
        <Trans>What was saved is kept, and nothing was changed. Mostly one of these helps:</Trans>
      </p>
      <ul>
        <li>
          <Trans>Try again, once the node that serves this page can be reached.</Trans>
        </li>
        <li>
          <Trans>Close all windows of X Chat, then open one.</Trans>
        </li>
        <li>
          <Trans>Update the browser and start it anew.</Trans>
        </li>
      </ul>
    </>
  );
}

function TryAgain(): ReactElement {
  return (
    <div className="actions">
      <Button kind="primary" icon="refresh" onClick={() => location.reload()}>
        <Trans>Try again</Trans>
      </Button>
    </div>
  );
}

/** A plain reload would bring back the version that is kept for days offline: the older one. */
function TakeNewest(): ReactElement {
  const [search, setSearch] = useState<"no" | "under-way" | "in-vain">("no");
  const take = async (): Promise<void> => {
    setSearch("under-way");
    if (!(await takeNewest())) setSearch("in-vain");
  };
  return (
    <>
      <div role="status">
        {search === "in-vain" && (
          <Note>
            <Trans>
              No newer version was found at this address, or it cannot be reached now. Open X Chat where the newer one
              came from, or try again later.
            </Trans>
          </Note>
        )}
      </div>
      <div className="actions">
        <Button kind="primary" icon="refresh" isBusy={search === "under-way"} onClick={() => void take()}>
          <Trans>Get the newer version</Trans>
        </Button>
      </div>
    </>
  );
}
