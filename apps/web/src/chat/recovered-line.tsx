import { Trans } from "@lingui/react/macro";
import type { PairChatView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useView } from "../app/context.tsx";
import { go } from "../app/places.ts";
import { Button } from "../ui/basics.tsx";

const DAY = 86_400_000;
/** Said above the composer for so long; in the panel it stays. */
const SHOWN_DAYS = 7;

/** The other person has come back by their words: said where it cannot be overlooked, and for a while. */
export function RecoveredLine({ chat }: { readonly chat: PairChatView }): ReactElement | null {
  const notice = chat.notices.find((one) => one.kind === "identity" && one.change === "recovered");
  if (notice === undefined || chat.state === "ended" || Date.now() - notice.at > SHOWN_DAYS * DAY) return null;
  return (
    <p className="gap-notice" role="status">
      <span>
        <Trans>
          <bdi>{chat.name}</bdi> has recovered their account by their 24 words. Earlier devices of theirs are out.
        </Trans>
      </span>
    </p>
  );
}

/** The foot of a chat that cannot be written to any more. */
export function EndedFoot({ chat }: { readonly chat: PairChatView }): ReactElement {
  const next = useView("chats")?.find(
    (one) => one.kind === "pair" && one.id !== chat.id && one.accountId === chat.accountId && one.state !== "ended",
  );
  const isRecovered = chat.notices.some((one) => one.kind === "identity" && one.change === "recovered");
  return (
    <div className="foot-note">
      <p>
        {isRecovered ? (
          <Trans>
            This chat has ended: <bdi>{chat.name}</bdi> has recovered their account on another device. What was written
            stays here to read.
          </Trans>
        ) : (
          <Trans>This chat has ended. What was written stays here to read.</Trans>
        )}
      </p>
      {next !== undefined && (
        <Button kind="primary" onClick={() => go({ at: "chat", chat: next.id })}>
          <Trans>Go on in the new chat</Trans>
        </Button>
      )}
    </div>
  );
}
