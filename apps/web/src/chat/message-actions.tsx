/** What can be done with the messages of an open chat, from wherever it is asked for: the menu, its dialogs, the keyboard. */
import { useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import {
  useCallback,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactElement,
} from "react";
import { useApi, codeOf } from "../app/context.tsx";
import { ERROR_WORDS } from "../app/errors.ts";
import { useCopy } from "../ui/copy-button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { toast } from "../ui/toasts.tsx";
import { hiding } from "./hiding.ts";
import { MessageMenu, type MenuPlace, type MessageAction } from "./message-menu.tsx";
import { textOf, type Writing } from "./writing.ts";
import { canSay } from "../chats/kinds.ts";
import { part } from "../ui/part.tsx";

const DeleteMessage = part(() => import("./delete-message.tsx"));
const EmojiPicker = part(() => import("./emoji-picker.tsx"));
const ForwardDialog = part(() => import("./forward-dialog.tsx"));
const MessageDetails = part(() => import("./message-details.tsx"));

type Open = { readonly what: "delete" | "emoji" | "forward" | "details"; readonly id: string };

/** The same for as long as nothing about them changes: every row that is drawn has them, and would be drawn anew. */
export interface MessageActions {
  readonly mayWrite: boolean;
  readonly openMenu: (place: MenuPlace) => void;
  readonly openDetails: (id: string) => void;
  readonly reply: (id: string) => void;
  readonly react: (id: string, reaction: string, isOn: boolean) => void;
  readonly jump: (id: string) => void;
}

export function useMessageActions({
  chat,
  rows,
  onWrite,
  onJump,
}: {
  readonly chat: ChatView;
  readonly rows: readonly MessageView[];
  readonly onWrite: (writing: Writing) => void;
  readonly onJump: (id: string) => void;
}): { readonly actions: MessageActions; readonly surface: ReactElement } {
  const { t } = useLingui();
  const api = useApi();
  const copy = useCopy();
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  const [open, setOpen] = useState<Open | null>(null);
  const mayWrite = canSay(chat);
  const find = (id: string | undefined): MessageView | undefined => rows.find((row) => row.id === id);

  const attempt = useCallback(
    (work: Promise<unknown>): void =>
      void work.catch((error: unknown) => toast({ text: t(ERROR_WORDS[codeOf(error)].title) })),
    [t],
  );
  const react = useCallback(
    (id: string, reaction: string, isOn: boolean): void =>
      attempt(api.call("setReaction", { chat: chat.id, id, reaction, isOn })),
    [api, attempt, chat.id],
  );
  const openDetails = useCallback((id: string) => setOpen({ what: "details", id }), []);
  const backTo = (id: string): void =>
    void requestAnimationFrame(() =>
      document.querySelector<HTMLElement>(`[data-message="${CSS.escape(id)}"]`)?.focus({ preventScroll: true }),
    );
  const rowsNow = useRef(rows);
  useLayoutEffect(() => {
    rowsNow.current = rows;
  }, [rows]);
  const reply = useCallback(
    (id: string): void => {
      const to = rowsNow.current.find((row) => row.id === id);
      if (to !== undefined && mayWrite) onWrite({ kind: "reply", to });
    },
    [mayWrite, onWrite],
  );
  const actions = useMemo(
    (): MessageActions => ({ mayWrite, openMenu: setMenu, openDetails, reply, react, jump: onJump }),
    [mayWrite, openDetails, reply, react, onJump],
  );

  const act = (message: MessageView, action: MessageAction): void => {
    const { id } = message;
    const input = { chat: chat.id, id };
    switch (action) {
      case "reply":
        return reply(id);
      case "edit":
        return onWrite({ kind: "edit", message });
      case "copy":
        return void copy(textOf(message));
      case "pin":
        return attempt(api.call("setPinned", { ...input, isPinned: !message.isPinned }));
      case "star":
        return attempt(api.call("setStarred", { ...input, isStarred: !message.isStarred }));
      case "more-reactions":
        return setOpen({ what: "emoji", id });
      default:
        return setOpen({ what: action, id });
    }
  };

  const menuMessage = find(menu?.id);
  const openMessage = find(open?.id);
  const close = (): void => {
    setOpen(null);
    if (open !== null) backTo(open.id);
  };
  const surface = (
    <>
      {menu !== null && menuMessage !== undefined && (
        <MessageMenu
          message={menuMessage}
          place={menu}
          mayWrite={mayWrite}
          onAction={(action) => act(menuMessage, action)}
          onReact={(reaction, isOn) => react(menuMessage.id, reaction, isOn)}
          onClose={() => {
            setMenu(null);
            backTo(menu.id);
          }}
        />
      )}
      {open !== null && openMessage !== undefined && (
        <>
          {open.what === "details" && <MessageDetails message={openMessage} name={chat.name} onClose={close} />}
          {open.what === "delete" && <DeleteMessage chat={chat} message={openMessage} onClose={close} />}
          {open.what === "forward" && <ForwardDialog chat={chat.id} message={openMessage} onClose={close} />}
          {open.what === "emoji" && (
            <Dialog title={t`React`} onClose={close}>
              <EmojiPicker
                onPick={(emoji) => {
                  close();
                  react(openMessage.id, emoji, true);
                }}
                onClose={close}
              />
            </Dialog>
          )}
        </>
      )}
    </>
  );
  return { actions, surface };
}

/** Without those that were deleted a moment ago and can still be had back. */
export function useUnhidden(rows: readonly MessageView[]): readonly MessageView[] {
  const hidden = useSyncExternalStore(hiding.subscribe, hiding.ids);
  return useMemo(() => (hidden.size === 0 ? rows : rows.filter(({ id }) => !hidden.has(id))), [rows, hidden]);
}
