import { Trans, useLingui } from "@lingui/react/macro";
import { MAX_FORWARD, type ChatView, type MessageView } from "@xchat/client/api";
import { useState, type ReactElement } from "react";
import { useIntent, useView } from "../app/context.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Button, ErrorNote, Name } from "../ui/basics.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { toast } from "../ui/toasts.tsx";
import { textOf } from "./writing.ts";
import { canSay, toneSeed } from "../chats/kinds.ts";

const NO_CHATS: readonly ChatView[] = [];
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export default function ForwardDialog({
  chat,
  message,
  onClose,
}: {
  readonly chat: string;
  readonly message: MessageView;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useLingui();
  const forward = useIntent("forwardMessages");
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const chats = (useView("chats") ?? NO_CHATS).filter(
    (one) =>
      canSay(one) && fold(`${one.name} ${one.kind === "pair" ? one.theirName : ""}`).includes(fold(wanted.trim())),
  );
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id) && next.size < MAX_FORWARD.chats) next.add(id);
    setChosen(next);
  };
  const send = async (): Promise<void> => {
    if (chosen.size === 0) return;
    if (!(await forward.run({ chat, ids: [message.id], to: [...chosen] })).ok) return;
    onClose();
    toast({ text: t`Forwarded.` });
  };
  return (
    <Dialog title={t`Forward to`} onClose={onClose}>
      <p className="quote quote-alone" dir="auto">
        {textOf(message)}
      </p>
      <p className="hint">
        <Trans>Only the words go on, marked as forwarded: not who wrote them, nor where.</Trans>
      </p>
      <input
        type="search"
        className="search-field"
        dir="auto"
        value={wanted}
        placeholder={t`Search chats`}
        aria-label={t`Search chats`}
        onChange={(event) => setWanted(event.target.value)}
      />
      <ul className="hit-list forward-list">
        {chats
          .map((one) => ({ id: one.id, name: one.name, seed: toneSeed(one), isGroup: one.kind === "group" }))
          .map(({ id, name, seed, isGroup }) => (
            <li key={id}>
              <label className="hit forward-choice">
                <input type="checkbox" checked={chosen.has(id)} onChange={() => toggle(id)} />
                <Avatar name={name} accountId={seed} isGroup={isGroup} size="small" />
                <span className="hit-name">
                  <Name>{name}</Name>
                </span>
              </label>
            </li>
          ))}
      </ul>
      <ErrorNote code={forward.error} />
      <div className="actions">
        <Button onClick={onClose}>{t`Cancel`}</Button>
        <Button kind="primary" aria-disabled={chosen.size === 0} isBusy={forward.isBusy} onClick={() => void send()}>
          {t`Forward`}
        </Button>
      </div>
    </Dialog>
  );
}
