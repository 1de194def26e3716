import { Trans } from "@lingui/react/macro";
import type { GroupChatView, GroupHolder, GroupPermissionName, GroupView } from "@xchat/client/api";
import { useId, type ReactElement } from "react";
import { useIntent } from "../app/context.tsx";
import { useHolderWords, usePermissionWords } from "../chat/record-words.ts";
import { ErrorNote } from "../ui/basics.tsx";

const NAMES: readonly GroupPermissionName[] = ["write", "add", "info", "pin"];
const HOLDERS: readonly GroupHolder[] = ["everyone", "admins", "owner"];

/** Who may do what: to be changed by those who may, to be read by all. */
export function Permissions({
  chat,
  group,
}: {
  readonly chat: GroupChatView;
  readonly group: GroupView;
}): ReactElement {
  const words = usePermissionWords();
  const holders = useHolderWords();
  const change = useIntent("setPermission");
  const id = useId();
  return (
    <section className="panel-section">
      <h2 className="section-title">
        <Trans>Who may do what</Trans>
      </h2>
      {group.may.administrate ? (
        <div className="permissions">
          {NAMES.map((name) => (
            <div key={name} className="permission">
              <label htmlFor={`${id}-${name}`}>{words[name]}</label>
              <select
                id={`${id}-${name}`}
                className="select"
                value={group.permissions[name]}
                onChange={(event) =>
                  void change.run({ chat: chat.id, name, holder: event.target.value as GroupHolder })
                }
              >
                {HOLDERS.map((holder) => (
                  <option key={holder} value={holder}>
                    {holders[holder]}
                  </option>
                ))}
              </select>
            </div>
          ))}
        </div>
      ) : (
        <dl className="permission-facts">
          {NAMES.map((name) => (
            <div key={name}>
              <dt>{words[name]}</dt>
              <dd>{holders[group.permissions[name]]}</dd>
            </div>
          ))}
        </dl>
      )}
      <ErrorNote code={change.error} />
    </section>
  );
}
