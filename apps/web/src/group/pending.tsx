import { Trans, useLingui } from "@lingui/react/macro";
import type { GroupChatView, GroupView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { ErrorNote, IconButton } from "../ui/basics.tsx";
import { useWishWords } from "./wish-words.ts";

/** Changes that wait for a node, or for their turn. They are saved, and can be taken back until they are done. */
export function Pending({
  chat,
  group,
}: {
  readonly chat: GroupChatView;
  readonly group: GroupView;
}): ReactElement | null {
  const { t } = useLingui();
  const wish = useWishWords();
  const cancel = useIntent("cancelPending");
  if (group.pending.length === 0) return null;
  return (
    <section className="panel-section">
      <h2 className="section-title with-icon">
        {chat.way !== "none" && <span className="spinner" aria-hidden="true" />}
        <Trans>Being done</Trans>
      </h2>
      <p className="hint">
        {chat.way === "none" ? (
          <Trans>Saved on this device. It is done as soon as a node of the group can be reached.</Trans>
        ) : (
          <Trans>Saved on this device, and on its way. Everybody sees it when it is done.</Trans>
        )}
      </p>
      <ul className="wish-list">
        {group.pending.map(({ id, action }) => (
          <li key={id} className="wish">
            <span>{wish(action)}</span>
            <IconButton
              icon="close"
              size={18}
              label={t`Take back: ${wish(action)}`}
              aria-disabled={cancel.isBusy || undefined}
              onClick={() => void cancel.run({ chat: chat.id, id })}
            />
          </li>
        ))}
      </ul>
      <ErrorNote code={cancel.error} />
    </section>
  );
}
