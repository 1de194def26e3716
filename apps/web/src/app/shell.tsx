import { Trans, useLingui } from "@lingui/react/macro";
import type { ProfileView } from "@xchat/client/api";
import { useEffect, useState, useSyncExternalStore, type ReactElement } from "react";
import { ChatList } from "../chats/chat-list.tsx";
import { toldUnread, toldUnreadOfAll } from "../chats/unread.ts";
import { pendingInvitation } from "../platform/invitation-link.ts";
import { newVersion } from "../platform/service-worker.ts";
import { announce } from "../ui/announcer.tsx";
import { EmptyState } from "../ui/basics.tsx";
import { Icon, Mark, type IconName } from "../ui/icon.tsx";
import { ConnectionBanner } from "./connection.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { useView } from "./context.tsx";
import { useKeptFocus } from "./kept-focus.ts";
import { go, usePlace, type Place } from "./places.ts";
import { Chat, NewGroup, Network, OpenInvitation, People, Requests, Search, Settings } from "./screens.tsx";
import { useShortcuts } from "./shortcuts.ts";
import { useOpenRequests } from "../people/use-open-requests.ts";
import { part } from "../ui/part.tsx";

const ShortcutsDialog = part(() => import("./shortcuts-dialog.tsx"));
const NewVersion = part(() => import("./new-version.tsx"));

type Ready = Extract<ProfileView, { state: "ready" }>;

export function Shell({
  profile,
  invitation,
}: {
  readonly profile: Ready;
  readonly invitation: string | null;
}): ReactElement {
  const { t } = useLingui();
  const place = usePlace();
  const [areShortcutsShown, setShortcutsShown] = useState(false);
  useShortcuts(() => setShortcutsShown(true));
  // Its file is not asked for before: where it cannot be fetched, the app stands all the same.
  const isNewVersionThere = useSyncExternalStore(newVersion.subscribe, newVersion.isWaiting);
  useKeptFocus();
  useUnreadTitle(openChat(place));
  return (
    <div className="shell" data-at={place.at}>
      <a className="skip" href="#content" onClick={focusMain}>
        <Trans>Skip to the content</Trans>
      </a>
      <Rail place={place} />
      <div className="banner-place">
        <ConnectionBanner />
        {isNewVersionThere && <NewVersion />}
      </div>
      <main className="columns">
        <section className="list-column" id="list" tabIndex={-1} aria-label={t`Chats`}>
          <ChatList profile={profile} place={place} />
        </section>
        <div className="main-column" id="content" tabIndex={-1}>
          <ErrorBoundary key={place.at}>
            <Content place={place} profile={profile} />
          </ErrorBoundary>
        </div>
      </main>
      {invitation !== null && <OpenInvitation text={invitation} onClose={() => pendingInvitation.set(null)} />}
      {areShortcutsShown && <ShortcutsDialog onClose={() => setShortcutsShown(false)} />}
    </div>
  );
}

// The address's fragment is for invitations alone, so the skip link moves the focus itself.
function focusMain(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Content({ place, profile }: { readonly place: Place; readonly profile: Ready }): ReactElement {
  switch (place.at) {
    case "chat":
      return <Chat key={place.chat} place={place} />;
    case "search":
      return <Search />;
    case "requests":
      return <Requests />;
    case "people":
      return <People />;
    case "new-group":
      return <NewGroup />;
    case "network":
      return <Network />;
    case "settings":
      return <Settings profile={profile} section={place.section ?? null} />;
    default:
      return <NothingOpen />;
  }
}

function NothingOpen(): ReactElement {
  const chats = useView("chats");
  return (
    <div className="pane pane-empty">
      {chats !== undefined && chats.length > 0 && (
        <EmptyState icon="chat" title={<Trans>Choose a chat</Trans>}>
          <p>
            <Trans>
              Press <kbd>?</kbd> to see what the keyboard can do.
            </Trans>
          </p>
        </EmptyState>
      )}
    </div>
  );
}

const openChat = (place: Place): string | null => (place.at === "chat" ? place.chat : null);

function Rail({ place }: { readonly place: Place }): ReactElement {
  const { t } = useLingui();
  const chats = useView("chats");
  const requests = useOpenRequests();
  const network = useView("network");
  const unread = toldUnreadOfAll(chats ?? [], openChat(place));
  const isDown =
    network !== undefined &&
    network.nodes.length > 0 &&
    network.nodes.every((node) => node.state !== "ready" && node.state !== "connecting");
  return (
    <nav className="rail" aria-label={t`Main`}>
      <span className="rail-mark">
        <Mark size={36} />
      </span>
      <RailItem
        icon="chat"
        label={t`Chats`}
        badge={unread + (requests?.length ?? 0)}
        isCurrent={["chats", "chat", "requests", "search", "new-group"].includes(place.at)}
        to={{ at: "chats" }}
      />
      <RailItem icon="invite" label={t`Invite`} isCurrent={place.at === "people"} to={{ at: "people" }} />
      <RailItem
        icon="network"
        label={t`Network`}
        isAlarming={isDown}
        isCurrent={place.at === "network"}
        to={{ at: "network" }}
      />
      <RailItem icon="settings" label={t`Settings`} isCurrent={place.at === "settings"} to={{ at: "settings" }} />
    </nav>
  );
}

function RailItem({
  icon,
  label,
  to,
  isCurrent,
  badge = 0,
  isAlarming = false,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly to: Place;
  readonly isCurrent: boolean;
  readonly badge?: number;
  readonly isAlarming?: boolean;
}): ReactElement {
  const { t } = useLingui();
  return (
    <button type="button" className="rail-item" aria-current={isCurrent ? "page" : undefined} onClick={() => go(to)}>
      <span className="rail-icon">
        <Icon name={icon} />
        {badge > 0 && (
          <span className="badge" aria-label={t`${badge} new`} role="img">
            {badge > 99 ? "99+" : badge}
          </span>
        )}
        {isAlarming && <span className="alarm-dot" role="img" aria-label={t`Not connected`} />}
      </span>
      <span className="rail-label">{label}</span>
    </button>
  );
}

/** The tab's title tells how many are unread and nothing about whom they are from. New ones are told to screen readers. */
function useUnreadTitle(open: string | null): void {
  const { t } = useLingui();
  const chats = useView("chats");
  const unread = toldUnreadOfAll(chats ?? [], open);
  const [told, setTold] = useState(unread);
  useEffect(() => {
    const title = unread > 0 ? `(${unread}) X Chat` : "X Chat";
    // To set it costs a message to the browser, the same words too.
    if (document.title !== title) document.title = title;
    if (unread > told) {
      const newest = chats?.find((chat) => toldUnread(chat, chat.id === open) > 0);
      if (newest !== undefined) announce(t`New message from ${newest.name}`);
    }
    if (unread !== told) setTold(unread);
  }, [unread, told, chats, open, t]);
}
