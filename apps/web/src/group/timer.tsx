import { Trans } from "@lingui/react/macro";
import type { GroupChatView } from "@xchat/client/api";
import { useId, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { useDurationWords } from "../i18n/duration.ts";
import { ErrorNote } from "../ui/basics.tsx";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const CHOICES: readonly number[] = [HOUR, 8 * HOUR, DAY, 7 * DAY, 28 * DAY];

/** How long messages stay. */
export function Timer({
  chat,
  seconds,
  mayChange,
}: {
  readonly chat: GroupChatView;
  readonly seconds: number | null;
  readonly mayChange: boolean;
}): ReactElement {
  const duration = useDurationWords();
  const change = useIntent("setDisappearing");
  const id = useId();
  const choices =
    seconds === null || CHOICES.includes(seconds) ? CHOICES : [...CHOICES, seconds].toSorted((a, b) => a - b);
  return (
    <section className="panel-section">
      <h2 className="section-title">
        <Trans>Disappearing messages</Trans>
      </h2>
      <p className="hint" id={`${id}-hint`}>
        {seconds === null ? (
          <Trans>Messages stay until somebody deletes them.</Trans>
        ) : (
          <Trans>
            New messages disappear {duration(seconds)} after they were read, for each reader, and after sending for who
            wrote them. Whoever wants to keep one can still take a picture of it.
          </Trans>
        )}
      </p>
      {mayChange && (
        <div className="permission timer">
          <label htmlFor={id}>
            <Trans>Disappear after</Trans>
          </label>
          <select
            id={id}
            className="select"
            aria-describedby={`${id}-hint`}
            value={seconds ?? ""}
            onChange={(event) =>
              void change.run({ chat: chat.id, seconds: event.target.value === "" ? null : Number(event.target.value) })
            }
          >
            <option value="">
              <Trans>Never</Trans>
            </option>
            {choices.map((choice) => (
              <option key={choice} value={choice}>
                {duration(choice)}
              </option>
            ))}
          </select>
        </div>
      )}
      <ErrorNote code={change.error} />
    </section>
  );
}
