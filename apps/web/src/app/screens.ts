/** The screens, each in files of its own. */
import { lazyScreen } from "../i18n/locales.ts";
import { part } from "../ui/part.tsx";

/** Whoever has been here opens one next. */
export const Chat = part(() => import("../chat/chat.tsx"));
export const Search = part(() => import("../chats/search.tsx"));
export const People = lazyScreen(() => import("../people/people.tsx"));
export const NewGroup = lazyScreen(() => import("../group/new-group.tsx"));
export const OpenInvitation = lazyScreen(() => import("../people/open-invitation.tsx"));
export const Requests = lazyScreen(() => import("../people/requests.tsx"));
export const Network = lazyScreen(() => import("../network/network.tsx"));
export const Settings = lazyScreen(() => import("../settings/settings.tsx"));

/** So that none of them makes anybody wait. */
export function preloadScreens(): void {
  for (const screen of [Search, People, NewGroup, OpenInvitation, Requests, Network, Settings]) screen.preload();
}
