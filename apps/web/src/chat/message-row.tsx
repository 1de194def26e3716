import { Trans, useLingui } from "@lingui/react/macro";
import type { MentionView, MessageView } from "@xchat/client/api";
import { memo, useMemo, useState, type ReactElement } from "react";
import { useTimeWords } from "../i18n/format.ts";
import { isEmojiOnly, isLong } from "../text/shape.ts";
import { classes, Hidden, IconButton } from "../ui/basics.tsx";
import { useCopy } from "../ui/copy-button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Author, authorName } from "./author.tsx";
import { DeliveryIcon, useDeliveryWords } from "./delivery.tsx";
import type { MessageActions } from "./message-actions.tsx";
import { Marks, Reactions, ReplyQuote, useMarks, usePersonName } from "./message-marks.tsx";
import { MessageText } from "./message-text.tsx";
import { RecordLine } from "./record-line.tsx";
import { usePress } from "./use-press.ts";
import { rowFacts, type RowFacts } from "./rows.ts";

interface RowProps {
  readonly chatName: string;
  readonly previous: MessageView | undefined;
  readonly message: MessageView;
  readonly next: MessageView | undefined;
  readonly isUnreadStart: boolean;
  readonly isTabStop: boolean;
  readonly isTarget: boolean;
  /** What stands above the very first message. */
  readonly beginning: ReactElement | null;
  readonly actions: MessageActions;
}

/** As young as that when it is first drawn, a message came while somebody was looking. */
const ARRIVING_MILLISECONDS = 1_500;

export const MessageRow = memo(function MessageRow(props: RowProps): ReactElement {
  const { previous, message, next, isUnreadStart } = props;
  const words = useTimeWords();
  const facts = rowFacts(previous, message, next);
  return (
    <div className={classes("row", facts.startsGroup && "row-starts")}>
      {props.beginning}
      {facts.startsDay && (
        <p className="day">
          <time dateTime={new Date(message.sentAt).toISOString().slice(0, 10)}>{words.day(message.sentAt)}</time>
        </p>
      )}
      {isUnreadStart && (
        <p className="unread-line">
          <Trans>New messages</Trans>
        </p>
      )}
      <Content {...props} facts={facts} />
    </div>
  );
});

function Content(props: RowProps & { readonly facts: RowFacts }): ReactElement {
  const { message, isTabStop } = props;
  switch (message.content.kind) {
    case "notice":
    case "pin":
      return <Notice {...props} />;
    case "record":
      return <RecordLine message={message} record={message.content.record} isTabStop={isTabStop} />;
    default:
      return <Message {...props} facts={props.facts} />;
  }
}

function Message({
  chatName,
  message,
  isTabStop,
  isTarget,
  actions,
  facts,
}: RowProps & { readonly facts: RowFacts }): ReactElement {
  const { t } = useLingui();
  const press = usePress(message.id, actions.openMenu, () => actions.reply(message.id));
  const label = useMessageLabel(message, chatName);
  const copy = useCopy();
  const { content, isOwn } = message;
  const author = isOwn ? null : message.author;
  const text = content.kind === "text" ? content.text : null;
  const [isArriving] = useState(() => Date.now() - (message.receivedAt ?? message.sentAt) < ARRIVING_MILLISECONDS);
  const isLarge = useMemo(() => text !== null && isEmojiOnly(text), [text]);
  return (
    <div
      className={classes(
        "message",
        isOwn ? "message-own" : "message-theirs",
        facts.endsGroup && "message-ends",
        isTarget && "message-target",
        isArriving && "message-arrives",
        author !== null && "message-authored",
      )}
    >
      {facts.startsGroup && author !== null && <Author person={author} />}
      <div
        className={classes("bubble", isLarge && "bubble-large", content.kind !== "text" && "bubble-quiet")}
        role="article"
        aria-label={label}
        tabIndex={isTabStop ? 0 : -1}
        data-message={message.id}
        {...press}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
          if (event.key === "c" && text !== null) void copy(text);
          else if (event.key === "r" && text !== null) {
            event.preventDefault();
            actions.reply(message.id);
          }
        }}
      >
        {message.replyTo !== null && <ReplyQuote reply={message.replyTo} onJump={actions.jump} />}
        {content.kind === "text" ? (
          <Body text={content.text} mentions={content.mentions} />
        ) : (
          <Placeholder content={content} />
        )}
      </div>
      <div className="message-tools">
        {text !== null && actions.mayWrite && (
          <IconButton icon="reply" size={17} label={t`Reply`} tabIndex={-1} onClick={() => actions.reply(message.id)} />
        )}
        <IconButton
          icon="more"
          size={17}
          label={t`What to do with this message`}
          aria-haspopup="menu"
          tabIndex={-1}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            actions.openMenu({ id: message.id, x: box.left, y: box.bottom });
          }}
        />
      </div>
      <Reactions
        reactions={message.reactions}
        mayReact={actions.mayWrite}
        onReact={(reaction, isOn) => actions.react(message.id, reaction, isOn)}
      />
      {(facts.showsState || hasMarks(message)) && <Meta message={message} onDetails={actions.openDetails} />}
    </div>
  );
}

const hasMarks = ({ isForwarded, earlier, isPinned, isStarred, isDisappearing }: MessageView): boolean =>
  isForwarded || earlier.length > 0 || isPinned || isStarred || isDisappearing;

