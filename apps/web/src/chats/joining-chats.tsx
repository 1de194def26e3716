import { Trans, useLingui } from "@lingui/react/macro";
import type { JoiningView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useView } from "../app/context.tsx";
import { lazyScreen } from "../i18n/locales.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Name } from "../ui/basics.tsx";

const JoiningDialog = lazyScreen(() => import("../people/joining-dialog.tsx"));

/** Groups that this person has asked to come into by a link. Nothing at all where there are none. */
export function JoiningChats(): ReactElement | null {
  const [opened, setOpened] = useState<string | null>(null);
  const joining = useView("joining") ?? [];
  const one = joining.find(({ group }) => group === opened);
  if (joining.length === 0) return null;
  return (
    <section aria-labelledby="joining-title">
      <h2 className="section-title list-title" id="joining-title">
        <Trans>Waiting to be let in</Trans>
      </h2>
      <ul className="chat-list">
        {joining.map((row) => (
          <li key={row.group}>
            <Row joining={row} onOpen={() => setOpened(row.group)} />
          </li>
        ))}
      </ul>
      {one !== undefined && <JoiningDialog joining={one} onClose={() => setOpened(null)} />}
    </section>
  );
}

function Row({ joining, onOpen }: { readonly joining: JoiningView; readonly onOpen: () => void }): ReactElement {
  const { t } = useLingui();
  const name = joining.name === "" ? t`A group without a name` : joining.name;
  return (
    <button type="button" className="chat-row" onClick={onOpen}>
      <Avatar name={name} accountId={joining.group} isGroup />
      <span className="chat-row-top">
        <span className="chat-row-name">
          <Name>{name}</Name>
        </span>
      </span>
      <span className="chat-row-bottom">
        <span className="chat-row-last chat-row-quiet">
          {joining.state === "over"
            ? t`Nobody has answered`
            : joining.state === "sending"
              ? t`Your request is on its way`
              : joining.needsApproval
                ? t`An admin has to agree`
                : t`Until somebody there is online`}
        </span>
      </span>
    </button>
  );
}
