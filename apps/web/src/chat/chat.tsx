import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView, PairChatView } from "@xchat/client/api";
import { useCallback, useEffect, useState, useSyncExternalStore, type ReactElement } from "react";
import { useIntent, useServices, useView } from "../app/context.tsx";
import { go, goBack, type Place } from "../app/places.ts";
import { Button, EmptyState, ErrorNote, Hidden, IconButton, Name } from "../ui/basics.tsx";
import { Icon, VerifiedSeal } from "../ui/icon.tsx";
import { ChatAvatar } from "../chats/chat-avatar.tsx";
import { isVerified } from "../chats/kinds.ts";
import { Composer } from "./composer.tsx";
import { GroupFoot } from "./group-foot.tsx";
import { GroupLine } from "./group-head.tsx";
import { useMessageActions, useUnhidden } from "./message-actions.tsx";
import { MessageList } from "./message-list.tsx";
import { ChatMessages } from "./messages.ts";
import { EndedFoot, RecoveredLine } from "./recovered-line.tsx";
import { PinnedBar } from "./pinned-bar.tsx";
import { NEW, type Writing } from "./writing.ts";
import { lazyScreen } from "../i18n/locales.ts";
import { part } from "../ui/part.tsx";

const PANEL = <div className="panel" aria-busy="true" />;
const ContactPanel = lazyScreen(() => import("../contact/contact-panel.tsx"), PANEL);
const GroupPanel = lazyScreen(() => import("../group/group-panel.tsx"), PANEL);
const ChatSearch = part(() => import("./chat-search.tsx"));

const NO_MESSAGES: readonly MessageView[] = [];

type ChatPlace = Extract<Place, { at: "chat" }>;

export default function Chat({ place }: { readonly place: ChatPlace }): ReactElement {
  const chats = useView("chats");
  const chat = chats?.find(({ id }) => id === place.chat);
  if (chat !== undefined) return <OpenChat chat={chat} place={place} />;
  if (chats === undefined) return <div className="pane" aria-busy="true" />;
  return (
    <div className="pane pane-empty">
      <EmptyState icon="chat" title={<Trans>This chat is no longer here</Trans>}>
        <Button onClick={goBack}>
          <Trans>Back to the chats</Trans>
        </Button>
      </EmptyState>
    </div>
  );
}

function OpenChat({ chat, place }: { readonly chat: ChatView; readonly place: ChatPlace }): ReactElement {
  const { client } = useServices();
  const [messages] = useState(() => new ChatMessages(client, chat.id));
  const [unreadAtOpening] = useState(chat.unread);
  const [messageAtOpening] = useState(place.message ?? null);
  const state = useSyncExternalStore(messages.subscribe, messages.state);
  useEffect(
    () => messages.start(client, unreadAtOpening, messageAtOpening),
    [client, messages, unreadAtOpening, messageAtOpening],
  );
  const { panel } = place;
  const [writing, setWriting] = useState<Writing>(NEW);
  const rows = useUnhidden(state.window?.messages ?? NO_MESSAGES);
  const jump = useCallback((id: string): void => void messages.showAround(id), [messages]);
  const { actions, surface } = useMessageActions({ chat, rows, onWrite: setWriting, onJump: jump });
  return (
    <div className="chat" data-panel={panel}>
      <section className="pane chat-pane" aria-label={chat.name}>
        <ChatHeader chat={chat} panel={panel} />
        {panel === "search" && <ChatSearch chat={chat.id} onHit={jump} />}
        <PinnedBar chat={chat} messages={messages} onJump={jump} />
        <MessageList chat={chat} messages={messages} state={state} rows={rows} actions={actions} />
        <ErrorNote code={state.error} />
        {chat.missing > 0 && <GapNotice count={chat.missing} />}
        {chat.kind === "pair" && <RecoveredLine chat={chat} />}
        {chat.kind === "group" ? (
          <GroupFoot
            chat={chat}
            rows={rows}
            writing={writing}
            onWrite={setWriting}
            onSent={() => afterSending(messages)}
          />
        ) : (
          <Foot chat={chat} messages={messages} writing={writing} onWrite={setWriting} rows={rows} />
        )}
        {surface}
      </section>
      {panel === "contact" && (chat.kind === "group" ? <GroupPanel chat={chat} /> : <ContactPanel chat={chat} />)}
    </div>
  );
}

