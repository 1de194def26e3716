/** What was said before a device came: got from another one of the person's, and given to it (spec/devices.md, section 7). */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { DevicesView, HistoryGiveView, HistoryTakeView } from "@xchat/client/api";
import type { ReactElement, ReactNode } from "react";
import { useIntent } from "../app/context.tsx";
import { Button, ErrorNote, Name } from "../ui/basics.tsx";
import { nameOf, siblings } from "./siblings.ts";

/** All of it, among the devices. Nothing where there is nothing to decide and nothing under way. */
export function HistoryCards({ view }: { readonly view: DevicesView }): ReactElement {
  const { take, give, isOffered } = view.history;
  return (
    <>
      {give.map((one) => (
        <Give key={one.device} give={one} name={nameOf(view, one.device)} />
      ))}
      {take !== null && <Take take={take} name={nameOf(view, take.device)} />}
      {isOffered && <Offer view={view} />}
    </>
  );
}

/** For a device that wants more later, or said no at first. */
export function AskAgain({ view }: { readonly view: DevicesView }): ReactElement | null {
  const { take, isOffered } = view.history;
  const isFree = take === null || !IS_UNDER_WAY[take.state];
  if (isOffered || !isFree || siblings(view).length === 0) return null;
  return (
    <details className="disclosure">
      <summary>
        <Trans>Get earlier messages from another device</Trans>
      </summary>
      <p className="hint">
        <Trans>What is here already does not come twice. You are asked on the other device too.</Trans>
      </p>
      <AskButtons view={view} />
    </details>
  );
}

// ---- below

const IS_UNDER_WAY = {
  asked: true,
  coming: true,
  waiting: true,
  done: false,
  stopped: false,
  declined: false,
} as const;

function Card({ title, children }: { readonly title: ReactNode; readonly children: ReactNode }): ReactElement {
  return (
    <section className="card" role="status">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Offer({ view }: { readonly view: DevicesView }): ReactElement | null {
  const end = useIntent("endHistory");
  if (siblings(view).length === 0) return null;
  return (
    <Card title={<Trans>Earlier messages</Trans>}>
      <p>
        <Trans>
          What was written before this device came is on your other devices. Get it from one of them: you are asked
          there too, and it goes from one to the other, sealed.
        </Trans>
      </p>
      <AskButtons view={view}>
        <Button isBusy={end.isBusy} onClick={() => void end.run({})}>
          <Trans>Not needed here</Trans>
        </Button>
      </AskButtons>
    </Card>
  );
}

function AskButtons({ view, children }: { readonly view: DevicesView; readonly children?: ReactNode }): ReactElement {
  const ask = useIntent("askHistory");
  return (
    <>
      <ErrorNote code={ask.error} />
      <div className="actions">
        {children}
        {siblings(view).map(({ id }) => (
          <Button key={id} kind="primary" icon="download" isBusy={ask.isBusy} onClick={() => void ask.run({ id })}>
            <Trans>
              Get them from <Name>{nameOf(view, id)}</Name>
            </Trans>
          </Button>
        ))}
      </div>
    </>
  );
}

function Take({ take, name }: { readonly take: HistoryTakeView; readonly name: string }): ReactElement {
  const end = useIntent("endHistory");
  const isUnderWay = IS_UNDER_WAY[take.state];
  return (
    <Card title={<TakeTitle take={take} name={name} />}>
      {isUnderWay && take.total > 0 && <Progress {...take} />}
      <p className="hint">
        <TakeHint take={take} name={name} />
      </p>
      {take.refused > 0 && (
        <p className="hint">
          <Plural
            value={take.refused}
            one="# was left out: it was not as its author has written it."
            other="# were left out: they were not as their authors have written them."
          />
        </p>
      )}
      <ErrorNote code={end.error} />
      <div className="actions">
        <Button isBusy={end.isBusy} onClick={() => void end.run({})}>
          {isUnderWay ? <Trans>Stop</Trans> : <Trans>Done</Trans>}
        </Button>
      </div>
    </Card>
  );
}

function TakeTitle({ take, name }: { readonly take: HistoryTakeView; readonly name: string }): ReactElement {
  switch (take.state) {
    case "asked":
      return (
        <Trans>
          Now say yes on <Name>{name}</Name>
        </Trans>
      );
    case "coming":
    case "waiting":
      return (
        <Trans>
          Earlier messages are coming from <Name>{name}</Name>
        </Trans>
      );
    case "done":
      return <Trans>Your earlier messages are here</Trans>;
    case "stopped":
      return <Trans>Stopped before all had come</Trans>;
    case "declined":
      return (
        <Trans>
          <Name>{name}</Name> has said no
        </Trans>
      );
  }
}

function TakeHint({ take, name }: { readonly take: HistoryTakeView; readonly name: string }): ReactElement {
  switch (take.state) {
    case "asked":
      return <Trans>It asks there under Settings, Devices, as soon as it is connected.</Trans>;
    case "coming":
      return <Trans>You can go on meanwhile. It goes on after a restart of either.</Trans>;
    case "waiting":
      return (
        <Trans>
          Waiting for <Name>{name}</Name>: it has to be open and connected. It goes on by itself.
        </Trans>
      );
    case "declined":
      return <Trans>Nothing was given. You can ask again.</Trans>;
    default:
      return (
        <Plural
          value={take.events}
          one="# message, edit or reaction that was not here before."
          other="# messages, edits and reactions that were not here before."
        />
      );
  }
}

function Give({ give, name }: { readonly give: HistoryGiveView; readonly name: string }): ReactElement {
  const answer = useIntent("answerHistory");
  const stop = useIntent("stopGivingHistory");
  const id = give.device;
  if (give.state === "asks") {
    return (
      <Card
        title={
          <Trans>
            <Name>{name}</Name> asks for your earlier messages
          </Trans>
        }
      >
        <p>
          <Trans>
            It is a device of your account. It gets every chat, as far as it is here, but for what you have deleted.
            Only if you asked for it there just now.
          </Trans>
        </p>
        <ErrorNote code={answer.error} />
        <div className="actions">
          <Button isBusy={answer.isBusy} onClick={() => void answer.run({ id, isAllowed: false })}>
            <Trans>No</Trans>
          </Button>
          <Button kind="primary" isBusy={answer.isBusy} onClick={() => void answer.run({ id, isAllowed: true })}>
            <Trans>Give them</Trans>
          </Button>
        </div>
      </Card>
    );
  }
  return (
    <Card
      title={
        <Trans>
          <Name>{name}</Name> gets your earlier messages
        </Trans>
      }
    >
      {give.total > 0 && <Progress {...give} />}
      <p className="hint">
        <Trans>Leave both open. It goes on after a restart of either.</Trans>
      </p>
      <ErrorNote code={stop.error} />
      <div className="actions">
        <Button isBusy={stop.isBusy} onClick={() => void stop.run({ id })}>
          <Trans>Stop</Trans>
        </Button>
      </div>
    </Card>
  );
}

function Progress({ done, total }: { readonly done: number; readonly total: number }): ReactElement {
  const { t, i18n } = useLingui();
  const part = total === 0 ? 0 : done / total;
  const percent = new Intl.NumberFormat(i18n.locale, { style: "percent" }).format(part);
  return <progress className="progress" value={part} max={1} aria-label={t`${percent} of the earlier messages`} />;
}
