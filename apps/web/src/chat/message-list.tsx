import { Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import { useEffect, useEffectEvent, useLayoutEffect, useMemo, useRef, useState, type ReactElement } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { Icon } from "../ui/icon.tsx";
import type { MessageActions } from "./message-actions.tsx";
import { MessageRow } from "./message-row.tsx";
import type { ChatMessages, MessagesState } from "./messages.ts";
import { useAnnounceNew, useMarkRead } from "./reading.ts";

/** Closer to the end than this, the list follows new messages. Pixels. */
const FOLLOW_DISTANCE = 80;
/** Closer to an end than this, the next page is fetched. Pixels. */
const LOAD_DISTANCE = 1200;

interface ListProps {
  readonly chat: ChatView;
  readonly messages: ChatMessages;
  readonly state: MessagesState;
  /** What is shown of the window. */
  readonly rows: readonly MessageView[];
  readonly actions: MessageActions;
}

export function MessageList({ chat, messages, state, rows, actions }: ListProps): ReactElement {
  const { t } = useLingui();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [isAway, setAway] = useState(false);
  const [focused, setFocused] = useState<string | null>(null);
  const lookAtVisible = useMarkRead(chat, rows, list);
  useAnnounceNew(chat, rows);
  const follow = useFollowing({ state, rows, list, scroller });
  const focusedIndex = Math.max(0, focused === null ? rows.length - 1 : rows.findIndex(({ id }) => id === focused));

  const look = (): void => {
    const handle = list.current;
    if (handle === null || state.window === null) return;
    const below = handle.scrollSize - handle.scrollOffset - handle.viewportSize;
    follow.onLook(handle.scrollOffset, below < FOLLOW_DISTANCE && !state.window.hasNewer);
    setAway(below > handle.viewportSize || state.window.hasNewer);
    if (handle.scrollOffset < LOAD_DISTANCE) void messages.loadOlder();
    if (below < LOAD_DISTANCE) void messages.loadNewer();
    lookAtVisible();
  };

  // A page that does not fill the screen makes no scrolling that would ask for the next one.
  const lookAfterChange = useEffectEvent(look);
  useEffect(() => lookAfterChange(), [state.window]);

  const focusRow = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined) return;
    setFocused(row.id);
    list.current?.scrollToIndex(rows.indexOf(row), { align: "nearest" });
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(row.id)}"]`)?.focus(),
    );
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset["message"] === undefined || event.altKey) return;
    const index = rows.findIndex(({ id }) => id === (event.target as HTMLElement).dataset["message"]);
    const next = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      if (next >= rows.length) document.getElementById("composer")?.focus();
      else focusRow(next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const box = event.target.getBoundingClientRect();
      actions.openMenu({ id: event.target.dataset["message"], x: box.left, y: Math.min(box.bottom, innerHeight / 2) });
    }
  };

  // Part of the first row, since the list must know the height of everything above a row.
  const hasBeginning = state.window !== null && !state.window.hasOlder;
  const isEmpty = rows.length === 0;
  const beginning = useMemo(
    () => (hasBeginning ? <ChatBeginning kind={chat.kind} state={chat.state} isEmpty={isEmpty} /> : null),
    [hasBeginning, isEmpty, chat.kind, chat.state],
  );
  return (
    <div className="messages">
      <div
        className="messages-scroll"
        ref={scroller}
        id="messages"
        role="log"
        aria-live="off"
        aria-label={t`Messages`}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          const id = event.target.dataset["message"];
          if (id !== undefined) setFocused(id);
        }}
      >
        <div className="messages-spring" />
        {state.window !== null && rows.length === 0 && beginning}
        {state.window === null && <MessagesSkeleton />}
        <Virtualizer
          ref={list}
          data={rows}
          shift={state.isPrepend}
          scrollRef={scroller}
          keepMounted={rows.length === 0 ? [] : [focusedIndex]}
          bufferSize={500}
          onScroll={look}
          onResize={follow.onResize}
        >
          {(message, index) => (
            <MessageRow
              key={message.id}
              chatName={chat.name}
              previous={rows[index - 1]}
              message={message}
              next={rows[index + 1]}
              isUnreadStart={message.id === state.unreadFrom}
              isTabStop={index === focusedIndex}
              isTarget={message.id === state.target}
              beginning={index === 0 ? beginning : null}
              actions={actions}
            />
          )}
        </Virtualizer>
      </div>
      {isAway && (
        <button
          type="button"
          className="jump-button"
          onClick={() => (state.window?.hasNewer === true ? void messages.showNewest() : follow.toEnd(true))}
          aria-label={chat.unread > 0 ? t`To the newest message, ${chat.unread} unread` : t`To the newest message`}
        >
          <Icon name="down" size={20} />
          {chat.unread > 0 && <span className="badge">{chat.unread > 99 ? "99+" : chat.unread}</span>}
        </button>
      )}
    </div>
  );
}

