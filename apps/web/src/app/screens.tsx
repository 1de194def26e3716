/** The screens, each in files of its own. */
import { lazyScreen } from "../i18n/locales.ts";
import { part } from "../ui/part.tsx";

const PANE = <div className="pane" aria-busy="true" />;

/** Whoever has been here opens one next. */
export const Chat = part(() => import("../chat/chat.tsx"), PANE);
export const Search = part(() => import("../chats/search.tsx"), PANE);
export const People = lazyScreen(() => import("../people/people.tsx"), PANE);
export const NewGroup = lazyScreen(() => import("../group/new-group.tsx"), PANE);
export const OpenInvitation = lazyScreen(() => import("../people/open-invitation.tsx"));
export const Requests = lazyScreen(() => import("../people/requests.tsx"), PANE);
export const Network = lazyScreen(() => import("../network/network.tsx"), PANE);
export const Settings = lazyScreen(() => import("../settings/settings.tsx"), PANE);

/** So that none of them makes anybody wait. */
export function preloadScreens(): void {
  for (const screen of [Search, People, NewGroup, OpenInvitation, Requests, Network, Settings]) screen.preload();
}
