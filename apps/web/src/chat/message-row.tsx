import { Trans, useLingui } from "@lingui/react/macro";
import type { MessageView } from "@xchat/client/api";
import { memo, useMemo, useState, type ReactElement } from "react";
import { useTimeWords } from "../i18n/format.ts";
import { isEmojiOnly, isLong } from "../text/shape.ts";
import { classes, Hidden, IconButton } from "../ui/basics.tsx";
import { useCopy } from "../ui/copy-button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { DeliveryIcon, useDeliveryWords } from "./delivery.tsx";
import { MessageText } from "./message-text.tsx";
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
  readonly onDetails: (id: string) => void;
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
      {message.content.kind === "notice" ? <Notice {...props} /> : <Message {...props} facts={facts} />}
    </div>
  );
});

function Message({
  chatName,
  message,
  isTabStop,
  isTarget,
  onDetails,
  facts,
}: RowProps & { readonly facts: RowFacts }): ReactElement {
  const { t } = useLingui();
  const label = useMessageLabel(message, chatName);
  const copy = useCopy();
  const { content, isOwn } = message;
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
      )}
    >
      <div
        className={classes("bubble", isLarge && "bubble-large", content.kind !== "text" && "bubble-quiet")}
        role="article"
        aria-label={label}
        tabIndex={isTabStop ? 0 : -1}
        data-message={message.id}
        onClick={(event) => {
          if (wantsDetails(event)) onDetails(message.id);
        }}
        onKeyDown={(event) => {
          if (event.key === "c" && text !== null && !event.ctrlKey && !event.metaKey && !event.altKey) void copy(text);
        }}
      >
        {text === null ? <Placeholder content={content} /> : <Body text={text} />}
      </div>
      <div className="message-tools">
        {text !== null && (
          <IconButton icon="copy" size={17} label={t`Copy text`} tabIndex={-1} onClick={() => void copy(text)} />
        )}
        <IconButton icon="info" size={17} label={t`Details`} tabIndex={-1} onClick={() => onDetails(message.id)} />
      </div>
      {facts.showsState && <Meta message={message} onDetails={onDetails} />}
    </div>
  );
}

/** A tap on a touch screen, unless it hit a link or ended a selection. With a mouse the tools beside the bubble do it. */
function wantsDetails(event: React.MouseEvent): boolean {
  const isTouch = event.nativeEvent instanceof PointerEvent && event.nativeEvent.pointerType === "touch";
  const isOnLink = event.target instanceof Element && event.target.closest("a, button") !== null;
  return isTouch && !isOnLink && getSelection()?.isCollapsed !== false;
}

function Body({ text }: { readonly text: string }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const isFolded = useMemo(() => isLong(text), [text]);
  return (
    <>
      <MessageText text={text} isFolded={isFolded && !isOpen} />
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
      <Icon name="warning" size={17} />
      {content.kind === "lost" && content.state === "asked" ? (
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
          {delivery.state === "queued" || delivery.state === "stored" ? (
            <span>{deliveryWords(delivery).title}</span>
          ) : (
            <Hidden>{deliveryWords(delivery).title}</Hidden>
          )}
        </>
      )}
    </button>
  );
}

function Notice({ chatName, message, isTabStop, onDetails }: RowProps): ReactElement {
  const label = useMessageLabel(message, chatName);
  const notice = message.content.kind === "notice" ? message.content.notice : "accepted";
  const icons: { readonly [N in typeof notice]: IconName } = {
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
      onDoubleClick={() => onDetails(message.id)}
    >
      <Icon name={icons[notice]} size={15} />
      <span>{useNoticeWords()(message, chatName)}</span>
    </div>
  );
}

function useNoticeWords(): (message: MessageView, chatName: string) => string {
  const { t } = useLingui();
  return ({ content, isOwn }, name) => {
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
  const time = words.time(message.sentAt);
  if (message.content.kind === "notice") return `${notice(message, chatName)} ${time}`;
  const text =
    message.content.kind === "text"
      ? message.content.text
      : message.content.kind === "lost"
        ? t`Lost message`
        : t`Unknown message`;
  if (!message.isOwn) return t`${chatName}: ${text}, ${time}`;
  const state = message.delivery === null ? "" : deliveryWords(message.delivery).title;
  return t`You: ${text}, ${time}, ${state}`;
}
