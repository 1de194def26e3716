import type { ChatView, ClientApi } from "@xchat/client/api";
import { useEffect, useState, type ReactElement } from "react";
import { useApi } from "../app/context.tsx";
import { Avatar, type AvatarSize } from "../ui/avatar.tsx";
import { toneSeed } from "./kinds.ts";

/** More groups than a person looks at between two visits. */
const MAX_KEPT = 256;
/** As addresses of data, by id. */
const kept = new Map<string, string>();

/** What stands for a chat: the picture of a group that has one, else a letter. */
export function ChatAvatar({ chat, size }: { readonly chat: ChatView; readonly size?: AvatarSize }): ReactElement {
  const picture = useGroupPicture(chat.id, chat.kind === "group" ? chat.picture : null);
  return (
    <Avatar name={chat.name} accountId={toneSeed(chat)} size={size} isGroup={chat.kind === "group"} picture={picture} />
  );
}

/** Null until it is here, and where it cannot be had. */
export function useGroupPicture(chat: string, id: string | null): string | null {
  const api = useApi();
  const [, setCame] = useState<string | null>(null);
  useEffect(() => {
    if (id === null || kept.has(id)) return;
    let isWanted = true;
    void fetchPicture(api, chat).then(() => isWanted && setCame(id));
    return () => {
      isWanted = false;
    };
  }, [api, chat, id]);
  return id === null ? null : (kept.get(id) ?? null);
}

async function fetchPicture(api: ClientApi, chat: string): Promise<void> {
  const found = await api.call("groupPicture", { chat }).catch(() => null);
  if (found === null) return;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(found.id, addressOf(found.jpeg));
}

/** Of a JPEG in base64url. */
const addressOf = (jpeg: string): string => `data:image/jpeg;base64,${jpeg.replaceAll("-", "+").replaceAll("_", "/")}`;
