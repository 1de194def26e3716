import { Trans, useLingui } from "@lingui/react/macro";
import type { RecoveredChatView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useView } from "../app/context.tsx";
import { lazyScreen } from "../i18n/locales.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Hidden, Name } from "../ui/basics.tsx";
import { VerifiedSeal } from "../ui/icon.tsx";

const RecoveredChatDialog = lazyScreen(() => import("../people/recovered-chat-dialog.tsx"));

/** Chats that the account backup has named, and that are not back yet. Nothing at all where there are none. */
export function RecoveredChats(): ReactElement | null {
  const [opened, setOpened] = useState<string | null>(null);
  const chats = useView("recovery")?.chats ?? [];
  const chat = chats.find(({ id }) => id === opened);
  if (chats.length === 0) return null;
  return (
    <section aria-labelledby="recovered-title">
      <h2 className="section-title list-title" id="recovered-title">
        <Trans>Not back yet</Trans>
      </h2>
      <ul className="chat-list">
        {chats.map((one) => (
          <li key={one.id}>
            <Row chat={one} onOpen={() => setOpened(one.id)} />
          </li>
        ))}
      </ul>
      {chat !== undefined && <RecoveredChatDialog chat={chat} onClose={() => setOpened(null)} />}
    </section>
  );
}

function Row({ chat, onOpen }: { readonly chat: RecoveredChatView; readonly onOpen: () => void }): ReactElement {
  const { t } = useLingui();
  return (
    <button type="button" className="chat-row" onClick={onOpen}>
      <Avatar name={chat.name} accountId={chat.accountId ?? chat.id} />
      <span className="chat-row-top">
        <span className="chat-row-name">
          <Name>{chat.name}</Name>
          {chat.isVerified && (
            <>
              <VerifiedSeal />
              <Hidden>{t`, verified`}</Hidden>
            </>
          )}
        </span>
      </span>
      <span className="chat-row-bottom">
        <span className="chat-row-last chat-row-quiet">
          {chat.state === "asked" ? t`Being asked to let you in again` : t`Has to be begun again`}
        </span>
      </span>
    </button>
  );
}
