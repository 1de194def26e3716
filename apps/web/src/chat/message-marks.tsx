/** What stands at a message because of what was said of it: what it answers, reactions, and small signs. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { MessageView, PersonView, ReactionView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useTimeWords } from "../i18n/format.ts";
import { Hidden } from "../ui/basics.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";

export function usePersonName(): (person: PersonView) => string {
  const { t } = useLingui();
  return ({ isSelf, name }) => (isSelf ? t`You` : name);
}

/** Above the words of an answer; leads to what it answers. */
export function ReplyQuote({
  reply,
  onJump,
}: {
  readonly reply: NonNullable<MessageView["replyTo"]>;
  readonly onJump: (id: string) => void;
}): ReactElement {
  const nameOf = usePersonName();
  if (reply.state !== "there") {
    return (
      <p className="quote quote-gone">
        {reply.state === "deleted" ? (
          <Trans>In answer to a message that was deleted</Trans>
        ) : (
          <Trans>In answer to a message that is not here</Trans>
        )}
      </p>
    );
  }
  return (
    <button type="button" className="quote" tabIndex={-1} onClick={() => onJump(reply.id)}>
      <Hidden>
        <Trans>In answer to:</Trans>{" "}
      </Hidden>
      <bdi className="quote-name">{nameOf(reply.person)}</bdi>
      <span className="quote-text" dir="auto">
        {reply.text}
      </span>
    </button>
  );
}

export function Reactions({
  reactions,
  mayReact,
  onReact,
}: {
  readonly reactions: readonly ReactionView[];
  readonly mayReact: boolean;
  readonly onReact: (reaction: string, isOn: boolean) => void;
}): ReactElement | null {
  const { t } = useLingui();
  const nameOf = usePersonName();
  if (reactions.length === 0) return null;
  return (
    <div className="reactions" role="group" aria-label={t`Reactions`}>
      {reactions.map(({ reaction, people, isOwn }) => {
        const names = people.map(nameOf).join(t({ message: ", ", comment: "Between names in a list" }));
        return (
          <button
            key={reaction}
            type="button"
            className="reaction"
            aria-pressed={isOwn}
            aria-disabled={!mayReact}
            title={names}
            tabIndex={-1}
            onClick={() => mayReact && onReact(reaction, !isOwn)}
          >
            <span>{reaction}</span>
            {people.length > 1 && <span className="reaction-count">{people.length}</span>}
            <Hidden>{names}</Hidden>
          </button>
        );
      })}
    </div>
  );
}

/** Signs beside the time of a message, in words for whoever hears them. */
export function useMarks(): (
  message: MessageView,
) => readonly { readonly icon: IconName | null; readonly words: string }[] {
  const { t } = useLingui();
  const time = useTimeWords();
  return ({ isForwarded, earlier, isPinned, isStarred, isDisappearing, disappearsAt }) =>
    [
      isForwarded ? { icon: "share" as const, words: t`Forwarded` } : null,
      earlier.length > 0 ? { icon: null, words: t`edited` } : null,
      isPinned ? { icon: "pin" as const, words: t`pinned` } : null,
      isStarred ? { icon: "star" as const, words: t`starred` } : null,
      isDisappearing
        ? {
            icon: "clock" as const,
            words: disappearsAt === null ? t`disappears once read` : t`disappears ${time.full(disappearsAt)}`,
          }
        : null,
    ].filter((mark) => mark !== null);
}

export function Marks({ message }: { readonly message: MessageView }): ReactElement {
  const marks = useMarks()(message);
  return (
    <>
      {marks.map(({ icon, words }) =>
        icon === null ? (
          <span key={words}>{words}</span>
        ) : (
          <span key={words} title={words}>
            <Icon name={icon} size={14} />
            <Hidden>{words}</Hidden>
          </span>
        ),
      )}
    </>
  );
}

/** For a list of earlier versions. */
export function EarlierVersions({ message }: { readonly message: MessageView }): ReactElement | null {
  const words = useTimeWords();
  if (message.earlier.length === 0) return null;
  return (
    <details className="disclosure">
      <summary>
        <Plural value={message.earlier.length} one="# earlier version" other="# earlier versions" />
      </summary>
      <ul className="plain-list">
        {message.earlier.map(({ text, at }, index) => (
          <li key={index}>
            <time dateTime={new Date(at).toISOString()}>{words.full(at)}</time>
            <p className="text" dir="auto">
              {text}
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}
