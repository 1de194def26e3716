import { Trans, useLingui } from "@lingui/react/macro";
import type { ChatView } from "@xchat/client/api";
import { useId, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { ErrorNote } from "../ui/basics.tsx";
import { Icon } from "../ui/icon.tsx";
import { isBlocked } from "../chats/kinds.ts";

/** After how long new messages of a chat disappear, and what that does not promise. */
export function Disappearing({ chat }: { readonly chat: ChatView }): ReactElement {
  const { t } = useLingui();
  const id = useId();
  const change = useIntent("setDisappearing");
  const choices: readonly (readonly [number | null, string])[] = [
    [null, t`Off: messages stay`],
    [30, t`30 seconds`],
    [300, t`5 minutes`],
    [3_600, t`1 hour`],
    [28_800, t`8 hours`],
    [86_400, t`1 day`],
    [604_800, t`1 week`],
    [2_419_200, t`4 weeks`],
  ];
  const { disappearAfter } = chat;
  const isKnown = choices.some(([seconds]) => seconds === disappearAfter);
  const shown = isKnown ? choices : [...choices, [disappearAfter, t`${disappearAfter ?? 0} seconds`] as const];
  return (
    <section className="panel-section">
      <label className="section-title with-icon" htmlFor={id}>
        <Icon name="clock" size={18} />
        <Trans>Disappearing messages</Trans>
      </label>
      <select
        id={id}
        className="select"
        value={String(disappearAfter)}
        disabled={chat.state !== "active" || isBlocked(chat)}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          const { value } = event.target;
          void change.run({ chat: chat.id, seconds: value === "null" ? null : Number(value) });
        }}
      >
        {shown.map(([seconds, label]) => (
          <option key={label} value={String(seconds)}>
            {label}
          </option>
        ))}
      </select>
      <p className="hint" id={`${id}-hint`}>
        <Trans>
          New messages go this long after they have been read, on both sides; your own, after you sent them. Either of
          you can change it. It keeps chats tidy and is no protection from the other person: they can copy or photograph
          what they read, and an altered app need not obey.
        </Trans>
      </p>
      <ErrorNote code={change.error} />
    </section>
  );
}
