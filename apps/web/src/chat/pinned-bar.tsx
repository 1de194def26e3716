import { Trans, useLingui } from "@lingui/react/macro";
import type { ChatView, MessageView } from "@xchat/client/api";
import { useEffect, useEffectEvent, useState, type ReactElement } from "react";
import { useApi, useServices } from "../app/context.tsx";
import { reuse } from "../app/reuse.ts";
import { Hidden, IconButton } from "../ui/basics.tsx";
import { Icon } from "../ui/icon.tsx";
import type { ChatMessages } from "./messages.ts";
import type { MessageChanges } from "./window.ts";
import { textOf } from "./writing.ts";
import { canSay } from "../chats/kinds.ts";

const NONE: readonly MessageView[] = [];

/** Pinned messages at the top of a chat: one at a time, each press leads to it and shows the next. */
export function PinnedBar({
  chat,
  messages,
  onJump,
}: {
  readonly chat: ChatView;
  readonly messages: ChatMessages;
  readonly onJump: (id: string) => void;
}): ReactElement | null {
  const { t } = useLingui();
  const api = useApi();
  const pinned = usePinned(chat.id, messages);
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

/** Read again when a pin was set or taken away, or something becomes of a message that one names. */
function usePinned(chat: string, messages: ChatMessages): readonly MessageView[] {
  const { client } = useServices();
  const [pinned, setPinned] = useState(NONE);
  const load = useEffectEvent(
    (): void =>
      void client.api.call("pinnedMessages", { chat }).then(
        (found) => setPinned((before) => reuse(before, found.messages)),
        () => {},
      ),
  );
  const look = useEffectEvent(({ changed, removed }: MessageChanges): void => {
    const ids = new Set(pinned.map(({ id }) => id));
    const isAbout = changed.some(({ id, content, isPinned }) => content.kind === "pin" || isPinned || ids.has(id));
    if (isAbout || removed.some((id) => ids.has(id))) load();
  });
  useEffect(() => {
    load();
    const ends = [messages.onChanges((changes) => look(changes)), client.onResume(() => load())];
    return () => ends.forEach((end) => end());
  }, [client, chat, messages]);
  return pinned;
}
