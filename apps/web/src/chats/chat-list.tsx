import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, ProfileView } from "@xchat/client/api";
import { memo, useEffect, type ReactElement } from "react";
import { useApi, useView } from "../app/context.tsx";
import { go, type Place } from "../app/places.ts";
import { DeliveryIcon, useDeliveryWords } from "../chat/delivery.tsx";
import { useRecordWords } from "../chat/record-words.ts";
import { isBlocked, isVerified } from "./kinds.ts";
import { toldUnread } from "./unread.ts";
import { useTimeWords } from "../i18n/format.ts";
import { ChatAvatar } from "./chat-avatar.tsx";
import { HistoryReminder } from "./history-reminder.tsx";
import { NewMenu } from "./new-menu.tsx";
import { declineLeftOver } from "../people/declining.ts";
import { useOpenRequests } from "../people/use-open-requests.ts";
import { Button, classes, EmptyState, Hidden, IconButton, Name } from "../ui/basics.tsx";
import { Icon, VerifiedSeal } from "../ui/icon.tsx";
import { JoiningChats } from "./joining-chats.tsx";
import { RecoveredChats } from "./recovered-chats.tsx";

type Ready = Extract<ProfileView, { state: "ready" }>;

export function ChatList({ profile, place }: { readonly profile: Ready; readonly place: Place }): ReactElement {
  const { t } = useLingui();
  const chats = useView("chats");
  const isRecovering = (useView("recovery")?.chats.length ?? 0) > 0;
  const isJoining = (useView("joining")?.length ?? 0) > 0;
  return (
    <>
      <header className="list-header">
        {place.at === "chats" ? <h1>X Chat</h1> : <h2>X Chat</h2>}
        <IconButton
          icon="search"
          label={t`Search`}
          onClick={() => go({ at: "search" })}
          aria-keyshortcuts="Control+K"
        />
        <NewMenu />
      </header>
      <div className="list-scroll">
        {profile.recoveryWords === "unwritten" && <WordsReminder />}
        <HistoryReminder />
        <RequestsCard isCurrent={place.at === "requests"} />
        {chats === undefined ? (
          <ListSkeleton />
        ) : chats.length === 0 ? (
          !isRecovering && !isJoining && <NoChats />
        ) : (
          <Chats chats={chats} current={place.at === "chat" ? place.chat : null} />
        )}
        <JoiningChats />
        <RecoveredChats />
      </div>
    </>
  );
}

function Chats({
  chats,
  current,
}: {
  readonly chats: readonly ChatView[];
  readonly current: string | null;
}): ReactElement {
  const today = new Date().toDateString();
  return (
    <ul className="chat-list">
      {chats.map((chat) => (
        <li key={chat.id}>
          <ChatRow chat={chat} isCurrent={chat.id === current} today={today} />
        </li>
      ))}
    </ul>
  );
}

const ChatRow = memo(function ChatRow({
  chat,
  isCurrent,
}: {
  readonly chat: ChatView;
  readonly isCurrent: boolean;
  /** What the short form of a time depends on, beside the chat. */
  readonly today: string;
}): ReactElement {
  const { t } = useLingui();
  const words = useTimeWords();
  const unread = toldUnread(chat, isCurrent);
  return (
    <button
      type="button"
      className={classes("chat-row", unread > 0 && "chat-row-unread")}
      aria-current={isCurrent ? "true" : undefined}
      onClick={() => go({ at: "chat", chat: chat.id })}
    >
      <ChatAvatar chat={chat} />
      <span className="chat-row-top">
        <span className="chat-row-name">
          <Name>{chat.name}</Name>
          {isVerified(chat) && (
            <>
              <VerifiedSeal />
              <Hidden>{t`, verified`}</Hidden>
            </>
          )}
        </span>
        <time dateTime={new Date(chat.activeAt).toISOString()}>{words.brief(chat.activeAt)}</time>
      </span>
      <span className="chat-row-bottom">
        <LastLine chat={chat} />
        {unread > 0 && (
          <span className="badge">
            {unread > 99 ? "99+" : unread}
            <Hidden>
              {" "}
              <Trans>unread</Trans>
            </Hidden>
          </span>
        )}
      </span>
    </button>
  );
});