function Body({ text, mentions }: { readonly text: string; readonly mentions: readonly MentionView[] }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const isFolded = useMemo(() => isLong(text), [text]);
  return (
    <>
      <MessageText text={text} mentions={mentions} isFolded={isFolded && !isOpen} />
      {isFolded && (
        <button type="button" className="link-button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? <Trans>Show less</Trans> : <Trans>Show more</Trans>}
        </button>
      )}
    </>
  );
}

function Placeholder({ content }: { readonly content: MessageView["content"] }): ReactElement {
  return (
    <p className="placeholder">
      <Icon name={content.kind === "deleted" ? "trash" : "warning"} size={17} />
      {content.kind === "deleted" ? (
        <Trans>This message was deleted.</Trans>
      ) : content.kind === "lost" && content.state === "asked" ? (
        <Trans>Something is missing here. It did not come yet, and is asked for.</Trans>
      ) : content.kind === "lost" ? (
        <Trans>A message was here that nobody could bring back.</Trans>
      ) : (
        <Trans>A newer X Chat wrote this. It is kept, and will show after an update.</Trans>
      )}
    </p>
  );
}

function Meta({
  message,
  onDetails,
}: {
  readonly message: MessageView;
  readonly onDetails: (id: string) => void;
}): ReactElement {
  const words = useTimeWords();
  const deliveryWords = useDeliveryWords();
  const { delivery } = message;
  const isDirect = (delivery !== null && "via" in delivery ? delivery.via : message.via) === "direct";
  return (
    <button
      type="button"
      className="meta"
      tabIndex={-1}
      onClick={() => onDetails(message.id)}
      title={words.full(message.sentAt)}
    >
      <Marks message={message} />
      <time dateTime={new Date(message.sentAt).toISOString()}>{words.time(message.sentAt)}</time>
      {isDirect && (
        <>
          <Icon name="direct" size={14} />
          <Hidden>
            <Trans>direct</Trans>
          </Hidden>
        </>
      )}
      {delivery !== null && (
        <>
          <DeliveryIcon delivery={delivery} />
          {delivery.state === "queued" || delivery.state === "stored" || delivery.state === "unsent" ? (
            <span>{deliveryWords(delivery).title}</span>
          ) : (
            <Hidden>{deliveryWords(delivery).title}</Hidden>
          )}
        </>
      )}
    </button>
  );
}

function Notice({ chatName, message, isTabStop, actions }: RowProps): ReactElement {
  const label = useMessageLabel(message, chatName);
  const notice = message.content.kind === "notice" ? message.content.notice : "pin";
  const icons: { readonly [N in typeof notice]: IconName } = {
    pin: "pin",
    accepted: "check",
    verified: "check",
    unverified: "warning",
    "direct-on": "direct",
    "direct-off": "nodes",
  };
  return (
    <div
      className="notice"
      role="article"
      aria-label={label}
      tabIndex={isTabStop ? 0 : -1}
      data-message={message.id}
      onDoubleClick={() => actions.openDetails(message.id)}
    >
      <Icon name={icons[notice]} size={15} />
      <span>{useNoticeWords()(message, authorName(message, chatName))}</span>
    </div>
  );
}

function useNoticeWords(): (message: MessageView, chatName: string) => string {
  const { t } = useLingui();
  return ({ content, isOwn }, name) => {
    if (content.kind === "pin") {
      if (isOwn) return content.isPinned ? t`You pinned a message.` : t`You took a pin away.`;
      return content.isPinned ? t`${name} pinned a message.` : t`${name} took a pin away.`;
    }
    if (content.kind !== "notice") return "";
    switch (content.notice) {
      case "accepted":
        return isOwn
          ? t`You said yes. You can write to each other now.`
          : t`${name} said yes. You can write to each other now.`;
      case "verified":
        return t`You marked this contact as verified.`;
      case "unverified":
        return t`This contact is no longer marked as verified.`;
      case "direct-on":
        return isOwn ? t`You allowed direct connections.` : t`${name} allowed direct connections.`;
      default:
        return isOwn ? t`You switched direct connections off.` : t`${name} switched direct connections off.`;
    }
  };
}

/** Everything about a message in one line, for whoever hears it. */
function useMessageLabel(message: MessageView, chatName: string): string {
  const { t } = useLingui();
  const words = useTimeWords();
  const deliveryWords = useDeliveryWords();
  const notice = useNoticeWords();
  const marks = useMarks();
  const nameOf = usePersonName();
  const time = words.time(message.sentAt);
  if (message.content.kind === "notice" || message.content.kind === "pin")
    return `${notice(message, authorName(message, chatName))} ${time}`;
  const text =
    message.content.kind === "text"
      ? message.content.text
      : message.content.kind === "lost"
        ? t`Lost message`
        : message.content.kind === "deleted"
          ? t`This message was deleted.`
          : t`Unknown message`;
  const author = authorName(message, chatName);
  const state = message.isOwn && message.delivery !== null ? deliveryWords(message.delivery).title : "";
  const said = message.isOwn ? t`You: ${text}, ${time}, ${state}` : t`${author}: ${text}, ${time}`;
  const answered = message.replyTo?.state === "there" ? message.replyTo.text : "";
  const reactions = message.reactions.map(({ reaction, people }) => `${reaction} ${people.map(nameOf).join(" ")}`);
  const more = [
    answered === "" ? "" : t`in answer to: ${answered}`,
    ...marks(message).map(({ words: mark }) => mark),
    ...reactions,
  ];
  return [said, ...more.filter((part) => part !== "")].join(" · ");
}