function ChatHeader({ chat, panel }: { readonly chat: ChatView; readonly panel: ChatPlace["panel"] }): ReactElement {
  const { t } = useLingui();
  const toggle = (next: "contact" | "search"): void =>
    go(panel === next ? { at: "chat", chat: chat.id } : { at: "chat", chat: chat.id, panel: next });
  return (
    <header className="pane-header">
      <IconButton icon="back" label={t`Back`} className="back-button" onClick={() => go({ at: "chats" })} />
      <button
        type="button"
        className="chat-title"
        onClick={() => toggle("contact")}
        aria-expanded={panel === "contact"}
      >
        <ChatAvatar chat={chat} size="small" />
        <span className="chat-title-text">
          <h1>
            <Name>{chat.name}</Name>
            {isVerified(chat) && (
              <>
                <VerifiedSeal />
                <Hidden>{t`, verified`}</Hidden>
              </>
            )}
          </h1>
          {chat.kind === "group" ? <GroupLine chat={chat} /> : <WayLine chat={chat} />}
        </span>
      </button>
      <IconButton
        icon="search"
        label={t`Search in this chat`}
        aria-pressed={panel === "search"}
        onClick={() => toggle("search")}
      />
      <IconButton
        icon="info"
        label={chat.kind === "group" ? t`About this group` : t`About this contact`}
        aria-pressed={panel === "contact"}
        onClick={() => toggle("contact")}
      />
    </header>
  );
}

/** Which way messages take now, in two words. */
function WayLine({ chat }: { readonly chat: PairChatView }): ReactElement {
  if (chat.isBlocked) return <Way icon="block" text={<Trans>Blocked</Trans>} />;
  if (chat.state === "waiting") return <Way icon="inbox" text={<Trans>Waiting for their yes</Trans>} />;
  if (chat.state === "ended") return <Way icon="lock" text={<Trans>Ended</Trans>} />;
  if (chat.way === "direct") return <Way icon="direct" text={<Trans>Direct connection</Trans>} isLively />;
  if (chat.way === "nodes") return <Way icon="nodes" text={<Trans>Through nodes</Trans>} />;
  return <Way icon="offline" text={<Trans>No way right now</Trans>} />;
}

function Way({
  icon,
  text,
  isLively = false,
}: {
  readonly icon: "block" | "inbox" | "lock" | "direct" | "nodes" | "offline";
  readonly text: ReactElement;
  readonly isLively?: boolean;
}): ReactElement {
  return (
    <span className="way-line" data-lively={isLively || undefined}>
      <Icon name={icon} size={14} />
      {text}
    </span>
  );
}

function GapNotice({ count }: { readonly count: number }): ReactElement {
  return (
    <p className="gap-notice" role="status">
      <span className="spinner" aria-hidden="true" />
      <Plural value={count} one="# message is missing; fetching it …" other="# messages are missing; fetching them …" />
    </p>
  );
}

function Foot({
  chat,
  messages,
  writing,
  onWrite,
  rows,
}: {
  readonly chat: PairChatView;
  readonly messages: ChatMessages;
  readonly writing: Writing;
  readonly onWrite: (writing: Writing) => void;
  readonly rows: readonly MessageView[];
}): ReactElement {
  const { t } = useLingui();
  const unblock = useIntent("setBlocked");
  if (chat.isBlocked) {
    return (
      <div className="foot-note">
        <p>
          <Trans>You blocked this contact. Nothing they write reaches you.</Trans>
        </p>
        <Button
          onClick={() => void unblock.run({ chat: chat.id, isBlocked: false })}
          isBusy={unblock.isBusy}
        >{t`Unblock`}</Button>
        <ErrorNote code={unblock.error} />
      </div>
    );
  }
  if (chat.state === "ended") {
    return <EndedFoot chat={chat} />;
  }
  return <Composer chat={chat} writing={writing} onWrite={onWrite} rows={rows} onSent={() => afterSending(messages)} />;
}

function afterSending(messages: ChatMessages): void {
  messages.forgetUnread();
  if (messages.state().window?.hasNewer === true) void messages.showNewest();
}