function LastLine({ chat }: { readonly chat: ChatView }): ReactElement {
  const { t } = useLingui();
  const deliveryWords = useDeliveryWords();
  const recordWords = useRecordWords();
  if (isBlocked(chat)) return <span className="chat-row-last chat-row-quiet">{t`Blocked`}</span>;
  if (chat.draft !== "") {
    return (
      <span className="chat-row-last">
        <span className="draft-label">{t`Draft:`}</span> <bdi>{chat.draft}</bdi>
      </span>
    );
  }
  if (chat.last === null) {
    return (
      <span className="chat-row-last chat-row-quiet">
        {chat.state === "waiting" ? t`Waiting for their yes` : t`No messages yet`}
      </span>
    );
  }
  const { kind, delivery, text, isOwn, author, record } = chat.last;
  if (record !== undefined)
    return <span className="chat-row-last chat-row-quiet">{recordWords(record).join(" ")}</span>;
  return (
    <span className="chat-row-last">
      {isOwn && delivery !== null && (
        <>
          <DeliveryIcon delivery={delivery} />
          <Hidden>{deliveryWords(delivery).title}: </Hidden>
        </>
      )}
      {!isOwn && author !== null && <LastAuthor name={author.name} />}
      {kind === "text" ? (
        <bdi>{text}</bdi>
      ) : kind === "deleted" ? (
        t`This message was deleted.`
      ) : kind === "pin" ? (
        t`A pin was set or taken away.`
      ) : (
        ""
      )}
    </span>
  );
}

function LastAuthor({ name }: { readonly name: string }): ReactElement {
  return (
    <span className="last-author">
      <bdi>{name}</bdi>
      {": "}
    </span>
  );
}

function RequestsCard({ isCurrent }: { readonly isCurrent: boolean }): ReactElement | null {
  const api = useApi();
  useEffect(() => declineLeftOver(api), [api]);
  const requests = useOpenRequests();
  if (requests === undefined || requests.length === 0) return null;
  return (
    <button
      type="button"
      className="requests-card"
      aria-current={isCurrent ? "true" : undefined}
      onClick={() => go({ at: "requests" })}
    >
      <Icon name="inbox" />
      <span>
        <Plural value={requests.length} one="# request to talk to you" other="# requests to talk to you" />
      </span>
      <Icon name="forward" size={18} />
    </button>
  );
}

function WordsReminder(): ReactElement {
  return (
    <div className="reminder">
      <p>
        <strong>
          <Trans>Write down your 24 words.</Trans>
        </strong>{" "}
        <Trans>Only they can prove that an identity is yours once this device is lost.</Trans>
      </p>
      <Button icon="words" onClick={() => go({ at: "settings", section: "words" })}>
        <Trans>Show the words</Trans>
      </Button>
    </div>
  );
}

function NoChats(): ReactElement {
  return (
    <EmptyState icon="invite" title={<Trans>Nobody here yet</Trans>}>
      <p>
        <Trans>Invite someone with a link or a code, or open the invitation that you were given.</Trans>
      </p>
      <Button kind="primary" onClick={() => go({ at: "people" })}>
        <Trans>Invite someone</Trans>
      </Button>
    </EmptyState>
  );
}

function ListSkeleton(): ReactElement {
  return (
    <div className="skeleton-list" aria-busy="true">
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className="skeleton-row">
          <span className="skeleton skeleton-avatar" />
          <span className="skeleton skeleton-line" />
          <span className="skeleton skeleton-line skeleton-short" />
        </div>
      ))}
    </div>
  );
}