/** Keeps the list where the reader expects it: at a target when it is placed anew, at the end while it was there. */
function useFollowing({
  state,
  rows,
  list,
  scroller,
}: {
  readonly state: MessagesState;
  readonly rows: readonly MessageView[];
  readonly list: React.RefObject<VirtualizerHandle | null>;
  readonly scroller: React.RefObject<HTMLDivElement | null>;
}): {
  /** Where the list stands now, in pixels from its start, and whether that is close to the end. */
  readonly onLook: (offset: number, isNearEnd: boolean) => void;
  readonly toEnd: (isSmooth?: boolean) => void;
  readonly onResize: () => void;
} {
  const isAtEnd = useRef(true);
  const offsetBefore = useRef(0);
  const last = rows.at(-1)?.id;
  const toEnd = (isSmooth = false): void => {
    const mayMove = isSmooth && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    list.current?.scrollToIndex(rows.length - 1, { align: "end", smooth: mayMove });
  };
  const place = useEffectEvent(() => {
    if (rows.length === 0) return;
    const target = state.target ?? state.unreadFrom;
    const index = target === null ? -1 : rows.findIndex(({ id }) => id === target);
    isAtEnd.current = index === -1;
    if (index === -1) toEnd();
    else list.current?.scrollToIndex(index, { align: state.target === null ? "start" : "center" });
  });
  const followEnd = useEffectEvent(() => {
    if (isAtEnd.current || rows.at(-1)?.isOwn === true) toEnd();
  });
  useLayoutEffect(() => place(), [state.placement]);
  useLayoutEffect(() => {
    if (last !== undefined) followEnd();
  }, [last]);
  const keepEnd = useEffectEvent(() => {
    if (isAtEnd.current) toEnd();
  });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => keepEnd());
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  return {
    onLook: (offset, isNearEnd) => {
      // Only who moves up leaves the end: where many messages come at once, it is the end that moves away.
      if (isNearEnd) isAtEnd.current = true;
      else if (offset < offsetBefore.current) isAtEnd.current = false;
      offsetBefore.current = offset;
    },
    toEnd,
    onResize: () => {
      if (isAtEnd.current) toEnd();
    },
  };
}

function ChatBeginning({
  kind,
  state,
  isEmpty,
}: {
  readonly kind: ChatView["kind"];
  readonly state: ChatView["state"];
  readonly isEmpty: boolean;
}): ReactElement {
  return (
    <div className="chat-beginning">
      <Icon name="lock" size={20} />
      <p>
        {kind === "group" ? (
          <Trans>
            Only who is in this group can read what is written here. Who comes in later sees nothing of what was written
            before.
          </Trans>
        ) : (
          <Trans>
            Only you and this contact can read what is written here: it is sealed on one device and opened on the other.
          </Trans>
        )}
      </p>
      {state === "waiting" && (
        <p>
          <strong>
            <Trans>Your request is on its way. You can write already; it is sent when they say yes.</Trans>
          </strong>
        </p>
      )}
      {isEmpty && state === "active" && (
        <p>
          <Trans>Write the first line.</Trans>
        </p>
      )}
    </div>
  );
}

function MessagesSkeleton(): ReactElement {
  return (
    <div className="skeleton-messages" aria-busy="true">
      {[0, 1, 2, 3].map((row) => (
        <span
          key={row}
          className={row % 2 === 0 ? "skeleton skeleton-bubble" : "skeleton skeleton-bubble skeleton-own"}
        />
      ))}
    </div>
  );
}
