import { Trans } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { useView } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { nameOf, siblings } from "../devices/siblings.ts";
import { Button, Name } from "../ui/basics.tsx";

/** Over the list of chats: earlier messages are there to be had, are asked for, or come. Else nothing. */
export function HistoryReminder(): ReactElement | null {
  const view = useView("devices");
  if (view === undefined || view.isRemoved) return null;
  const { take, give, isOffered } = view.history;
  const asking = give.find(({ state }) => state === "asks");
  const isUnderWay = take !== null && (take.state === "coming" || take.state === "waiting");
  if (asking === undefined && !isUnderWay && !(isOffered && siblings(view).length > 0)) return null;
  return (
    <div className="reminder">
      <p>
        {asking !== undefined ? (
          <strong>
            <Trans>
              <Name>{nameOf(view, asking.device)}</Name> asks for your earlier messages.
            </Trans>
          </strong>
        ) : isUnderWay ? (
          <Trans>Earlier messages are coming.</Trans>
        ) : (
          <>
            <strong>
              <Trans>Your earlier messages are on your other devices.</Trans>
            </strong>{" "}
            <Trans>You can have them here too.</Trans>
          </>
        )}
      </p>
      <Button icon="devices" onClick={() => go({ at: "settings", section: "devices" })}>
        <Trans>Show</Trans>
      </Button>
    </div>
  );
}
