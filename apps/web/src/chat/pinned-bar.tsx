import { Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import { useEffect, useState, type ReactElement } from "react";
import { useApi } from "../app/context.tsx";
import { Hidden, IconButton } from "../ui/basics.tsx";
import { Icon } from "../ui/icon.tsx";
import { textOf } from "./writing.ts";
import { canSay } from "../chats/kinds.ts";

const NONE: readonly MessageView[] = [];

/** Pinned messages at the top of a chat: one at a time, each press leads to it and shows the next. */
export function PinnedBar({
  chat,
  onJump,
}: {
  readonly chat: ChatView;
  readonly onJump: (id: string) => void;
}): ReactElement | null {
  const { t } = useLingui();
  const api = useApi();
  const pinned = usePinned(chat.id);
  const [index, setIndex] = useState(0);
  const shown = pinned[index % Math.max(1, pinned.length)];
  if (shown === undefined) return null;
  return (
    <div className="pinned-bar" role="group" aria-label={t`Pinned messages`}>
      <button
        type="button"
        className="pinned-message"
        onClick={() => {
          onJump(shown.id);
          setIndex((index + 1) % pinned.length);
        }}
      >
        <Icon name="pin" size={18} />
        <Hidden>
          <Trans>Pinned:</Trans>{" "}
        </Hidden>
        <span className="pinned-text" dir="auto">
          {textOf(shown)}
        </span>
        {pinned.length > 1 && (
          <span className="pinned-count">
            {(index % pinned.length) + 1}/{pinned.length}
          </span>
        )}
      </button>
      {canSay(chat) && (
        <IconButton
          icon="close"
          label={t`Take the pin away`}
          onClick={() => void api.call("setPinned", { chat: chat.id, id: shown.id, isPinned: false }).catch(() => {})}
        />
      )}
    </div>
  );
}

/** Read again whenever something in the chat has changed: pins, and what becomes of the messages that they name. */
function usePinned(chat: string): readonly MessageView[] {
  const api = useApi();
  const [pinned, setPinned] = useState(NONE);
  useEffect(() => {
    let isHere = true;
    const load = (): void =>
      void api.call("pinnedMessages", { chat }).then(
        ({ messages }) => isHere && setPinned(messages),
        () => {},
      );
    load();
    const end = api.watch({ view: "messages", chat }, load);
    return () => {
      isHere = false;
      end();
    };
  }, [api, chat]);
  return pinned;
}
