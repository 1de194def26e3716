import { useLingui } from "@lingui/react/macro";
import type { ReactElement } from "react";
import { Dialog } from "../ui/dialog.tsx";
import { isApple } from "./shortcuts.ts";

export default function ShortcutsDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useLingui();
  const command = isApple ? "⌘" : t({ message: "Ctrl", comment: "The control key as printed on keyboards" });
  const alt = isApple ? "⌥" : "Alt";
  const rows: readonly (readonly [readonly string[], string])[] = [
    [[command, "K"], t`Search all chats`],
    [[command, "F"], t`Search in this chat (again: search of the browser)`],
    [[alt, "↑"], t`Previous chat`],
    [[alt, "↓"], t`Next chat`],
    [[alt, "I"], t`About this contact or group`],
    [[alt, "G"], t`New group`],
    [[alt, "N"], t`Invitations`],
    [["Enter"], t`Send`],
    [["Shift", "Enter"], t`New line`],
    [["↑"], t`From the empty field: edit your last message`],
    [["Shift", "↑"], t`From the empty field: to the messages`],
    [["↑", "↓"], t`Among the messages: one up or down`],
    [["Enter"], t`On a message: what can be done with it`],
    [["R"], t`On a message: reply`],
    [["Esc"], t`Close, or back`],
    [["?"], t`This list`],
  ];
  return (
    <Dialog title={t`Keyboard`} onClose={onClose}>
      <dl className="shortcuts">
        {rows.map(([keys, meaning]) => (
          <div key={`${keys.join()} ${meaning}`}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
