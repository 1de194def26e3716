import { Plural, Trans } from "@lingui/react/macro";
import type { ChatNotice, ChatView } from "@xchat/client/api";
import type { ReactElement } from "react";
import { useTimeWords } from "../i18n/format.ts";

/** What this chat has found out, the latest first, for whoever wants to know. Nothing at all where nothing is. */
export function Notices({ chat }: { readonly chat: ChatView }): ReactElement | null {
  const words = useTimeWords();
  if (chat.notices.length === 0) return null;
  return (
    <section className="panel-section">
      <h2 className="section-title">
        <Trans>What happened here</Trans>
      </h2>
      <ul className="plain-list">
        {chat.notices.toReversed().map((notice) => (
          <li key={`${notice.kind} ${notice.id}`}>
            <NoticeText notice={notice} name={chat.name} />
            <p className="hint">{words.full(notice.changedAt)}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function NoticeText({ notice, name }: { readonly notice: ChatNotice; readonly name: string }): ReactElement {
  switch (notice.kind) {
    case "gap":
      return <GapText state={notice.state} count={notice.count} />;
    case "equivocation":
      return notice.of === "me" ? (
        <Trans>This device wrote two different messages under one number. Its data was copied to another device.</Trans>
      ) : (
        <Trans>
          Their device wrote two different messages under one number. It was copied, or somebody misuses it: ask them.
        </Trans>
      );
    case "behind":
      return (
        <Trans>
          Messages of this device came that it did not know. Its data is an old copy, or was copied to another device.
        </Trans>
      );
    case "refused":
      return (
        <Trans>
          Something that contradicts what is known here was refused (<span dir="ltr">{notice.reason}</span>).
        </Trans>
      );
    case "identity":
      return <IdentityText change={notice.change} name={name} />;
    case "fork":
      return <ForkText what={notice.what} />;
  }
}

type Gap = Extract<ChatNotice, { kind: "gap" }>;

function GapText({ state, count }: Pick<Gap, "state" | "count">): ReactElement {
  const many = count ?? 1;
  switch (state) {
    case "asked":
      return (
        <Plural
          value={many}
          one="A message did not come. It is being asked for."
          other="# messages did not come. They are being asked for."
        />
      );
    case "closed":
      return (
        <Plural value={many} one="A message was missing and has come." other="# messages were missing and have come." />
      );
    case "given-up":
      return (
        <Plural
          value={many}
          one="A message is lost: nobody has it any more."
          other="# messages are lost: nobody has them any more."
        />
      );
  }
}

function IdentityText({
  change,
  name,
}: Pick<Extract<ChatNotice, { kind: "identity" }>, "change"> & { readonly name: string }): ReactElement {
  switch (change) {
    case "recovered":
      return (
        <Trans>
          <bdi>{name}</bdi> has recovered their account by their 24 words. Earlier devices of theirs are out.
        </Trans>
      );
    case "newer":
      return <Trans>The list of their devices has changed.</Trans>;
    case "rolled-back":
      return <Trans>An old list of their devices was shown. The newer one counts.</Trans>;
    case "forked":
      return (
        <Trans>
          Two lists of their devices contradict each other. One of their devices may be in other hands: ask them.
        </Trans>
      );
  }
}

function ForkText({ what }: Pick<Extract<ChatNotice, { kind: "fork" }>, "what">): ReactElement {
  switch (what) {
    case "healed":
      return (
        <Trans>
          Two changes were made at the same time. One of them counts now, and everybody sees the same again.
        </Trans>
      );
    case "node-signed-twice":
      return (
        <Trans>A home node has confirmed two different things in one place. That is proved: replace this node.</Trans>
      );
    case "member-contradicts":
      return (
        <Trans>
          A device in this chat has contradicted itself when making changes. It was copied, or somebody misuses it.
        </Trans>
      );
    case "held":
      return <Trans>Somebody who had been removed is back. Nothing is sent until they are out again.</Trans>;
    case "released":
      return (
        <Trans>Somebody who had been removed was back for a while, and is out again. Messages are sent again.</Trans>
      );
    case "outside":
      return (
        <Trans>
          This device has fallen out of this chat. It asks the others to let it in again; until then it sends nothing
          here.
        </Trans>
      );
    case "back":
      return <Trans>This device had fallen out of this chat, and is back. What had not arrived is sent again.</Trans>;
  }
}
